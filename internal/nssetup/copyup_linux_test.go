// SPDX-License-Identifier: Apache-2.0

package nssetup_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// furnished returns a folder with one entry of each type, one of them a mount, and
// moves the test into a mount namespace of its own.
func furnished(t *testing.T) string {
	g := NewWithT(t)
	dir := t.TempDir()
	nstest.Enter(t, gonso.NS_MNT)
	g.Expect(os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o640)).To(Succeed())
	g.Expect(os.MkdirAll(filepath.Join(dir, "folder", "below"), 0o750)).To(Succeed())
	g.Expect(os.Symlink("../nowhere", filepath.Join(dir, "link"))).To(Succeed())
	g.Expect(unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600)).To(Succeed())
	g.Expect(os.Mkdir(filepath.Join(dir, "mount"), 0o700)).To(Succeed())
	g.Expect(unix.Mount("tmpfs", filepath.Join(dir, "mount"), "tmpfs", 0, "mode=751")).To(Succeed())
	t.Cleanup(func() { g.Expect(unix.Unmount(filepath.Join(dir, "mount"), unix.MNT_DETACH)).To(Succeed()) })
	g.Expect(os.WriteFile(filepath.Join(dir, "mount", "inner"), nil, 0o600)).To(Succeed())
	return dir
}

// modes returns what is in a folder and below.
func modes(g *WithT, dir string) map[string]fs.FileMode {
	found := map[string]fs.FileMode{}
	g.Expect(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		found[path] = info.Mode()
		return err
	})).To(Succeed())
	return found
}

func TestCopyUpKeepsWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	before := modes(g, dir)
	old, err := os.Open(dir)
	g.Expect(err).NotTo(HaveOccurred())
	defer old.Close()

	g.Expect(nssetup.CopyUp(dir, nil)).To(Succeed())
	t.Cleanup(func() { g.Expect(unix.Unmount(dir, unix.MNT_DETACH)).To(Succeed()) })

	g.Expect(modes(g, dir)).To(Equal(before))
	g.Expect(os.ReadFile(filepath.Join(dir, "file"))).To(BeEquivalentTo("text"))
	g.Expect(os.Readlink(filepath.Join(dir, "link"))).To(Equal("../nowhere"))

	// What is new is in the new folder only, what is done to an old entry in both.
	g.Expect(os.WriteFile(filepath.Join(dir, "new"), nil, 0o600)).To(Succeed())
	g.Expect(os.WriteFile(filepath.Join(dir, "folder", "deep"), nil, 0o600)).To(Succeed())
	g.Expect(old.Readdirnames(-1)).To(ConsistOf("file", "folder", "link", "fifo", "mount"))
	var st unix.Stat_t
	g.Expect(unix.Fstatat(int(old.Fd()), "folder/deep", &st, 0)).To(Succeed())
}

func TestCopyUpMakesFreshFolders(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	old := unix.Umask(0o077)
	err := nssetup.CopyUp(dir, map[string]fs.FileMode{"folder": 0o755, "lock": fs.ModeSticky | 0o777})
	unix.Umask(old)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(unix.Unmount(dir, unix.MNT_DETACH)).To(Succeed()) })

	after := modes(g, dir)
	g.Expect(after).To(HaveKeyWithValue(filepath.Join(dir, "folder"), fs.ModeDir|0o755))
	g.Expect(after).To(HaveKeyWithValue(filepath.Join(dir, "lock"), fs.ModeDir|fs.ModeSticky|0o777))
	g.Expect(after).NotTo(HaveKey(filepath.Join(dir, "folder", "below")))
	g.Expect(after).To(HaveKey(filepath.Join(dir, "mount", "inner")))
}

