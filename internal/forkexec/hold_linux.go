// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"io"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
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

// An Init keeps the first process of a new pid namespace alive, if there is one.
type Init struct {
	pid      int
	control  *sys.FD // the process ends when it is closed
	keepable bool    // it has the program for [KeepInit]
	close    sync.Once
	kept     bool
	err      error
}

// Hold makes new namespaces of the kinds in unshare from inside of those that it joins, and
// opens those that setup names. A new pid namespace is alive until its Init is closed. A
// failure of the child is an [*Error].
func Hold(joins []Join, unshare int, setup Setup) (_ *Init, opened []*sys.FD, err error) {
	var p plan
	c, err := launch(lowest, func(s *script) (err error) {
		p, err = s.emitHold(joins, unshare, setup)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	defer c.thread.release()
	h := &holding{child: c, plan: p, watch: c.watchGroup(), kept: map[int32]message{}}
	err = h.configure(setup.Configure)
	if err == nil {
		err = h.collect()
	}
	if err == nil {
		err = h.dismiss()
	}
	if err != nil {
		return nil, nil, errors.Join(err, h.abort())
	}
	first, sent := h.first(), h.kept[p.sent]
	if err := first.remember(setup.Open, sent.fds); err != nil {
		sent.close()
		return nil, nil, errors.Join(err, first.Close())
	}
	return first, sent.fds, nil
}

// A holding is what a parent knows of a child that holds namespaces.
type holding struct {
	*child
	plan
	watch  *watch
	kept   map[int32]message // what has been received, by the index of its call
	reaped bool              // the first process, so that the group's number is no longer ours
}

// configure is the first phase: it has the ID maps written, and lets the child go on.
func (h *holding) configure(write func(int) error) error {
	m, err := h.await(h.ready)
	if err != nil {
		return err
	}
	pid := h.pid
	if h.standIn {
		pid = int(m.result)
		if err := h.awaitImage(pid); err != nil {
			return err
		}
	}
	if write != nil {
		if err := write(pid); err != nil {
			return err
		}
	}
	if h.standIn {
		if err := kill(pid); err != nil {
			return err
		}
	}
	return h.goOn()
}

// collect is the second phase: it waits until the namespaces are here.
func (h *holding) collect() error {
	var calls []int32
	if h.nested {
		calls = append(calls, h.moved)
	}
	if h.init {
		calls = append(calls, h.alive)
	}
	for _, call := range append(calls, h.sent) {
		if _, err := h.await(call); err != nil {
			return err
		}
	}
	return nil
}

// dismiss is the third phase: it ends all but the first process of a new pid namespace.
func (h *holding) dismiss() error {
	if !h.init {
		if err := h.channel.Close(); err != nil {
			return err
		}
	}
	if h.nested {
		if err := kill(int(h.kept[h.moved].result)); err != nil {
			return err
		}
	}
	// The first one is the last to be reaped: its pid is the number of the group.
	if err := kill(h.pid); err != nil {
		return err
	}
	h.reaped = true
	if !h.init {
		return nil
	}
	// The first process asks for a death signal only now that its parent is a thread which stays.
	err := errors.Join(h.thread.end(), h.goOn())
	if err == nil {
		_, err = h.await(h.settled)
	}
	if err != nil {
		err = errors.Join(err, kill(h.first().pid))
	}
	return err
}

// abort ends what is left after an error.
func (h *holding) abort() (err error) {
	for _, m := range h.kept {
		m.close()
	}
	if !h.reaped {
		err = h.killGroup()
	}
	return errors.Join(err, h.channel.Close())
}

// first returns the Init of what has been collected.
func (h *holding) first() *Init {
	if !h.init {
		return &Init{}
	}
	return &Init{pid: h.kept[h.alive].sender, control: h.channel, keepable: h.keepable}
}

// await waits for the message of a call.
func (h *holding) await(call int32) (message, error) {
	for {
		if m, ok := h.kept[call]; ok {
			return m, nil
		}
		m, err := h.receive(h.watch)
		if errors.Is(err, io.EOF) {
			err = h.firstEnded(0)
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
func (h *Init) PID() int { return h.pid }

// Close ends the new pid namespace with all processes in it.
func (h *Init) Close() error {
	h.close.Do(func() {
		if h.pid == 0 {
			return
		}
		h.forget()
		h.err = errors.Join(killSoon(h.pid), h.control.Close())
	})
	return h.err
}
