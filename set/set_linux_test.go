// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestCloseOfACopyNeverClosesAStrangersDescriptor(t *testing.T) {
	s, err := set.Unshare(set.NS_UTS)
	noError(t, err)
	copied := s
	noError(t, s.Close())
	// The kernel hands out the lowest free number: these take the Set's.
	stranger := make([]*os.File, 8)
	for i := range stranger {
		stranger[i], err = os.Open("/dev/null")
		noError(t, err)
		defer stranger[i].Close()
	}
	noError(t, copied.Close())
	noError(t, s.Close())
	for _, f := range stranger {
		if _, err := f.Stat(); err != nil {
			t.Errorf("a second Close closed somebody else's descriptor: %v", err)
		}
	}
}

func TestEveryMethodOfAClosedOrZeroSetGivesAnError(t *testing.T) {
	closed, err := set.Unshare(set.NS_UTS)
	noError(t, err)
	noError(t, closed.Close())
	for name, s := range map[string]set.Set{"closed": closed, "zero": {}} {
		want := map[string]error{"closed": os.ErrClosed, "zero": os.ErrInvalid}[name]
		for method, err := range map[string]error{
			"Do":      s.Do(func() {}),
			"Dup":     second(s.Dup(0)),
			"Enter":   s.Enter(),
			"Fds":     second(s.Fds(0)),
			"ID":      second(s.ID(set.NS_UTS)),
			"Merge":   second(s.Merge(s)),
			"Mount":   s.Mount(t.TempDir()),
			"MountNS": s.MountNS(0, filepath.Join(t.TempDir(), "uts")),
			"Owner":   second(s.Owner(0)),
			"Same":    second(s.Same(s, set.NS_UTS)),
			"Unshare": second(s.Unshare(set.NS_UTS)),
		} {
			if !errors.Is(err, want) {
				t.Errorf("%s of the %s Set: %v, want %v", method, name, err, want)
			}
		}
	}
	noError(t, set.Set{}.Close())
}

func second[T any](_ T, err error) error { return err }

func TestFlagsThatTheSetLacksAreAnError(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	for name, err := range map[string]error{
		"lacking":   second(s.Dup(set.NS_IPC)),
		"partly":    second(s.Fds(set.NS_UTS | set.NS_IPC)),
		"unknown":   second(s.ID(1)),
		"two":       second(s.ID(set.NS_UTS | set.NS_NET)),
		"ambiguous": second(s.ID(0)),
		"mount":     s.MountNS(set.NS_IPC, filepath.Join(t.TempDir(), "x")),
		"other":     second(s.Same(unshare(t, set.NS_UTS), set.NS_NET)),
		"current":   second(set.Current(1)),
		"dir":       second(set.FromDir("/proc/self/ns", 1)),
		"pid":       second(set.FromPid(0, set.NS_NET)),
		"fds":       second(set.FromFds(nil)),
	} {
		if !errors.Is(err, os.ErrInvalid) {
			t.Errorf("%s: %v, want os.ErrInvalid", name, err)
		}
	}
}

func TestDescriptorsAreCloseOnExec(t *testing.T) {
	s := unshare(t, five)
	closing(t)(s.Dup(0))
	fds, err := s.Fds(0)
	noError(t, err)
	defer fds.Close()
	// ls sees its own descriptors: 0, 1, 2 and that of the folder.
	out, err := exec.Command("ls", "-l", "/proc/self/fd").Output()
	noError(t, err)
	if strings.Contains(string(out), "net:[") {
		t.Errorf("a child inherits namespaces:\n%s", out)
	}
}

func TestFailedCallsLeakNoDescriptor(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	noError(t, set.BreakFd(s, set.NS_UTS))
	files := openFiles(t)
	for range 10 {
		_, _ = s.Unshare(set.NS_UTS)
		_, _ = s.Dup(set.NS_IPC)
		_, _ = set.FromDir(t.TempDir(), set.NS_NET)
		_, _ = set.FromDir("/proc/self", 0)
		_ = s.Do(func() {})
	}
	if now := openFiles(t); now != files {
		t.Errorf("%d descriptors are open, want %d", now, files)
	}
}

func TestFromDirRefusesWhatIsNoNamespaceOfThatName(t *testing.T) {
	dir := t.TempDir()
	link := func(name, target string) { noError(t, os.Symlink(target, filepath.Join(dir, name))) }
	link("net", "/proc/cpuinfo")
	link("uts", "/proc/self/ns/ipc")
	link("ipc", "/nowhere")
	noError(t, unix.Mkfifo(filepath.Join(dir, "mnt"), 0o600))
	for flag, part := range map[int]string{
		set.NS_NET: "net: not a namespace file",
		set.NS_UTS: "uts: a namespace of kind ipc, not uts",
		set.NS_IPC: "no such file",
		set.NS_MNT: "mnt: not a namespace file",
	} {
		if _, err := set.FromDir(dir, flag); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q in it", err, part)
		}
	}
	if _, err := set.FromDir(t.TempDir(), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of an empty folder: %v, want fs.ErrNotExist", err)
	}
}

