// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"golang.org/x/sys/unix"
)

func init() {
	selfexec.Register("arrive", arrive)
	selfexec.Register("say where", func() error {
		_, err := os.Stat("/proc")
		fmt.Printf("with /proc: %t", err == nil)
		return nil
	})
}

// arrive says where this process is and, if it is root, goes where it is to go.
func arrive() error {
	const root = 3
	_, before := os.Stat("/proc/self/exe")
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Fchdir(root), syscall.Chroot(".")); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	fmt.Printf("uid %d, with /proc: %t, then: %v", os.Geteuid(), before == nil, entries)
	return nil
}

// run executes this binary by its descriptor, and returns what it prints.
func run(t *testing.T, act string, attr *forkexec.Attr) (string, error) {
	t.Helper()
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	r, w := pipe(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	attr.Files = []uintptr{null.Fd(), w.Fd(), w.Fd()}
	attr.Env = selfexec.Env(act)
	attr.Program = &forkexec.Program{FD: int(exe.Fd()), Root: 3}
	p, err := forkexec.Start(t.Context(), []string{"this binary"}, []string{"this"}, attr)
	w.Close()
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Fatalf("%v, %v\n%s", state, err, out)
	}
	return string(out), nil
}

// The binary of this test is linked dynamically under the race detector, and would not
// start in a folder without its loader.
func TestProgramStartsWhereNothingIs(t *testing.T) {
	bare := t.TempDir()
	if err := os.WriteFile(bare+"/here", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	joins := fresh(t, unix.CLONE_NEWNS, unix.CLONE_NEWPID)
	got, err := run(t, "arrive", &forkexec.Attr{Joins: joins, Sys: &syscall.SysProcAttr{Chroot: bare}})
	if want := "uid 0, with /proc: true, then: [- here]"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// Whoever is root in the user namespace could get out by way of a process that is not in there yet.
func TestProgramStartsInsideOfAUserNamespace(t *testing.T) {
	bare := t.TempDir()
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWNS)
	attr := &forkexec.Attr{Joins: joins, Sys: &syscall.SysProcAttr{Chroot: bare}}
	got, err := run(t, "say where", attr)
	if attr.StartsOutside() {
		t.Error("it starts outside")
	}
	if linkedDynamically(t) {
		if !errors.Is(err, syscall.ENOENT) {
			t.Errorf("got %q, %v; want an error, as there is no loader", got, err)
		}
		return
	}
	if want := "with /proc: false"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func linkedDynamically(t *testing.T) bool {
	t.Helper()
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// Who is not root could not go the last step, so the child has gone it.
func TestOrdinaryProgramStartsInItsRoot(t *testing.T) {
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWNS)
	attr := &forkexec.Attr{
		Joins: joins,
		Sys:   &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWUSER, Chroot: "/proc/self/root"},
	}
	got, err := run(t, "arrive", attr)
	if err != nil {
		t.Fatal(err)
	}
	if want := "uid 65534, with /proc: true, then: ["; len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("got %q, want %q...", got, want)
	}
}

func TestNamespaceIsOpenedByPathInsideOfThoseBefore(t *testing.T) {
	// A path that means something only in the mount namespace.
	there := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWNS)
	dir := t.TempDir()
	file := dir + "/uts"
	sh(t, there, "mount -t tmpfs none "+dir+" && touch "+file+" && unshare --uts="+file+" true")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the file is here too: %v", err)
	}
	want := "uts:[" + sh(t, there, "stat -c %i "+file) + "]"
	uts := forkexec.Join{Path: file, Flag: unix.CLONE_NEWUTS}
	if got := sh(t, append(there, uts), "readlink /proc/self/ns/uts"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{
		Joins: []forkexec.Join{{Path: dir + "/none", Flag: unix.CLONE_NEWUTS}},
	})
	var failed *forkexec.Error
	if !errors.As(err, &failed) || *failed != (forkexec.Error{
		Step: forkexec.Open, Flag: unix.CLONE_NEWUTS, Path: dir + "/none", Err: unix.ENOENT,
	}) {
		t.Errorf("a path that leads nowhere: %v", err)
	}
}

// The first number behind those of Files may be that of a namespace which is yet to be
// joined, so that no descriptor may be moved there before.
func TestDescriptorsMoveToNoNumberThatIsNeeded(t *testing.T) {
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWUTS)
	program, err := os.Open("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, join := range joins {
		files := make([]uintptr, join.FD)
		for i := range files {
			files[i] = ^uintptr(0)
		}
		attr := &forkexec.Attr{Joins: joins, Files: files, Program: &forkexec.Program{FD: int(program.Fd())}}
		p, err := forkexec.Start(t.Context(), []string{"true"}, []string{"true"}, attr)
		if err != nil {
			t.Fatalf("%d files: %v", len(files), err)
		}
		if state, err := p.Wait(); err != nil || !state.Success() {
			t.Errorf("%d files: %v, %v", len(files), state, err)
		}
	}
}
