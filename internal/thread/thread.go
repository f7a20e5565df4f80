// SPDX-License-Identifier: Apache-2.0

// Package thread runs functions on threads of their own, in whatever state they leave these.
//
// A goroutine that is locked to its thread takes the thread with it when it ends, unless it has
// unlocked it. There are two difficulties. Go never ends the main thread, and if that thread were
// in other namespaces, /proc/self would show other programs the wrong ones for this process: so
// nothing is run on it. And Go counts the locks, so that code which unlocks more often than it
// locks would unlock the thread: so each is locked many times over.
//
// A goroutine cannot choose its thread. One that Go has put on the main thread has another goroutine
// do the work, and ends there while it is locked. Go then parks the main thread for as long as the
// process lives (mexit in runtime/proc.go), so that no second goroutine gets there, and no goroutine
// is left that a leak checker would find. A program that wants the main thread for itself locks its main
// goroutine to it in an init function, as package runtime says: then no other is ever put there.
package thread

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// How often a thread is locked that may leave the namespaces it started in.
const (
	Locks        = 32      // costs what one system call does
	LocksForLife = 1 << 10 // where nobody looks at the end
)

// Lock ties the calling goroutine to its thread, and returns which one that is and
// whether it is the main one.
func Lock(times int) (id uintptr, main bool) {
	for range times {
		runtime.LockOSThread()
	}
	id = self()
	return id, id == mainThread
}

// Unlock takes back as many locks. It is for the main thread, and for a thread that is proven
// to be as it was.
func Unlock(times int) {
	for range times {
		runtime.UnlockOSThread()
	}
}

// Run runs work on a new goroutine that has a thread for itself, never the main one, and waits
// for it. Where Go has put the goroutine on the main thread, it stays there for good, and another one works. The thread is used again only if work returns true, which says that it is as it was; it
// ends with the goroutine otherwise.
func Run(work func() (restored bool)) Ending {
	done := make(chan Ending, 1)
	go locked(work, done)
	return <-done
}

// Go is [Run] without waiting. Where work panics, the program does.
func Go(work func() (restored bool)) {
	go func() {
		done := make(chan Ending, 1)
		locked(work, done)
		(<-done).Relay()
	}()
}

func locked(work func() bool, done chan<- Ending) {
	id, main := Lock(Locks)
	if main {
		go locked(work, done)
		return // locked, so that no other goroutine gets there
	}
	end, restored := Ending{Goexit: true}, false
	defer func() {
		if end.Goexit {
			if v := recover(); v != nil {
				end = Ending{Panic: &Panic{Recovered: v, Stack: debug.Stack()}}
			}
		}
		runtime.LockOSThread() // if work took all locks back, the thread still ends here
		switch {
		case self() == id:
			if restored {
				Unlock(Locks + 1)
			}
		case end.Panic == nil:
			end = Ending{Panic: &Panic{Recovered: ErrUnlocked, Stack: debug.Stack()}}
		}
		done <- end
	}()
	restored = work()
	end = Ending{}
}

// ErrUnlocked is the panic of work that ended on another thread than it began on.
var ErrUnlocked = errors.New("gonso: what ran on a thread of its own called runtime.UnlockOSThread far more often than " +
	"runtime.LockOSThread and lost the thread, which may still be in a Set and may run any goroutine")

// An Ending is how a function ended; the zero value is by returning.
type Ending struct {
	Panic  *Panic
	Goexit bool
}

// A Panic is one that was caught, to be raised elsewhere.
type Panic struct {
	Recovered any    // the original value
	Stack     []byte // where it was raised, as [debug.Stack] formats it
}

// String has both, for a program that ends because of the panic.
func (p *Panic) String() string { return fmt.Sprintf("%v\n\n%s", p.Recovered, p.Stack) }

// Relay ends the calling goroutine the same way.
func (e Ending) Relay() {
	switch {
	case e.Panic != nil:
		panic(e.Panic)
	case e.Goexit:
		runtime.Goexit()
	}
}
