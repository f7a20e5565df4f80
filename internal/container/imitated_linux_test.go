// SPDX-License-Identifier: Apache-2.0

package container_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/deny"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// imitationVar has the imitation that a child of a test is in, and sets up before it runs
// tests.
const imitationVar = "CONTAINER_TEST_IMITATION"

// What is said where fixtures go without something, once in each process.
const (
	withoutSettings = "nstest: fixtures go without some settings"
	withoutSys      = "nstest: fixtures go without a /sys of their own"
	withoutNames    = "nstest: fixtures go without host names of their own"
	withoutRun      = "nstest: fixtures go without a /run/netns of their own"
)

// An imitation is a place such as a container.
type imitation struct {
	kinds    int // beside a user and a mount namespace
	rootless string
	enter    []func() error
	tests    string
	says     []string
}

var imitations = map[string]imitation{
	// docker run --security-opt seccomp=unconfined: masks that were there before the user
	// namespace of the tests are not theirs to lift.
	"a rootless run": {rootless: "force", enter: mask, says: []string{withoutSettings, withoutSys}},
	// docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN: the same masks, but the tests may
	// have another /proc.
	"with privileges": {kinds: gonso.NS_PID, rootless: "off", enter: append([]func() error{newProc}, mask...)},
	// docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined.
	"sys is read-only": {rootless: "force", enter: []func() error{readOnlySys}},
	// The filter of an engine that is older than these calls.
	"no new mount calls": {rootless: "off", enter: append(append([]func() error{runWithFile}, mask...), func() error {
		return deny.Calls(unix.ENOSYS, unix.SYS_FSOPEN, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_KEYCTL)
	}), says: []string{withoutSettings, withoutSys, withoutRun}},
	// Docker's AppArmor profile: user namespaces can be made, and nothing mounted in them.
	"no mount": {rootless: "force", tests: "Nftables|Settings", enter: []func() error{func() error {
		return deny.Calls(unix.EPERM, unix.SYS_MOUNT)
	}}},
	// podman run, whose filter lets only those with CAP_SYS_ADMIN in the container choose a host name.
	"no host names": {rootless: "force", tests: "Topology", says: []string{withoutNames}, enter: []func() error{func() error {
		return deny.Calls(unix.EPERM, unix.SYS_SETHOSTNAME)
	}}},
	// systemd-nspawn without --private-network.
	"no CAP_NET_ADMIN": {rootless: "auto", tests: "Topology", enter: []func() error{func() error {
		runtime.LockOSThread() // it is the thread that loses the capability
		return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_NET_ADMIN, 0, 0, 0)
	}}},
	"run is read-only": {rootless: "force", enter: []func() error{runWithFile, func() error {
		return unix.Mount("", "/run", "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}}},
}

// runWithFile makes a /run without /run/netns.
func runWithFile() error {
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return err
	}
	return os.WriteFile("/run/file", nil, 0o600)
}

// mask does to /proc and /sys what an engine does.
var mask = []func() error{
	func() error { return unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND|unix.MS_REC, "") },
	func() error {
		return unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	},
	func() error { return unix.Mount("/dev/null", "/proc/timer_list", "", unix.MS_BIND, "") },
	func() error { return unix.Mount("tmpfs", "/sys/firmware", "tmpfs", unix.MS_RDONLY, "") },
	readOnlySys,
}

func newProc() error {
	return unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

func readOnlySys() error {
	return unix.MountSetattr(unix.AT_FDCWD, "/sys", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// imitate is what a child does first of all.
func imitate() error {
	name := os.Getenv(imitationVar)
	if name == "" {
		return nil
	}
	if err := os.Unsetenv(imitationVar); err != nil {
		return err
	}
	for i, step := range imitations[name].enter {
		if err := step(); err != nil {
			return fmt.Errorf("%s: step %d: %w", name, i, err)
		}
	}
	// The same again, so that nothing of package nstest has seen what was before.
	return unix.Exec("/proc/self/exe", os.Args, os.Environ())
}

func TestImitatedContainers(t *testing.T) {
	if os.Getenv("CONTAINER_TEST_REAL") != "" {
		return // a container can imitate only those that may do less than itself
	}
	for name, place := range imitations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			out := runIn(t, name, place)
			g.Expect(out).To(HaveSuffix("PASS\n"))
			for _, notice := range []string{withoutSettings, withoutSys, withoutRun, withoutNames} {
				want := 0
				if slices.Contains(place.says, notice) {
					want = 1
				}
				g.Expect(strings.Count(out, notice)).To(Equal(want), "%q in\n%s", notice, out)
			}
			if slices.Contains(place.says, withoutSys) && place.rootless == "force" {
				g.Expect(out).To(ContainSubstring("; try: docker run --security-opt systempaths=unconfined ...\n"))
			}
		})
	}
}

// runIn runs the tests that hold everywhere in a child, as root of a user namespace.
func runIn(t *testing.T, name string, place imitation) string {
	g := NewWithT(t)
	owner, err := set.Unshare(gonso.NS_USER|gonso.NS_MNT|place.kinds, set.WithRootMapped())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(owner.Close()).To(Succeed()) }()
	tests := cmp.Or(place.tests, "EachKindAndMix|HostsTalkOverASwitch")
	if !slices.Contains(place.says, withoutSettings) {
		tests += "|Settings"
	}
	cmd := owner.Command(t.Context(), "/proc/self/exe", "-test.run=^Test("+tests+")$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), imitationVar+"="+name, "NSTEST_ROOTLESS="+place.rootless, "NSTEST_STRICT=1")
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	return string(out)
}
