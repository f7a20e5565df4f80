// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func TestAMountWatchKnowsWhatThisProcessMounts(t *testing.T) {
	need.Tool(t, "mount", "mount")
	g := NewWithT(t)
	before := take(t)
	watch, err := leak.WatchMounts()
	if errors.Is(err, leak.ErrNotTold) {
		if tellsWhoMounts(g) {
			t.Error(err)
		}
		return
	}
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(watch.Close()).To(Succeed()) }()

	own, gone, child := t.TempDir(), t.TempDir(), t.TempDir()
	g.Expect(sys.Mount("own", own, "tmpfs", 0, "")).To(Succeed())
	defer func() { g.Expect(sys.Detach(own)).To(Succeed()) }()
	g.Expect(sys.Mount("gone", gone, "tmpfs", 0, "")).To(Succeed())
	g.Expect(sys.Detach(gone)).To(Succeed())
	g.Expect(exec.Command("mount", "-t", "tmpfs", "child", child).Run()).To(Succeed())
	defer func() { g.Expect(sys.Detach(child)).To(Succeed()) }()

	for range 2 { // what was known stays so
		mine, err := watch.Mine()
		g.Expect(err).NotTo(HaveOccurred())
		report := leak.Diff(before, take(t))
		g.Expect(report.Mounts).To(HaveLen(2))
		report = report.OnlyMounts(mine)
		g.Expect(report.Mounts).To(HaveLen(1))
		g.Expect(report.Mounts[0].Target).To(Equal(own))
		g.Expect(mine).To(HaveLen(1))
	}
}

// tellsWhoMounts reports whether this is Linux 6.15, and root of the whole machine.
func tellsWhoMounts(g *WithT) bool {
	ids, err := procfs.UIDMap(procfs.Root, procfs.Self)
	g.Expect(err).NotTo(HaveOccurred())
	newEnough, err := procfs.KernelIs(procfs.Root, 6, 15)
	g.Expect(err).NotTo(HaveOccurred())
	return ids[0].Count == 1<<32-1 && os.Getuid() == 0 && newEnough
}

func TestNoMountWatchKnowsOfNoMount(t *testing.T) {
	g := NewWithT(t)
	var watch *leak.MountWatch
	mine, err := watch.Mine()
	g.Expect(mine, err).To(BeEmpty())
	g.Expect(watch.Close()).To(Succeed())
}
