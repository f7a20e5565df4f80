// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestRequireOfWhatIsThere(t *testing.T) {
	nstest.Require(t, set.NS_NET|set.NS_UTS)
	nstest.RequireFeatures(t, "veth", "user")
}

// powerless makes the command that runs one test of the suite without any
// privilege, and without a rootless run.
func powerless(t *testing.T, test, strict string) *exec.Cmd {
	return withoutPower(rootless(t, test, "-test.v"), strict)
}

func withoutPower(cmd *exec.Cmd, strict string) *exec.Cmd {
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

var forgottenSuite = sync.OnceValues(func() (string, error) { return build("forgotten") })

// Nothing is seen of a test that is skipped, and the author can do something about this one.
func TestAForgottenMainIsAFailureThatSaysSo(t *testing.T) {
	for _, test := range []string{"TestFixture", "TestRequire"} {
		g := NewWithT(t)
		cmd := withoutPower(suite(t, forgottenSuite, "-test.run=^"+test+"$"), "")
		cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=")
		out, code := run(t, cmd)
		g.Expect(code).To(Equal(1), out)
		g.Expect(out).To(MatchRegexp(`--- FAIL: ` + test + `(?s:.*)suite_test.go:\d+: nstest: .*CAP_\w+.*
\s+this package's TestMain does not call nstest\.Main, .*
\s+func TestMain\(m \*testing\.M\) \{ nstest\.Main\(m\) \}\n`))
	}
}

// Where Main could do nothing, it is not to blame; what is skipped is seen where 'go test' shows it.
func TestAForgottenMainIsNotToBlameForWhatTheMachineLacks(t *testing.T) {
	g := NewWithT(t)
	owner, err := set.Unshare(set.NS_USER, set.WithRootMapped())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(owner.Close()).To(Succeed()) }()
	suite := suite(t, forgottenSuite, "-test.run=TestFixture|TestRequire")
	cmd := owner.Command(t.Context(), "sh", append([]string{"-c", `echo 0 >/proc/sys/user/max_net_namespaces && exec "$0" "$@"`}, suite.Args...)...)
	cmd.Env, cmd.Dir = append(suite.Env, "NSTEST_ROOTLESS=", "NSTEST_STRICT="), suite.Dir
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	g.Expect(string(out)).To(MatchRegexp(`(?m)^nstest: TestFixture and maybe others are skipped: .*user\.max_net_namespaces is 0`))
	g.Expect(string(out)).NotTo(ContainSubstring("nstest.Main"))
}

func TestTheVariableThatKeepsPrivilegesAwayIsNamed(t *testing.T) {
	for _, c := range []struct {
		test  string
		suite func() (string, error)
	}{{"TestPass", rootlessSuite}, {"TestRequire", rootlessSuite}, {"TestFixture", forgottenSuite}} {
		g := NewWithT(t)
		out, code := run(t, withoutPower(suite(t, c.suite, "-test.run=^"+c.test+"$", "-test.v"), ""))
		g.Expect(code).To(BeZero(), out)
		g.Expect(out).To(MatchRegexp(`--- SKIP: ` + c.test))
		g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: nstest: .*NSTEST_ROOTLESS=off keeps .*; try: unset NSTEST_ROOTLESS\n`))
		g.Expect(out).NotTo(ContainSubstring("gonso exec -- go test"))
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
		g.Expect(string(out)).NotTo(ContainSubstring("and maybe others are skipped"), "Main counts them")
	}
}

// An ending is a test that notes how it ended.
type ending struct {
	testing.TB
	how string
}

func (e *ending) Fatalf(format string, args ...any) { e.end("failed: "+format, args) }
func (e *ending) Skipf(format string, args ...any)  { e.end("skipped: "+format, args) }

func (e *ending) end(format string, args []any) {
	if e.how == "" {
		e.how = fmt.Sprintf(format, args...)
	}
}

func TestWhatAKernelOfThisAgeHasIsNoSkip(t *testing.T) {
	for _, c := range []struct {
		strict     string
		unexpected bool
		want       string
	}{
		{"", true, "failed: nstest: no time; this kernel is new enough to have it, so that it is a failure and no skip; NSTEST_STRICT=0 skips all the same"},
		{"0", true, "skipped: nstest: no time"},
		{"", false, "skipped: nstest: no time"},
		{"1", false, "failed: nstest: no time"},
	} {
		t.Setenv("NSTEST_STRICT", c.strict)
		test := &ending{TB: t}
		nstest.Lacks(test, "no time", probe.Result{OK: probe.No, Unexpected: c.unexpected})
		NewWithT(t).Expect(test.how).To(Equal(c.want))
	}
}

func TestRequireOfNonsenseFails(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestNonsense"))
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`nstest: RequireFeatures: "vteh" is none of `))
	g.Expect(out).To(ContainSubstring("nstest: Require: 0x0 is no kind of namespace"))
	g.Expect(out).To(ContainSubstring("nstest: Require: 0x1 is no kind of namespace"))
}
