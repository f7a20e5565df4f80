// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
)

// ErrNeedsProcess reports that no thread of a Go program can join the Set, because the
// Set holds a user or a time namespace that is not the process's own. Leave that kind
// out with [Set.Dup], or start a process in the Set: [Set.Command] for a program,
// package reexec for a function.
var ErrNeedsProcess = errors.New("only a process can join it, no thread: leave the kind out with Set.Dup, " +
	"or start a process with Set.Command or package reexec")

// Do runs f in the Set's namespaces and waits for it. For the kinds that the Set lacks,
// f runs in those of the process, even if Do is called inside of another Do.
//
// f runs on a new goroutine, on a thread of its own that ends with it: whatever f does
// to its thread, no other goroutine notices. The caller and its thread stay as they
// are. Goroutines that f starts are not in the Set; they call Do themselves.
// /proc/self, /proc/net and /proc/mounts describe the process, not f's thread: read
// /proc/thread-self instead. See "What a goroutine in a namespace sees" in the
// package's documentation.
//
// In another mount namespace f runs in the folder that has the name of the working
// directory, or in / where there is none. The thread has a working directory of its own
// there: [os.Chdir] in f moves f alone. Call t.Chdir of package testing before Do, not in
// f: its clean-up runs outside of f, and would leave the process in a folder of f's mount
// namespace.
//
// If f calls [runtime.UnlockOSThread] more often than LockOSThread, up to 31 times
// more do no harm. Beyond that Go may run other goroutines on the thread while it is
// in the Set. Do cannot prevent that; it panics if f ends on another thread than it
// began on.
//
// An error means that f did not run. If f fails, Do fails in the same way: a panic is
// raised again on the caller's goroutine, as a [*PanicError], and [runtime.Goexit] ends
// the caller's goroutine, and so do t.FailNow, t.Skip and all that testing libraries
// build on them.
func (s Set) Do(f func()) error {
	return s.DoRaw(func() bool { f(); return false }, false)
}

// DoRaw is [Set.Do], except that the thread is used again if restore is true, f returns
// true and the kernel lets the thread go back. It cannot go back from a mount or ipc
// namespace. A thread that is not proven to be back where it started ends with f; that
// is not an error.
//
// f must return false when it changed its thread in ways that joining the
// process's namespaces does not undo: other namespaces than the Set's kinds, its
// credentials, its capabilities.
func (s Set) DoRaw(f func() bool, restore bool) error {
	if err := s.acquire("do"); err != nil {
		return err
	}
	defer s.release()
	if err := s.checkThread("do"); err != nil {
		return err
	}
	var err error
	defer creation.Begin(s.fds[:]).End()
	onThread(func() (clean bool) {
		var moved int
		if moved, err = s.join(s.differs); err != nil {
			return procns.Restore(moved)
		}
		clean = f()
		return clean && restore && procns.Restore(moved)
	})
	return err
}

// Enter moves the calling goroutine into the Set for the rest of its life: the
// goroutine stays on its thread, and the thread ends with it. For the kinds that the
// Set lacks, the goroutine stays where it is. Enter is meant for a goroutine that works
// in a namespace until its end, such as a test or a server; for anything shorter, use
// [Set.Do]. Up to 1023 unpaired calls of [runtime.UnlockOSThread] do no harm; with
// more, the goroutine may find itself outside, and other goroutines inside.
//
// On the main thread Enter is an error: Go never ends that thread, and once it has
// moved, /proc/self shows its namespaces to other programs as those of this process. If
// Enter fails half-way, the goroutine is in some of the namespaces but not in others,
// and should end.
func (s Set) Enter() error {
	if err := s.acquire("enter"); err != nil {
		return err
	}
	defer s.release()
	if _, main := thread.Lock(thread.LocksForLife); main {
		thread.Unlock(thread.LocksForLife)
		return newError("enter", s.flags, errMainThread)
	}
	differs, err := s.differsHere()
	if err == nil && differs&^kind.Thread != 0 {
		err = newError("enter", differs&^kind.Thread, ErrNeedsProcess)
	}
	if err != nil {
		thread.Unlock(thread.LocksForLife)
		return err
	}
	moved, err := s.join(differs)
	if moved == 0 {
		thread.Unlock(thread.LocksForLife)
		return err
	}
	if site := creation.Here(); site.Known() {
		tid := creation.Thread(sys.Gettid())
		creation.Add(tid, "moved", site, tid)
	}
	return err
}

