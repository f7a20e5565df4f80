// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

const (
	yes          = "yes"
	no           = "no"
	inconclusive = "inconclusive"
)

var kinds = []string{"user", "net", "mnt", "pid", "ipc", "uts", "cgroup", "time"}

func TestRootOfAUserNamespaceHasEveryKind(t *testing.T) {
	g := NewWithT(t)
	checks := append([]string{"rootless", "proc", "sysfs", "overlay", "nftables", "veth", "bridge"}, kinds...)
	for _, found := range in(t, "as it is", userRoot(unix.CLONE_NEWNS), checks...) {
		g.Expect(found).To(Equal(finding{Name: found.Name, OK: yes}))
	}
}

// That a namespace can be created says little.
func TestEveryKindIsUsedNotOnlyCreated(t *testing.T) {
	g := NewWithT(t)
	for call, kind := range map[string]string{
		"execve": "pid", "ioctl": "net", "mount": "mnt", "sethostname": "uts", "shmget": "ipc",
	} {
		found := in(t, "deny "+call, userRoot(0), kind)
		g.Expect(found[0].OK).To(Equal(no), "%s without %s: %v", kind, call, found[0])
		g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	}
}

func TestOrdinaryUserIsToldToGoRootless(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "as it is", unprivileged(t), "net", "mnt", "rootless", "veth")
	want := finding{
		Name: "net", OK: no, Errno: unix.EPERM,
		Cause:  "unshare: operation not permitted: the process has no CAP_SYS_ADMIN",
		Remedy: "gonso exec -- go test ./...",
	}
	g.Expect(found[0]).To(Equal(want))
	want.Name = "mnt"
	g.Expect(found[1]).To(Equal(want))
	g.Expect(found[2]).To(Equal(finding{Name: "rootless", OK: yes}))
	want.Name, want.Cause = "veth", "it takes net: "+want.Cause
	g.Expect(found[3]).To(Equal(want))
}

// The limit is the cause that can be helped.
func TestWhoCannotGoRootlessIsToldWhy(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "no way", userRoot(0), "net", "rootless", "veth", "tun")
	g.Expect(found[0]).To(Equal(finding{
		Name: "net", OK: no, Errno: unix.EPERM,
		Cause: "unshare: operation not permitted: the process has no CAP_SYS_ADMIN, and no user namespace to have it in: " +
			"it takes user: create a user namespace: no space left on device: user.max_user_namespaces is 0",
		Remedy: "sudo sysctl -w user.max_user_namespaces=100000",
	}))
	g.Expect(found[1].OK).To(Equal(no))
	for _, other := range found[2:] {
		g.Expect(other.Cause).To(Equal("it takes net: " + found[0].Cause))
		g.Expect(other.Remedy).To(Equal(found[0].Remedy))
	}
}

func TestWhoCannotGoRootlessForGoodIsToldToBeRoot(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "chroot, no privilege", userRoot(unix.CLONE_NEWNS), "net")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	g.Expect(found[0].Cause).To(HaveSuffix("the process is in a chroot, where no user namespace can be made (user_namespaces(7))"))
	g.Expect(found[0].Remedy).To(Equal(`sudo -E env "PATH=$PATH" go test ./...`))
}

func TestLimitIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "limit net", userRoot(0), "net", "uts", "limits", "rootless")
	g.Expect(found).To(Equal([]finding{
		{
			Name: "net", OK: no, Errno: unix.ENOSPC,
			Cause:  "unshare: no space left on device: user.max_net_namespaces is 0",
			Remedy: "sudo sysctl -w user.max_net_namespaces=100000",
		},
		{Name: "uts", OK: yes},
		{
			Name: "limits", OK: no, Errno: unix.ENOSPC,
			Cause:  "no namespace may exist: user.max_net_namespaces is 0: no space left on device",
			Remedy: "sudo sysctl -w user.max_net_namespaces=100000",
		},
		{
			Name: "rootless", OK: no, Errno: unix.ENOSPC,
			Cause: "it takes net: unshare as root of a new user namespace: no space left on device: " +
				"user.max_net_namespaces is 0",
			Remedy: "sudo sysctl -w user.max_net_namespaces=100000",
		},
	}))
}

