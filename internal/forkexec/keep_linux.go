// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// How the first process of a pid namespace comes to outlive this one:
//
//  1. KeepInits gives those that are made from then on the program of package holder.
//  2. KeepInit sends one a byte. Until then it has waited for the end of the channel, which is its own end.
//  3. It goes on when its parent ends, is in no session of the parent's, and executes the program. So this process's
//     memory is gone before it can be seen inside.
//  4. That closes the channel, by which the parent learns that it is done.

// keeping has the program, and the Inits that have it, by their pid namespace.
var keeping struct {
	sync.Mutex
	program *sys.FD
	inits   map[sys.InodeID]*Init
}

// KeepInits lets KeepInit be called for the pid namespaces that Hold makes from now on. The program has to stay open.
func KeepInits(program *sys.FD) {
	keeping.Lock()
	defer keeping.Unlock()
	keeping.program = program
	keeping.inits = make(map[sys.InodeID]*Init)
}

// keepable returns the program, or nil.
func keepable() *sys.FD {
	keeping.Lock()
	defer keeping.Unlock()
	return keeping.program
}

// remember notes that the Init of a new pid namespace, which was opened among others, can be kept.
func (h *Init) remember(links []string, opened []*sys.FD) error {
	if h.pid == 0 || !h.keepable {
		return nil
	}
	for i, link := range links {
		if link != "pid_for_children" {
			continue
		}
		id, err := opened[i].InodeID()
		if err != nil {
			return fmt.Errorf("fstat: %w", err)
		}
		keeping.Lock()
		defer keeping.Unlock()
		keeping.inits[id] = h
	}
	return nil
}

// forget drops an Init that is about to end.
func (h *Init) forget() {
	keeping.Lock()
	defer keeping.Unlock()
	for id, other := range keeping.inits {
		if other == h {
			delete(keeping.inits, id)
		}
	}
}

// KeepInit has the first process of a pid namespace outlive this one, and returns its pid. It is 0 for a namespace whose
// first process is not of Hold, or has ended: others keep that alive, or nobody.
func KeepInit(namespace sys.InodeID) (pid int, err error) {
	keeping.Lock()
	h := keeping.inits[namespace]
	keeping.Unlock()
	if h == nil {
		return 0, nil
	}
	h.close.Do(func() { h.err = h.keep() })
	if h.err == nil && !h.kept {
		return 0, nil // it was closed meanwhile
	}
	return h.pid, h.err
}

// execTime is how long the process may take to execute a program of one page.
const execTime = 10 * time.Second

// keep is what Close does otherwise.
func (h *Init) keep() (err error) {
	defer func() {
		err = errors.Join(err, h.control.Close())
		h.kept = err == nil
	}()
	err = sys.Retry(func() error { return unix.Send(h.control.Int(), []byte{1}, unix.MSG_NOSIGNAL) })
	if err != nil {
		return fmt.Errorf("keep process %d: send: %w", h.pid, err)
	}
	if err := sys.WaitReadable(execTime, h.control); err != nil {
		return fmt.Errorf("keep process %d: %w", h.pid, err)
	}
	var failure [64]byte // more than a record has
	var n int
	err = sys.Retry(func() (err error) {
		n, err = unix.Read(h.control.Int(), failure[:])
		return err
	})
	if err == nil && n > 0 {
		err = errNotKept
	}
	if err != nil {
		return fmt.Errorf("keep process %d: %w", h.pid, err)
	}
	return nil
}

var errNotKept = errors.New("it could not execute the program that holds a namespace, and has ended")

// emitKeep writes what a first process does that is to outlive this one, in place of its end.
func (s *script) emitKeep(program uintptr) error {
	s.emit(Session, unix.SYS_SETSID).or(regardless) // it may lead a group already
	s.emitDeathSignal(0)
	argv, err := s.texts([]string{"gonso-holder"})
	if err != nil {
		return err
	}
	env, err := s.texts(nil)
	if err != nil {
		return err
	}
	empty, err := s.text("")
	if err != nil {
		return err
	}
	s.emit(Exec, unix.SYS_EXECVEAT, program, empty, argv, env, unix.AT_EMPTY_PATH)
	return nil
}
