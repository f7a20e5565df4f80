// SPDX-License-Identifier: Apache-2.0

package nssetup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/deny"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// belowSys lists what can be seen of the mounts below /sys.
func belowSys(g *WithT) (list []string) {
	mounts, err := procfs.Mounts(procfs.Root, "thread-self")
	g.Expect(err).NotTo(HaveOccurred())
	for _, m := range mounts {
		if strings.HasPrefix(m.Target, "/sys/") && !slices.Contains(list, m.Target) {
			list = append(list, m.Target)
		}
	}
	slices.Sort(list)
	return list
}

func TestFreshSysShowsThisNetworkAndAllOldMounts(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET|gonso.NS_MNT, nstest.Raw())
	before := belowSys(g)

	g.Expect(nssetup.FreshSys()).To(Succeed())

	names, err := os.ReadDir("/sys/class/net")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(names).To(HaveLen(1))
	g.Expect(names[0].Name()).To(Equal("lo"))
	g.Expect(belowSys(g)).To(Equal(before))
	// They are not hidden: a folder of sysfs alone has another device.
	var sysfs, mounted unix.Stat_t
	g.Expect(unix.Stat("/sys", &sysfs)).To(Succeed())
	for _, dir := range before {
		g.Expect(unix.Stat(dir, &mounted)).To(Succeed())
		g.Expect(mounted.Dev).NotTo(Equal(sysfs.Dev), dir)
	}
}

// A mount that another one hides cannot be found by its path.
func TestFreshSysLeavesWhatIsHidden(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET|gonso.NS_MNT, nstest.Raw())
	for _, dir := range []string{"/sys/kernel/debug", "/sys/kernel"} {
		g.Expect(unix.Mount("hiding", dir, "tmpfs", 0, "")).To(Succeed())
	}
	var kernel, is unix.Stat_t
	g.Expect(unix.Stat("/sys/kernel", &kernel)).To(Succeed())

	g.Expect(nssetup.FreshSys()).To(Succeed())

	g.Expect(unix.Stat("/sys/kernel", &is)).To(Succeed())
	g.Expect(is.Dev).To(Equal(kernel.Dev))
}

// freshSysWithoutMoves does it where nothing can be put back.
var freshSysWithoutMoves = reexec.Func("fresh /sys without moves", func(context.Context, struct{}) (same bool, err error) {
	var was, is unix.Stat_t
	if err := unix.Mount("tmpfs", "/sys/kernel", "tmpfs", 0, ""); err != nil {
		return false, err
	}
	if err := errors.Join(unix.Stat("/sys", &was), deny.Calls(unix.EPERM, unix.SYS_MOVE_MOUNT)); err != nil {
		return false, err
	}
	if err := nssetup.FreshSys(); !errors.Is(err, unix.EPERM) {
		return false, fmt.Errorf("%w, want EPERM", err)
	}
	err = unix.Stat("/sys", &is)
	return was.Dev == is.Dev, err
})

func TestFreshSysThatFailsChangesNothing(t *testing.T) {
	g := NewWithT(t)
	place, err := set.Unshare(set.NS_USER|set.NS_MNT|set.NS_NET, set.WithRootMapped())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(place.Close()).To(Succeed()) }()
	g.Expect(freshSysWithoutMoves.Run(t.Context(), struct{}{}, reexec.In(place))).To(BeTrue())
}
