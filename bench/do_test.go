// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"runtime"
	"testing"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"golang.org/x/sys/unix"
)

// Kinds that a thread can join and come back from.
const (
	three = gonso.NS_CGROUP | gonso.NS_NET | gonso.NS_UTS
	four  = three | gonso.NS_PID
)

// BenchmarkReused runs a function in a Set, on a thread that is used again, with as many CPUs at work as may be.
func BenchmarkReused(b *testing.B) {
	for _, c := range []struct {
		name  string
		flags int
		procs int
	}{
		{"kinds=1/procs=1", gonso.NS_NET, 1},
		{"kinds=1/procs=2", gonso.NS_NET, 2},
		{"kinds=1/procs=4", gonso.NS_NET, 4},
		{"kinds=3/procs=2", three, 2},
		{"kinds=4/procs=2", four, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			before := runtime.GOMAXPROCS(c.procs)
			defer runtime.GOMAXPROCS(before)
			s := unshare(b, c.flags)
			b.Run("who=gonso", func(b *testing.B) { runAgain(b, s) })
			b.Run("who=floor", func(b *testing.B) { switchAgain(b, s) })
			b.Run("who=watched", func(b *testing.B) {
				creation.Watch(true) // as nstest.Main does, for its leak check
				defer creation.Watch(false)
				runAgain(b, s)
			})
			if hasThreadPidfds() {
				b.Run("who=pidfd", func(b *testing.B) { switchByPidfd(b, s) })
			}
			if c.flags == gonso.NS_NET {
				b.Run("who=CNI", doOfCNI)
			}
		})
	}
}

func runAgain(b *testing.B, s gonso.Set) {
	for b.Loop() {
		check(b, s.DoRaw(func() bool { return true }, true))
	}
}

// doOfCNI does the same with CNI's helper, which has one way only.
func doOfCNI(b *testing.B) {
	peer := newNS(b)
	b.Cleanup(func() { drop(b, peer) })
	for b.Loop() {
		check(b, peer.Do(func(ns.NetNS) error { return nil }))
	}
}

// switchAgain is the floor of runAgain.
func switchAgain(b *testing.B, s gonso.Set) {
	there, back := descriptors(b, s), descriptors(b, current(b, s.Flags()))
	for b.Loop() {
		check(b, thereAndBack(there, back))
	}
}

// switchByPidfd goes there and back by descriptors of threads that are there, which takes one setns(2) for all kinds.
func switchByPidfd(b *testing.B, s gonso.Set) {
	there, back := threadIn(b, descriptors(b, s)), threadIn(b, nil)
	for b.Loop() {
		check(b, thereAndBack([]place{{there, s.Flags()}}, []place{{back, s.Flags()}}))
	}
}

// hasThreadPidfds reports whether the kernel gives descriptors of threads, as it does from Linux 6.9 on.
func hasThreadPidfds() bool {
	fd, err := unix.PidfdOpen(unix.Getpid(), unix.PIDFD_THREAD)
	return err == nil && unix.Close(fd) == nil
}

// threadIn returns a pidfd of a thread that stays in namespaces until the benchmark has ended.
func threadIn(b *testing.B, there []place) (pidfd int) {
	type thread struct {
		pidfd int
		err   error
	}
	begun, over := make(chan thread), make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked, so that the thread ends
		err := join(there)
		pidfd := -1
		if err == nil {
			pidfd, err = unix.PidfdOpen(unix.Gettid(), unix.PIDFD_THREAD)
		}
		begun <- thread{pidfd, err}
		<-over
	}()
	t := <-begun
	b.Cleanup(func() { close(over); check(b, unix.Close(t.pidfd)) })
	check(b, t.err)
	return t.pidfd
}

// thereAndBack has a thread that is used again go there and back.
func thereAndBack(there, back []place) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := join(there)
		if e := join(back); err == nil {
			err = e
		}
		runtime.UnlockOSThread()
		done <- err
	}()
	return <-done
}

// BenchmarkDiscarded runs a function in a Set, on a thread that ends with it.
func BenchmarkDiscarded(b *testing.B) {
	s := unshare(b, gonso.NS_NET)
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			check(b, s.Do(func() {}))
		}
	})
	b.Run("who=floor", func(b *testing.B) {
		there := descriptors(b, s)
		done := make(chan error)
		for b.Loop() {
			go func() {
				runtime.LockOSThread() // never unlocked, so that the thread ends
				done <- join(there)
			}()
			check(b, <-done)
		}
	})
	b.Run("who=CNI", doOfCNI)
}

// A place is a namespace by descriptor.
type place struct{ fd, flag int }

func descriptors(b *testing.B, s gonso.Set) (places []place) {
	fds, err := s.Fds(0)
	check(b, err)
	b.Cleanup(func() { check(b, fds.Close()) })
	for flag, file := range fds {
		places = append(places, place{int(file.Fd()), flag})
	}
	return places
}

func join(places []place) error {
	for _, p := range places {
		if err := unix.Setns(p.fd, p.flag); err != nil {
			return err
		}
	}
	return nil
}

func unshare(b *testing.B, flags int) gonso.Set {
	s, err := gonso.Unshare(flags)
	check(b, err)
	b.Cleanup(func() { check(b, s.Close()) })
	return s
}

func current(b *testing.B, flags int) gonso.Set {
	s, err := gonso.Current(flags)
	check(b, err)
	b.Cleanup(func() { check(b, s.Close()) })
	return s
}

func check(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
