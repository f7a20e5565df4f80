// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"os/exec"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// The floors are what the kernel and the Go runtime take for the same work, done
// with bare system calls and no care.

func BenchmarkDoRaw(b *testing.B) {
	for _, c := range []struct {
		name  string
		flags int
	}{{"net", set.NS_NET}, {"cgroup+net+pid+uts", set.NS_CGROUP | set.NS_NET | set.NS_UTS}} {
		s := unshare(b, c.flags)
		b.Run(c.name+"/gonso", func(b *testing.B) {
			for b.Loop() {
				noError(b, s.DoRaw(func() bool { return true }, true))
			}
		})
		b.Run(c.name+"/floor", func(b *testing.B) { floorDoRaw(b, s, c.flags) })
	}
}

// floorDoRaw moves a goroutine's thread there and back by descriptors.
func floorDoRaw(b *testing.B, s set.Set, flags int) {
	here, err := set.Current(flags)
	noError(b, err)
	defer here.Close()
	there, err := s.Fds(0)
	noError(b, err)
	defer there.Close()
	back, err := here.Fds(0)
	noError(b, err)
	defer back.Close()
	type move struct{ there, back, flag int }
	var moves []move
	for _, flag := range set.Kinds(flags) {
		moves = append(moves, move{int(there[flag].Fd()), int(back[flag].Fd()), flag})
	}
	done := make(chan error)
	for b.Loop() {
		go func() {
			runtime.LockOSThread()
			var err error
			for _, m := range moves {
				err = unix.Setns(m.there, m.flag)
			}
			for _, m := range moves {
				err = unix.Setns(m.back, m.flag)
			}
			runtime.UnlockOSThread()
			done <- err
		}()
		noError(b, <-done)
	}
}

func BenchmarkDo(b *testing.B) {
	s := unshare(b, set.NS_NET)
	b.Run("gonso", func(b *testing.B) {
		for b.Loop() {
			noError(b, s.Do(func() {}))
		}
	})
	b.Run("floor", func(b *testing.B) {
		fds, err := s.Fds(0)
		noError(b, err)
		defer fds.Close()
		fd := int(fds[set.NS_NET].Fd())
		done := make(chan error)
		for b.Loop() {
			go func() {
				runtime.LockOSThread() // and never unlocked: the thread ends
				done <- unix.Setns(fd, unix.CLONE_NEWNET)
			}()
			noError(b, <-done)
		}
	})
}

func BenchmarkUnshare(b *testing.B) {
	b.Run("gonso", func(b *testing.B) {
		for b.Loop() {
			s, err := set.Unshare(set.NS_NET)
			noError(b, err)
			noError(b, s.Close())
		}
	})
	b.Run("floor", func(b *testing.B) {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked
			var err error
			for b.Loop() {
				if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
					break
				}
			}
			done <- err
		}()
		noError(b, <-done)
	})
}

func BenchmarkCommand(b *testing.B) {
	s := unshare(b, set.NS_NET|set.NS_UTS)
	b.Run("gonso", func(b *testing.B) {
		for b.Loop() {
			noError(b, s.Command(b.Context(), "/bin/true").Run())
		}
	})
	b.Run("output", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Command(b.Context(), "/bin/echo", "x").CombinedOutput()
			noError(b, err)
		}
	})
	all := unshare(b, set.NS_USER|set.NS_PID|set.NS_NET|set.NS_UTS, set.WithRootMapped())
	b.Run("user+pid", func(b *testing.B) {
		for b.Loop() {
			noError(b, all.Command(b.Context(), "/bin/true").Run())
		}
	})
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			noError(b, exec.Command("/bin/true").Run())
		}
	})
}
