// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sandbox"
	"github.com/seed-1bc5c4a2/gonso/nstest"
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

	g.Expect(sandbox.FreshSys()).To(Succeed())

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
