// SPDX-License-Identifier: Apache-2.0

package nssetup_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
)

// isOverlay reports whether a folder is one: it is a copy on an old kernel.
func isOverlay(g *WithT, dir string) bool {
	var fs unix.Statfs_t
	g.Expect(unix.Statfs(dir, &fs)).To(Succeed())
	return fs.Type == unix.OVERLAYFS_SUPER_MAGIC
}

// overlaid makes an overlay of a folder until the test ends.
func overlaid(t *testing.T, g *WithT, dir string) {
	g.Expect(nssetup.Overlay(dir)).To(Succeed())
	t.Cleanup(func() {
		for unix.Unmount(dir, unix.MNT_DETACH) == nil { // a tmpfs lies below
		}
	})
}

func TestOverlayKeepsWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	before := modes(g, dir)
	old, err := os.Open(dir)
	g.Expect(err).NotTo(HaveOccurred())
	defer old.Close()
	overlaid(t, g, dir)

	g.Expect(modes(g, dir)).To(Equal(before), "the mount below it included")
	g.Expect(os.ReadFile(filepath.Join(dir, "file"))).To(BeEquivalentTo("text"))
	g.Expect(os.Readlink(filepath.Join(dir, "link"))).To(Equal("../nowhere"))
	g.Expect(os.WriteFile(filepath.Join(dir, "new"), nil, 0o600)).To(Succeed())
	g.Expect(old.Readdirnames(-1)).To(ConsistOf("file", "folder", "link", "fifo", "mount"))
}

// With a copy, what is there is a mount, and so can only be written to.
func TestOverlayLetsEverythingBeReplacedAndRemoved(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	old, err := os.Open(dir)
	g.Expect(err).NotTo(HaveOccurred())
	defer old.Close()
	overlaid(t, g, dir)
	if !isOverlay(g, dir) {
		t.Log("this kernel has no overlay for it, so it is a copy")
		return
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	g.Expect(os.WriteFile(path("new"), []byte("new"), 0o600)).To(Succeed())
	g.Expect(os.Rename(path("new"), path("file"))).To(Succeed())
	g.Expect(os.ReadFile(path("file"))).To(BeEquivalentTo("new"))
	g.Expect(os.RemoveAll(path("folder"))).To(Succeed())
	g.Expect(os.Mkdir(path("folder"), 0o700)).To(Succeed())
	g.Expect(os.ReadDir(path("folder"))).To(BeEmpty())
	g.Expect(os.Remove(path("fifo"))).To(Succeed())
	var st unix.Stat_t
	for _, name := range []string{"folder/below", "fifo", "file"} {
		g.Expect(unix.Fstatat(int(old.Fd()), name, &st, 0)).To(Succeed(), name)
	}
	g.Expect(st.Size).To(BeEquivalentTo(len("text")))
}

func TestOverlayOfNoFolderIsAnError(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	g.Expect(nssetup.Overlay(filepath.Join(dir, "nowhere"))).To(MatchError(fs.ErrNotExist))
}
