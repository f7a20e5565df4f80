// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestCloseThatFailsDoesNotKeepTheOthersOpen(t *testing.T) {
	s, err := set.Unshare(five)
	noError(t, err)
	noError(t, set.LoseFd(s, set.NS_CGROUP))
	noError(t, set.LoseFd(s, set.NS_NET))
	held := namespacesHeld(t)
	err = s.Close()
	if !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "close cgroup") || !strings.Contains(err.Error(), "close net") {
		t.Errorf("%v, want both that were bad", err)
	}
	if now := namespacesHeld(t); now != held-3 {
		t.Errorf("%d of the other 3 are still open", now-(held-3))
	}
}

// A seccomp filter fails the close of the folder that FromPid reads. Which number it has
// is up to the kernel, and a file that the garbage collector closes spoils the guess.
func TestFromPidGivesNoSetWithAnError(t *testing.T) {
	for t.Context().Err() == nil {
		held := namespacesHeld(t)
		number := lowestFree()
		var s set.Set
		err := onFilteredThread(t, failClose(number), func() (err error) {
			s, err = set.FromPid(os.Getpid(), 0)
			return err
		})
		if err == nil {
			noError(t, s.Close())
			continue
		}
		noError(t, unix.Close(number)) // the filter has kept it open
		if !errors.Is(err, unix.EIO) || s != (set.Set{}) {
			t.Errorf("%s and %v, want no Set and EIO", s, err)
		}
		if now := namespacesHeld(t); now != held {
			t.Errorf("%d namespaces are held, want %d", now, held)
		}
		return
	}
}

// failClose is a filter by which close(2) of one descriptor fails.
func failClose(number int) []unix.SockFilter {
	const firstArgument = 16 // its lower half in struct seccomp_data, on the little-endian
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_CLOSE, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: firstArgument},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(number), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EIO)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
}

// onFilteredThread runs f on a thread with a filter, which ends with it.
func onFilteredThread(t *testing.T, filter []unix.SockFilter, f func() error) error {
	outcome := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := installFilter(filter, 0); err != nil {
			t.Error(err)
		}
		outcome <- f()
	}()
	return <-outcome
}

func TestMountDoesNotFollowASymbolicLink(t *testing.T) {
	mnt, s := unshare(t, set.NS_MNT), unshare(t, set.NS_UTS)
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	noError(t, os.WriteFile(victim, nil, 0o600))
	noError(t, os.Symlink(victim, filepath.Join(dir, "uts")))
	noError(t, mnt.Do(func() {
		for name, err := range map[string]error{
			"MountNS": s.MountNS(0, filepath.Join(dir, "uts")),
			"Mount":   s.Mount(dir),
		} {
			if !errors.Is(err, unix.ELOOP) || !strings.Contains(err.Error(), filepath.Join(dir, "uts")) {
				t.Errorf("%s: %v, want ELOOP with the path", name, err)
			}
		}
		if mounted(t, victim) {
			t.Error("the namespace was mounted on what the link leads to")
		}
	}))
	// One that leads nowhere is no place to make a file.
	noError(t, os.Remove(victim))
	noError(t, mnt.Do(func() {
		if err := s.MountNS(0, filepath.Join(dir, "uts")); !errors.Is(err, unix.ELOOP) {
			t.Errorf("%v, want ELOOP", err)
		}
	}))
	if _, err := os.Lstat(victim); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made where the link leads: %v", err)
	}
}

func init() {
	selfexec.Register("masked", func() error {
		for name, err := range map[string]error{
			"Current": second(set.Current(0)),
			"FromPid": second(set.FromPid(os.Getpid(), 0)),
			"Unshare": second(set.Unshare(set.NS_UTS)),
			"new pid": second(set.Unshare(set.NS_PID)),
		} {
			fmt.Printf("%s: %v\n", name, err)
		}
		return nil
	})
}

// Where something is mounted over /proc no namespace can be found, which is not the same
// as to find none.
func TestMaskedProcIsAnError(t *testing.T) {
	s := unshare(t, set.NS_MNT)
	exe, err := os.Executable()
	noError(t, err)
	noError(t, s.Do(func() { noError(t, unix.Mount("tmpfs", "/proc", "tmpfs", 0, "")) }))
	cmd := s.Command(t.Context(), exe)
	cmd.Env = selfexec.Env("masked")
	out, err := cmd.Output() // the race detector complains to stderr
	noError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 {
		t.Fatalf("%s", out)
	}
	for _, line := range lines {
		if !strings.Contains(line, "/proc is missing") || !strings.Contains(line, "mount -t proc") {
			t.Errorf("%s, want cause and remedy", line)
		}
	}
}