// The limit of an outer user namespace shows in no number, and somebody else may
// close what fills it.
func TestLimitThatCannotBeSeenIsInconclusive(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "limit net, then deeper", userRoot(0), "net", "limits")
	g.Expect(found[0].OK).To(Equal(inconclusive))
	g.Expect(found[0].Errno).To(Equal(unix.ENOSPC))
	g.Expect(found[0].Cause).To(ContainSubstring("or a limit of an outer user namespace"))
	g.Expect(found[1].OK).To(Equal(yes))
}

// What stands in the way of the only way may go.
func TestNoWayForNowIsInconclusive(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "deepest, no privilege", userRoot(0), "net", "rootless")
	g.Expect(found[0].OK).To(Equal(inconclusive))
	g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	g.Expect(found[0].Cause).To(ContainSubstring("no user namespace to have it in: it takes user: create a user namespace: no space left on device"))
	g.Expect(found[1].OK).To(Equal(inconclusive))
}

func TestLimitOfUserNamespacesIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "limit user", userRoot(0), "user", "rootless", "uts")
	g.Expect(found[0]).To(Equal(finding{
		Name: "user", OK: no, Errno: unix.ENOSPC,
		Cause:  "create a user namespace: no space left on device: user.max_user_namespaces is 0",
		Remedy: "sudo sysctl -w user.max_user_namespaces=100000",
	}))
	g.Expect(found[1].OK).To(Equal(no))
	g.Expect(found[1].Cause).To(HavePrefix("it takes user: "))
	g.Expect(found[2].OK).To(Equal(yes))
}

func TestSeccompFilterIsNamed(t *testing.T) {
	g := NewWithT(t)
	const reason = "operation not permitted: a seccomp filter forbids unshare(2), as that of a container does"
	for _, attr := range []*syscall.SysProcAttr{userRoot(0), unprivileged(t)} {
		found := in(t, "deny unshare", attr, "net", "user", "seccomp")
		for i, name := range []string{"net", "user", "seccomp"} {
			g.Expect(found[i].Name).To(Equal(name))
			g.Expect(found[i].OK).To(Equal(no))
			g.Expect(found[i].Errno).To(Equal(unix.EPERM))
			g.Expect(found[i].Remedy).To(Equal("docker run --security-opt seccomp=unconfined ..."))
		}
		g.Expect(found[0].Cause).To(Equal("unshare: " + reason))
		g.Expect(found[1].Cause).To(Equal("unshare as root of a new user namespace: " + reason))
	}
}

// What AppArmor does on Ubuntu 24.04: the user namespace is created, but its root
// may not do anything.
func TestUserNamespaceWithoutCapabilitiesIsNoUserNamespace(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "deny mount", unprivileged(t), "user", "rootless", "seccomp")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	g.Expect(found[0].Cause).To(ContainSubstring("its root is denied the capabilities"))
	g.Expect(found[0].Cause).To(HaveSuffix("a seccomp filter is on the process"))
	g.Expect(found[1].OK).To(Equal(no))
	g.Expect(found[2].OK).To(Equal(yes))
}

func TestChrootIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "chroot", userRoot(unix.CLONE_NEWNS), "user", "net", "mnt")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	g.Expect(found[0].Cause).To(ContainSubstring("the process is in a chroot"))
	g.Expect(found[1].OK).To(Equal(yes))
	g.Expect(found[2].OK).To(Equal(no))
	g.Expect(found[2].Cause).To(HaveSuffix("invalid argument: the process is in a chroot, whose root is no mount"))
	g.Expect(found[2].Remedy).To(HaveSuffix("in place of chroot"))
}

func TestCoveredProcForbidsANewOne(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "cover /proc", userRoot(unix.CLONE_NEWNS), "proc")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Errno).To(Equal(unix.EPERM))
	g.Expect(found[0].Cause).To(ContainSubstring("/proc/version"))
	g.Expect(found[0].Remedy).To(Equal("docker run --security-opt systempaths=unconfined ..."))
}

func TestMissingTunDeviceIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "no tun", userRoot(unix.CLONE_NEWNS), "tun")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Cause).To(HavePrefix("there is no device file for it: "))
	g.Expect(found[0].Remedy).To(ContainSubstring("mknod"))
}

func TestInconclusiveIsTriedAgain(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "few descriptors", userRoot(0), "net")
	g.Expect(found[0]).To(Equal(finding{Name: "net", OK: yes}))
}

func TestYesIsNotTriedAgain(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "deny after a yes", userRoot(0), "uts", "ipc")
	g.Expect(found[0].OK).To(Equal(yes))
	g.Expect(found[1].OK).To(Equal(no))
}

func TestProbingLeavesNothing(t *testing.T) {
	g := NewWithT(t)
	before, err := leak.Take()
	g.Expect(err).NotTo(HaveOccurred())
	for _, r := range probe.All() {
		t.Log(r)
		g.Expect(r.OK == probe.Yes).To(Equal(r.Cause == nil), "%v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	report, err := leak.Settle(ctx, before)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(report.Empty()).To(BeTrue(), "%v", report)
}

func TestKindGoesByFlag(t *testing.T) {
	g := NewWithT(t)
	g.Expect(probe.Kind(unix.CLONE_NEWUTS).Name).To(Equal("uts"))
	for _, flag := range []int{0, unix.CLONE_FS, unix.CLONE_NEWUTS | unix.CLONE_NEWNET} {
		r := probe.Kind(flag)
		g.Expect(r.OK).To(Equal(probe.No))
		g.Expect(r.Cause).To(MatchError(os.ErrInvalid))
	}
	g.Expect(probe.Named("nonsense").Cause).To(MatchError(os.ErrInvalid))
	g.Expect(probe.Names()).To(ContainElements(kinds))
	g.Expect(probe.Rootless().Name).To(Equal("rootless"))
}

func TestResultReadsLikeThis(t *testing.T) {
	g := NewWithT(t)
	r := probe.Result{Name: "net", OK: probe.No, Cause: unix.EPERM, Remedy: "sudo reboot"}
	g.Expect(r.String()).To(Equal("net: no (operation not permitted); try: sudo reboot"))
	g.Expect(probe.Result{Name: "net", OK: probe.Yes}.String()).To(Equal("net: yes"))
	g.Expect(probe.Result{Name: "net"}.String()).To(Equal("net: inconclusive"))
}

// What a kernel of this age should have is another matter than what came later.
func TestAKindThatTheKernelLacks(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	g.Expect(os.MkdirAll(root+"/sys/kernel", 0o755)).To(Succeed())
	absent := func(release string) probe.Result {
		g.Expect(os.WriteFile(root+"/sys/kernel/osrelease", []byte(release+"\n"), 0o644)).To(Succeed())
		return probe.Absent(root, unix.CLONE_NEWTIME, unix.EINVAL)
	}
	for _, release := range []string{"5.6.0", "5.10.0-28-amd64", "6.0.1"} {
		r := absent(release)
		g.Expect(r.OK).To(Equal(probe.No))
		g.Expect(r.Unexpected).To(BeTrue(), release)
		g.Expect(r.Cause).To(MatchError("invalid argument: the kernel was built without time namespaces (CONFIG_TIME_NS)"))
	}
	for _, release := range []string{"5.5.19", "4.19.0-27-amd64", "4.4.0"} {
		r := absent(release)
		g.Expect(r.OK).To(Equal(probe.No))
		g.Expect(r.Unexpected).To(BeFalse(), release)
		g.Expect(r.Cause).To(MatchError("invalid argument: time namespaces came with Linux 5.6"))
	}
	r := absent("none")
	g.Expect(r.OK).To(Equal(probe.Inconclusive))
	g.Expect(r.Cause).To(MatchError(ContainSubstring(`kernel.osrelease is "none"`)))
}
