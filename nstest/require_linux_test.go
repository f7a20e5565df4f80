// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestRequireOfWhatIsThere(t *testing.T) {
	nstest.Require(t, set.NS_NET|set.NS_UTS, "veth")
}

// powerless makes the command that runs one test of the suite without any
// privilege, and without a rootless run.
func powerless(t *testing.T, test, strict string) *exec.Cmd {
	cmd := rootless(t, test, "-test.v")
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=off", "NSTEST_STRICT="+strict)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// A user other than root has no capabilities in a user namespace.
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getegid(), Size: 1}},
	}
	return cmd
}

func TestWhatIsMissingSkipsWithCauseAndRemedy(t *testing.T) {
	for _, test := range []string{"TestPass", "TestRequire", "TestFail"} {
		g := NewWithT(t)
		out, code := run(t, powerless(t, test, ""))
		g.Expect(code).To(BeZero(), out)
		g.Expect(out).To(ContainSubstring("--- SKIP: " + test))
		g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: nstest: .*operation not permitted.*CAP_SYS_ADMIN`))
		g.Expect(out).To(MatchRegexp(`nstest: skipped for want of something .*: 1: .*operation not permitted`))
	}
}

func TestWhatIsMissingFailsWhereSkipsAreFailures(t *testing.T) {
	for _, test := range []string{"TestPass", "TestRequire"} {
		g := NewWithT(t)
		out, code := run(t, powerless(t, test, "1"))
		g.Expect(code).To(Equal(1), out)
		g.Expect(out).To(ContainSubstring("--- FAIL: " + test))
	}
}

// A limit of none is no more a test's fault than a missing privilege is.
func TestALimitOfNoneSkipsWithCauseAndRemedy(t *testing.T) {
	owner, err := set.Unshare(set.NS_USER, set.WithRootMapped())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { NewWithT(t).Expect(owner.Close()).To(Succeed()) }()
	for _, test := range []string{"TestPass", "TestRequire"} {
		g := NewWithT(t)
		suite := rootless(t, test, "-test.v")
		cmd := owner.Command(t.Context(), "sh", append([]string{"-c", `echo 0 >/proc/sys/user/max_net_namespaces && exec "$0" "$@"`}, suite.Args...)...)
		cmd.Env, cmd.Dir = append(suite.Env, "NSTEST_ROOTLESS=off", "NSTEST_STRICT="), suite.Dir
		out, err := cmd.CombinedOutput()
		g.Expect(err).NotTo(HaveOccurred(), "%s", out)
		g.Expect(string(out)).To(ContainSubstring("--- SKIP: " + test))
		g.Expect(string(out)).To(ContainSubstring("user.max_net_namespaces is 0"))
		g.Expect(string(out)).To(ContainSubstring("try: sudo sysctl -w user.max_net_namespaces=100000"))
	}
}

func TestRequireOfNonsenseFails(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestNonsense"))
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`nstest: Require: "vteh" is none of `))
	g.Expect(out).To(ContainSubstring("nstest: Require: 0x0 has no kind of namespace"))
	g.Expect(out).To(ContainSubstring("nstest: Require: 1.5 is a float64"))
}
