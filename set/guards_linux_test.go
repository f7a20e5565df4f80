// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func init() {
	selfexec.Register("main thread", onMainThread)
	selfexec.Register("forgotten", forgottenSet)
	selfexec.Register("processes of one number", processesOfOneNumber)
}

// act has a process of its own, in a session without a terminal, as in CI, do something, which is to succeed.
func act(t *testing.T, name string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(selfexec.Env(name), "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() { runtime.LockOSThread() } // keeps the main goroutine, which runs the acts, on the main thread

func TestNothingForeignRunsOnTheMainThread(t *testing.T) {
	unshare(t, set.NS_UTS)
	act(t, "main thread")
}

// onMainThread is what a goroutine does that Go has put on the main thread. This one is
// there for certain.
func onMainThread() (err error) {
	if unix.Gettid() != unix.Getpid() {
		return errors.New("not on the main thread, so this shows nothing")
	}
	s, err := set.Unshare(set.NS_UTS)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	before, err := os.Readlink("/proc/self/ns/uts")
	if err != nil {
		return err
	}
	if e := s.Enter(); e == nil || !strings.Contains(e.Error(), "this is the main thread") {
		err = errors.Join(err, fmt.Errorf("Enter: %v, want a refusal of the main thread", e))
	}
	after, e := os.Readlink("/proc/self/ns/uts")
	if e == nil && after != before {
		e = fmt.Errorf("the main thread was in %s, and is in %s", before, after)
	}
	return errors.Join(err, e)
}

func TestAForgottenSetIsClosed(t *testing.T) {
	unshare(t, set.NS_UTS)
	act(t, "forgotten")
}

// forgottenSet is in a process of its own, since nstest.Main has package creation remember Sets.
func forgottenSet() error {
	held := func(id string) (is bool, err error) {
		list, err := os.ReadDir("/proc/self/fd")
		for _, fd := range list {
			name, _ := os.Readlink("/proc/self/fd/" + fd.Name()) // of the folder itself there is no more
			is = is || name == id
		}
		return is, err
	}
	forget := func() (id string, err error) {
		s, err := set.Unshare(set.NS_UTS)
		if err != nil {
			return "", err
		}
		runtime.GC() // too early
		if id, err = s.ID(0); err != nil {
			return "", err
		}
		if is, err := held(id); !is {
			return "", fmt.Errorf("%s is not open while it is in use: %w", s, err)
		}
		return id, nil
	}
	id, err := forget()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		runtime.GC()
		if is, err := held(id); !is || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the descriptor of %s is still open", id)
		}
	}
}

func TestFromPidNeverMixesProcessesOfOneNumber(t *testing.T) {
	unshare(t, set.NS_UTS|set.NS_NET)
	act(t, "processes of one number")
}

// processesOfOneNumber reads process 42 while one such process ends and another
// begins, again and again, in a folder that stands for /proc.
func processesOfOneNumber() error {
	proc := os.Getenv("TMPDIR")
	const kinds = set.NS_UTS | set.NS_NET
	whole := make(map[string]bool) // what there is in /proc/42
	for _, name := range []string{"a", "b"} {
		s, err := set.Unshare(kinds)
		if err != nil {
			return err
		}
		defer s.Close()
		whole[s.String()] = true
		ns := filepath.Join(proc, name, "ns")
		if err := os.MkdirAll(ns, 0o755); err != nil {
			return err
		}
		for _, flag := range set.Kinds(kinds) {
			fd, err := set.FdOf(s, flag)
			if err != nil {
				return err
			}
			if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", fd), filepath.Join(ns, set.KindNames(flag))); err != nil {
				return err
			}
		}
	}
	swap := func(to string) error {
		next := filepath.Join(proc, "next")
		return errors.Join(os.Symlink(to, next), os.Rename(next, filepath.Join(proc, "42")))
	}
	if err := errors.Join(swap("a"), set.SetProc(proc)); err != nil {
		return err
	}
	stop, stopped := make(chan bool), make(chan error, 1)
	go func() {
		var err error
		for i := 0; err == nil; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				err = swap([]string{"b", "a"}[i%2])
			}
		}
		stopped <- err
	}()
	seen := make(map[string]bool)
	for i := 0; i < 2000 || len(seen) < 2; i++ {
		select {
		case err := <-stopped:
			return err
		default:
		}
		s, err := set.FromPid(42, kinds)
		if err != nil {
			return err
		}
		if !whole[s.String()] {
			return fmt.Errorf("%s is made of two processes: %v", s, whole)
		}
		seen[s.String()] = true
		if err := s.Close(); err != nil {
			return err
		}
	}
	close(stop)
	return <-stopped
}

func TestCloseWaitsForCallsInFlight(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	number, err := set.FdOf(s, set.NS_UTS)
	noError(t, err)
	name := id(t, s, set.NS_UTS)
	// What the number stands for, if it is open.
	descriptor := func() string {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", number))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		return target
	}
	noError(t, s.Do(func() {
		noError(t, s.Do(func() { noError(t, s.Close()) }))
		if got := descriptor(); got != name {
			t.Errorf("closed below a call in flight: %d is %q, want %s", number, got, name)
		}
	}))
	if got := descriptor(); got == name {
		t.Errorf("the last call did not close %s", got)
	}
}

// Who could drop a group might get at what the group is denied (CVE-2014-8989). The
// kernel leaves the choice to a caller with CAP_SETGID.
func TestRootMappedDeniesSetgroups(t *testing.T) {
	s := unshare(t, set.NS_USER, set.WithRootMapped())
	out, err := s.Command(t.Context(), "cat", "/proc/self/setgroups").Output()
	noError(t, err)
	if got := strings.TrimSpace(string(out)); got != "deny" {
		t.Errorf("setgroups is %q inside, want deny", got)
	}
}