var errMainThread = errors.New("this is the main thread: call it on another goroutine, " +
	"or keep goroutines off it with runtime.LockOSThread in an init function")

// differsHere has the kinds in which the Set is not where the calling thread is.
func (s Set) differsHere() (flags int, err error) {
	for i := range kind.Table {
		k := &kind.Table[i]
		if s.flags&k.Flag == 0 {
			continue
		}
		here, e := procns.Here(k)
		if errors.Is(e, fs.ErrNotExist) && k.Flag == NS_PID {
			e = nil // no first process lives in the thread's new pid namespace, which so is no Set's
		}
		there, e2 := s.fds[i].InodeID()
		if e = errors.Join(e, e2); e != nil {
			err = errors.Join(err, newError("compare", k.Flag, e))
		}
		if here != there {
			flags |= k.Flag
		}
	}
	return flags, err
}

// checkThread makes sure that a thread can join the Set.
func (s Set) checkThread(op string) error {
	if hard := s.differs &^ kind.Thread; hard != 0 {
		return newError(op, hard, ErrNeedsProcess)
	}
	return nil
}

// join moves the calling thread into the Set's namespaces of the kinds in flags
// and returns those it moved in, also when it fails half-way.
func (s Set) join(flags int) (moved int, err error) {
	if flags&NS_PID != 0 {
		sys.PrimePidfd()
	}
	for i := range kind.Table {
		k := &kind.Table[i]
		if flags&k.Flag == 0 {
			continue
		}
		setns := sys.Setns
		if k.Flag == NS_MNT {
			moved |= k.Flag // from here on there is no way back
			setns = setnsMount
		}
		if err := setns(s.fds[i], k.Flag); err != nil {
			return moved, newError("setns", k.Flag, err)
		}
		moved |= k.Flag
	}
	return moved, nil
}

// setnsMount joins a mount namespace and stays in the folder of the same name. The kernel
// puts the thread into the root of the namespace (setns(2)), which is where it is left if
// the working directory has no name, or that folder is not there.
func setnsMount(fd *sys.FD, flag int) error {
	dir, nameless := sys.Getwd()
	if err := sys.UnshareFS(); err != nil {
		return fmt.Errorf("unshare fs: %w", err)
	}
	if err := sys.Setns(fd, flag); err != nil {
		return err
	}
	if nameless == nil {
		_ = sys.Chdir(dir)
	}
	return nil
}

// A PanicError carries a panic from the goroutine that ran the function to the one that
// called [Set.Do].
type PanicError struct {
	// Recovered is the original value of the panic.
	Recovered any
	// Stack is where it was raised, as [runtime/debug.Stack] formats it.
	Stack []byte
}

func (p *PanicError) Error() string {
	if p == nil {
		return "<nil>"
	}
	return fmt.Sprintf("%v\n\ngonso: the panic was raised here:\n\n%s", p.Recovered, raised(p.Stack))
}

// raised leaves out of a stack what is above the panic, and below the function that ran in the
// Set: how this package called it. A call has two lines, of which the second names the file.
func raised(stack []byte) string {
	lines := strings.SplitAfter(string(stack), "\n")
	first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "panic(") }) + 2
	if first < 2 {
		return string(stack) // of thread.ErrUnlocked, which is nobody's panic
	}
	ours := func(call int) bool {
		return strings.Contains(lines[call+1], "/set/do.go:") || strings.Contains(lines[call+1], "/internal/thread/thread.go:")
	}
	for first+1 < len(lines) && ours(first) {
		first += 2 // a Do in f, whose own panic is told of
	}
	last := first
	for last+1 < len(lines) && !ours(last) {
		last += 2
	}
	return lines[0] + strings.Join(lines[first:last], "")
}

// Unwrap returns the original value if it is an error.
func (p *PanicError) Unwrap() error {
	if p == nil {
		return nil
	}
	err, _ := p.Recovered.(error)
	return err
}

// onThread is [thread.Run], whose ending becomes the caller's.
func onThread(work func() (restored bool)) {
	switch end := thread.Run(work); {
	case end.Panic != nil:
		panic((*PanicError)(end.Panic))
	case end.Goexit:
		runtime.Goexit()
	}
}