func TestFromDirOfAProcess(t *testing.T) {
	s := closing(t)(set.FromDir("/proc/self/ns", 0))
	if id(t, s, set.NS_NET) != here(t, "net") || s.Flags() != kind.All {
		t.Errorf("%s, want the process's own namespaces", s)
	}
}

func TestFromPidOfAVanishedProcess(t *testing.T) {
	cmd := exec.Command("true")
	noError(t, cmd.Run())
	_, err := set.FromPid(cmd.Process.Pid, set.NS_NET)
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
		t.Errorf("%v, want an error of a process that is gone", err)
	}
}

func TestFromFdsOfAnotherSet(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	fds, err := s.Fds(0)
	noError(t, err)
	again := closing(t)(set.FromFds(fds))
	fds[set.NS_IPC] = fds.Get(set.NS_UTS)
	_, err = set.FromFds(fds)
	if !errors.Is(err, os.ErrInvalid) || !strings.Contains(err.Error(), "a namespace of kind uts, not ipc") {
		t.Errorf("with a wrong key: %v", err)
	}
	delete(fds, set.NS_IPC)
	noError(t, fds.Close())
	noError(t, s.Close())
	noError(t, again.Do(func() {
		if here(t, "net") != id(t, again, set.NS_NET) {
			t.Error("not in the net namespace that was handed over")
		}
	}))
}

func TestMergeTakesTheOthersWhereBothHaveOne(t *testing.T) {
	net := unshare(t, set.NS_NET)
	both := closing(t)(closing(t)(set.Current(0)).Merge(net))
	if id(t, both, set.NS_NET) != id(t, net, set.NS_NET) || id(t, both, set.NS_UTS) != here(t, "uts") {
		t.Errorf("merged to %s", both)
	}
	if both.Flags()&set.NS_USER != 0 {
		t.Error("Current(0) has the user namespace")
	}
}

func TestSameAndOwner(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	other := closing(t)(s.Dup(0))
	for _, c := range []struct {
		with set.Set
		want bool
	}{{other, true}, {unshare(t, set.NS_UTS), false}} {
		same, err := s.Same(c.with, set.NS_UTS)
		noError(t, err)
		if same != c.want {
			t.Errorf("%s same as %s: %v", s, c.with, same)
		}
	}
	owner, err := s.Owner(set.NS_UTS)
	noError(t, err)
	if owner != os.Geteuid() {
		t.Errorf("owned by %d, want %d", owner, os.Geteuid())
	}
}

func TestMountOutlivesTheSet(t *testing.T) {
	mnt := unshare(t, set.NS_MNT)
	s := unshare(t, set.NS_NET|set.NS_UTS)
	dir := t.TempDir()
	noError(t, mnt.Do(func() {
		want := id(t, s, set.NS_NET)
		noError(t, s.Mount(dir))
		noError(t, s.Close())
		again := closing(t)(set.FromDir(dir, 0))
		if got := id(t, again, set.NS_NET); got != want {
			t.Errorf("mounted %s, want %s", got, want)
		}
	}))
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("the folder has %v (%v), want net and uts", list, err)
	}
}

func TestMountOfAMountNamespace(t *testing.T) {
	need.Tool(t, "nsenter", "util-linux")
	outer, inner := unshare(t, set.NS_MNT), unshare(t, set.NS_MNT)
	file := filepath.Join(t.TempDir(), "mnt")
	bind := func(outer, inner set.Set) (err error) {
		noError(t, outer.Do(func() { err = inner.MountNS(0, file) }))
		return err
	}
	// Either can be bound in the other, never both: the kernel compares their IDs,
	// which since Linux 6.18 come from batches per CPU and need not tell the age.
	err := bind(outer, inner)
	if err != nil {
		outer, inner = inner, outer
		err = bind(outer, inner)
	}
	noError(t, err)
	if err := bind(inner, outer); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a loop of mount namespaces: %v, want EINVAL", err)
	}
	noError(t, outer.Do(func() {
		out, err := exec.Command("nsenter", "--mount="+file, "readlink", "/proc/self/ns/mnt").CombinedOutput()
		noError(t, err)
		if got := strings.TrimSpace(string(out)); got != id(t, inner, set.NS_MNT) {
			t.Errorf("nsenter is in %s, want %s", got, inner)
		}
	}))
}

func TestFailedMountLeavesNothing(t *testing.T) {
	s := unshare(t, set.NS_MNT|set.NS_UTS)
	dir := t.TempDir()
	noError(t, s.Do(func() {
		if err := s.Mount(dir); !errors.Is(err, unix.EINVAL) {
			t.Errorf("binding a mount namespace inside itself: %v, want EINVAL", err)
		}
		if mounted(t, filepath.Join(dir, "uts")) {
			t.Error("the mount before the failed one is still there")
		}
	}))
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("files are left: %v (%v)", list, err)
	}
}

func TestMountKeepsWhatIsBelowTheTarget(t *testing.T) {
	mnt := unshare(t, set.NS_MNT)
	s := unshare(t, set.NS_UTS)
	file := filepath.Join(t.TempDir(), "target")
	noError(t, os.WriteFile(file, []byte("precious"), 0o600))
	noError(t, mnt.Do(func() { noError(t, s.MountNS(0, file)) }))
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the target now has %q (%v)", text, err)
	}
}