func TestCopyUpThatFailsChangesNothing(t *testing.T) {
	g := NewWithT(t)
	dir := furnished(t)
	before := modes(g, dir)
	var was, is unix.Stat_t
	g.Expect(unix.Stat(dir, &was)).To(Succeed())

	g.Expect(nssetup.CopyUp(dir, map[string]fs.FileMode{"no/such": 0o755})).To(MatchError(fs.ErrNotExist))

	g.Expect(unix.Stat(dir, &is)).To(Succeed())
	g.Expect(is.Dev).To(Equal(was.Dev), "the device of the folder")
	g.Expect(modes(g, dir)).To(Equal(before))
	g.Expect(nssetup.CopyUp(filepath.Join(dir, "nowhere"), nil)).To(MatchError(fs.ErrNotExist))
}

// Files of the host's root, as a user namespace without it sees them, are here those of a
// user who is not mapped into one more user namespace.
func TestCopyUpMakesAnewWhatOnlyOthersMayOpen(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "setuid")
	dir := t.TempDir()
	g.Expect(os.Chmod(filepath.Dir(dir), 0o755)).To(Succeed())
	g.Expect(os.Chmod(dir, 0o755)).To(Succeed())
	for name, mode := range map[string]fs.FileMode{"lock": 0o600, "secret": 0o440, "open": 0o644, "append": 0o622} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), []byte("theirs"), mode)).To(Succeed())
		g.Expect(os.Chmod(filepath.Join(dir, name), mode)).To(Succeed())
	}
	for name, mode := range map[string]fs.FileMode{"state": 0o700, "listed": 0o755, "through": 0o711} {
		g.Expect(os.Mkdir(filepath.Join(dir, name), mode)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(dir, name, "theirs"), nil, 0o644)).To(Succeed())
	}
	g.Expect(unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600)).To(Succeed())
	entries, err := os.ReadDir(dir)
	g.Expect(err).NotTo(HaveOccurred())
	for _, e := range entries {
		g.Expect(os.Chown(filepath.Join(dir, e.Name()), 1, 1)).To(Succeed())
	}

	for how := range waysUp {
		after, err := copiedUp.Run(t.Context(), way{how, dir}, reexec.In(withoutOthers(t)))
		g.Expect(err).NotTo(HaveOccurred(), how)
		g.Expect(after).To(Equal(map[string]string{
			"lock": "-rw------- ours", "secret": "-rw-r----- ours",
			"open": "-rw-r--r-- theirs", "append": "-rw--w--w- theirs", "fifo": "prw------- theirs",
			"state": "drwx------ ours", "listed": "drwxr-xr-x theirs", "through": "drwx--x--x theirs",
		}), how)
	}
}

// A way is how to make a folder writable.
type way struct{ How, Dir string }

var waysUp = map[string]func(dir string) error{
	"CopyUp":  func(dir string) error { return nssetup.CopyUp(dir, nil) },
	"Overlay": nssetup.Overlay,
}

// copiedUp copies a folder up and says what each entry has become. What is a user's who is not
// mapped shows as the overflow user's.
var copiedUp = reexec.Func("copied up", func(_ context.Context, w way) (map[string]string, error) {
	found := map[string]string{}
	dir := w.Dir
	if err := waysUp[w.How](dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		info, e := os.Lstat(filepath.Join(dir, e.Name()))
		if e != nil {
			return nil, e
		}
		text := info.Mode().String() + " theirs"
		if info.Sys().(*syscall.Stat_t).Uid == 0 {
			text = info.Mode().String() + " ours"
			if err := os.RemoveAll(filepath.Join(dir, info.Name())); err != nil || info.Mode().IsRegular() && info.Size() > 0 {
				return nil, fmt.Errorf("%s: %d bytes: %w", info.Name(), info.Size(), err)
			}
		}
		found[info.Name()] = text
	}
	return found, err
})

// withoutOthers is a user namespace that has nobody but root, who is this process, and a
// mount namespace.
func withoutOthers(t *testing.T) set.Set {
	owner, err := set.Unshare(set.NS_USER|set.NS_MNT, set.WithRootMapped())
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { NewWithT(t).Expect(owner.Close()).To(Succeed()) })
	return owner
}
