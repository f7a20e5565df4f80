// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// How new namespaces come into being that only another process can have:
//
//  1. A child joins, unshares, and closes every descriptor but its end of the channel and
//     the folder /proc.
//  2. It announces itself and waits for a byte. The parent has its ID maps written: that is
//     done from outside, and before anybody is born into the namespaces. Below a user
//     namespace that was joined, they are written for a stand-in.
//  3. If a new pid namespace is to lie in a joined one, a second child, born in there, unshares
//     it and goes on (unshare(2): EINVAL otherwise); the first one ends.
//  4. It clones the first process of the new pid namespace, which announces itself. Only now
//     can all of the namespaces be opened. It sends them.
//  5. It is killed and reaped. The first process of the pid namespace stays, and asks to die
//     with this process.
//
// That init is a copy of this process, as it was (copy-on-write: it costs the memory
// that this process changes from then on). It ignores SIGCHLD, so that the kernel reaps
// every orphan (sigaction(2), SA_NOCLDWAIT), has no descriptor but the channel, and
// waits for its end. It is killed by the parent or, if that ends, however it does, by the
// kernel. With an init the kernel ends its pid namespace.

// A Holder keeps the first process of a new pid namespace alive, if there is one.
type Holder struct {
	pid      int
	lifeline *sys.FD
	close    sync.Once
	err      error
}

// Hold makes new namespaces of the kinds in unshare from inside of those that it joins, and
// opens those that setup names. A new pid namespace is alive until its Holder is closed. A
// failure of the child is an [*Error].
func Hold(joins []Join, unshare int, setup Setup) (_ *Holder, opened []*sys.FD, err error) {
	var p plan
	c, err := launch(lowest, func(s *script) (err error) {
		p, err = s.holds(joins, unshare, setup)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	defer c.thread.release()
	h := &holding{child: c, plan: p, vigil: c.awaken(), kept: map[int32]message{}}
	if err := errors.Join(h.configure(setup.Configure), h.finish()); err != nil {
		for _, m := range h.kept {
			m.close()
		}
		if !h.reaped {
			err = errors.Join(err, c.killGroup())
		}
		return nil, nil, errors.Join(err, c.channel.Close())
	}
	return h.holder, h.kept[p.sent].fds, nil
}

// A holding is what a parent knows of a child that holds namespaces.
type holding struct {
	*child
	plan
	vigil  *vigil
	kept   map[int32]message // what has been received, by the index of its call
	failed bool
	reaped bool // the first process, so that the group's number is no longer ours
	holder *Holder
}

// configure has the ID maps written, and lets the child go on.
func (h *holding) configure(write func(int) error) (err error) {
	defer func() { h.failed = err != nil }()
	m, err := h.await(h.ready)
	if err != nil {
		return err
	}
	who := h.pid
	if h.standIn {
		who = int(m.result)
		if err := h.awaitImage(who); err != nil {
			return err
		}
	}
	if write != nil {
		if err := write(who); err != nil {
			return err
		}
	}
	if h.standIn {
		if err := kill(who); err != nil {
			return err
		}
	}
	return h.goOn()
}

// goOn sends the byte that a process waits for.
func (h *holding) goOn() error {
	err := retry(func() error { return unix.Send(h.channel.Int(), []byte{1}, unix.MSG_NOSIGNAL) })
	switch {
	case errors.Is(err, unix.EPIPE):
		return h.casualty(0)
	case err != nil:
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// finish waits until the namespaces are here, and ends who has held them.
func (h *holding) finish() error {
	if h.failed {
		return nil
	}
	h.holder = &Holder{}
	holders := []int{h.pid}
	if h.nested {
		m, err := h.await(h.moved)
		if err != nil {
			return err
		}
		// The first one is the last to be reaped: its pid is the number of the group.
		holders = []int{int(m.result), h.pid}
	}
	if h.init {
		m, err := h.await(h.alive)
		if err != nil {
			return err
		}
		h.holder = &Holder{pid: m.sender, lifeline: h.channel}
	}
	if _, err := h.await(h.sent); err != nil {
		return err
	}
	if !h.init {
		if err := h.channel.Close(); err != nil {
			return err
		}
	}
	for _, pid := range holders {
		if err := kill(pid); err != nil {
			return err
		}
	}
	h.reaped = true
	if !h.init {
		return nil
	}
	// It asks for a death signal only now that its parent is a thread which stays.
	if err := errors.Join(h.thread.end(), h.goOn()); err != nil {
		return errors.Join(err, kill(h.holder.pid))
	}
	if _, err := h.await(h.settled); err != nil {
		return errors.Join(err, kill(h.holder.pid))
	}
	return nil
}

// await waits for the message of a call.
func (h *holding) await(call int32) (message, error) {
	for {
		if m, ok := h.kept[call]; ok {
			return m, nil
		}
		m, err := h.receive(h.vigil)
		if errors.Is(err, io.EOF) {
			err = h.casualty(0)
		}
		if err == nil {
			err = h.script.failure(m.record)
		}
		if err != nil {
			return m, err
		}
		h.kept[m.call] = m
	}
}

// PID returns the pid of the first process of the new pid namespace, or 0.
func (h *Holder) PID() int { return h.pid }

// Close ends the new pid namespace with all processes in it.
func (h *Holder) Close() error {
	h.close.Do(func() {
		if h.pid == 0 {
			return
		}
		h.err = errors.Join(killSoon(h.pid), h.lifeline.Close())
	})
	return h.err
}
