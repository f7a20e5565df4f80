// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// How new namespaces come into being that only another process can have:
//
//  1. A child joins, unshares, and closes every descriptor but its end of the
//     channel. If a new pid namespace is to lie in a joined one, a second child,
//     born in there, does so instead (unshare(2): EINVAL otherwise).
//  2. It announces itself and waits for a byte. The parent configures it: ID maps and
//     time offsets are written from outside, and must be there before
//     anybody is born into the namespaces.
//  3. It clones the first process of a new pid namespace, which announces itself too.
//     Only now can the parent read all of the namespaces.
//  4. It is killed and reaped. The first process of the pid namespace stays.
//
// That init is a copy of this process, as it was (copy-on-write: it costs the memory
// that this process changes from then on). It ignores SIGCHLD, so that the kernel reaps
// every orphan (sigaction(2), SA_NOCLDWAIT), has no descriptor but the channel, and
// waits for its end: the parent closes it, or dies, however it does. With an
// init the kernel ends its pid namespace.

// A Holder keeps the first process of a new pid namespace alive, if there is one.
type Holder struct {
	pid      int
	lifeline *sys.FD
	close    sync.Once
	err      error
}

// patience is how long Close waits for the end of an init. It comes at once, unless a
// process of its namespace, a child of ours, has yet to be waited for: the kernel
// does not let an init go before (pid_namespaces(7)).
const patience = 100 * time.Millisecond

// Hold makes new namespaces of the kinds in unshare from inside of those that it joins.
// They exist for as long as somebody has them open, which is up to setup.Read, and a
// new pid namespace is alive until its Holder is closed. A failure of the child is
// an [*Error].
func Hold(joins []Join, unshare int, setup Setup) (h *Holder, err error) {
	var p plan
	c, err := launch(3, func(s *script) (err error) {
		p, err = s.holds(joins, unshare, setup.Propagation)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.release() // none of these asks for a death signal
	procs := processes{c.pid}
	defer func() {
		if err != nil {
			h, err = nil, errors.Join(err, c.channel.Close(), procs.kill())
		}
	}()
	announcements := []int32{p.ready}
	if p.nested {
		announcements = []int32{p.moved, p.ready}
	}
	held, err := c.await(&procs, announcements...)
	if err != nil {
		return nil, err
	}
	if p.nested {
		if err := procs.end(c.pid); err != nil {
			return nil, err
		}
	}
	if setup.Configure != nil {
		if err := setup.Configure(held); err != nil {
			return nil, err
		}
	}
	if err := retry(func() error { return unix.Send(c.channel.Int(), []byte{1}, unix.MSG_NOSIGNAL) }); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	h = &Holder{}
	if p.init {
		h.lifeline = c.channel
		if h.pid, err = c.await(&procs, p.alive); err != nil {
			return nil, err
		}
	}
	if setup.Read != nil {
		if err := setup.Read(held); err != nil {
			return nil, err
		}
	}
	if err := procs.end(held); err != nil {
		return nil, err
	}
	if h.lifeline == nil {
		err = c.channel.Close()
	}
	return h, err
}

// PID returns the pid of the first process of the new pid namespace, or 0.
func (h *Holder) PID() int { return h.pid }

// Close ends the new pid namespace with all processes in it.
func (h *Holder) Close() error {
	h.close.Do(func() {
		if h.pid == 0 {
			return
		}
		h.err = h.lifeline.Close()
		reaped := make(chan error, 1)
		go func() {
			_, err := reap(h.pid)
			reaped <- err
		}()
		select {
		case err := <-reaped:
			h.err = errors.Join(h.err, err)
		case <-time.After(patience):
		}
	})
	return h.err
}

// A plan tells which calls of a script announce what.
type plan struct {
	nested, init        bool
	moved, ready, alive int32
}

func (s *script) holds(joins []Join, unshare int, propagation uintptr) (p plan, err error) {
	p.init = unshare&unix.CLONE_NEWPID != 0
	p.nested = p.init && joined(joins, unix.CLONE_NEWPID)
	if err := s.joins(joins, true); err != nil {
		return p, err
	}
	second, inner := &record{}, 0
	if p.nested {
		inner = s.clones(0, &second.result)
	}
	if err := s.unshares(unshare, propagation); err != nil {
		return p, err
	}
	s.closes()
	p.ready = s.announces(&record{})
	abandoned := s.waits()
	if p.init {
		outer := s.clones(0, nil)
		// What this process has in memory is nobody's business in the namespace.
		s.does(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0).at(Signal, 0)
		s.does(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), s.ignored(), 0, 8).at(Signal, 0)
		// It shall keep nobody from unmounting.
		root, err := s.text("/")
		if err != nil {
			return p, err
		}
		s.does(unix.SYS_CHDIR, root).at(Chdir, 0).or(regardless)
		p.alive = s.announces(&record{})
		s.calls[outer].to = s.next()
	}
	// Nothing more is sent: both wait for the end of the channel.
	forever := s.waits()
	s.calls[abandoned].to, s.calls[forever].to = s.next(), s.next()
	s.exits()
	if p.nested {
		s.calls[inner].to = s.next()
		p.moved = s.announces(second)
		s.exits()
	}
	return p, nil
}

// closes closes all descriptors but the channel. Whoever stays for long would keep
// this process's pipes and sockets open.
func (s *script) closes() {
	s.does(unix.SYS_CLOSE_RANGE, 0, uintptr(s.channel-1), 0).at(Files, 0)
	s.does(unix.SYS_CLOSE_RANGE, uintptr(s.channel+1), uintptr(^uint32(0)), 0).at(Files, 0)
}

// processes are children that have not been waited for.
type processes []int

func (ps *processes) add(pid int) {
	if pid > 0 && !slices.Contains(*ps, pid) {
		*ps = append(*ps, pid)
	}
}

// end kills one of them.
func (ps *processes) end(pid int) error {
	*ps = slices.DeleteFunc(*ps, func(p int) bool { return p == pid })
	return kill(pid)
}

func (ps *processes) kill() (err error) {
	for _, pid := range slices.Clone(*ps) {
		err = errors.Join(err, ps.end(pid))
	}
	return err
}

// await receives the announcements of these calls, and returns who sent the last one.
func (c *child) await(procs *processes, calls ...int32) (pid int, err error) {
	last := calls[len(calls)-1]
	for missing := len(calls); missing > 0; {
		r, sender, err := c.receive()
		if errors.Is(err, io.EOF) {
			return 0, errors.New("forkexec: the child was killed")
		}
		if err != nil {
			return 0, err
		}
		procs.add(sender)
		procs.add(int(r.result))
		if err := c.script.failure(r); err != nil {
			return 0, err
		}
		if r.call == last {
			pid = sender
		}
		missing--
	}
	return pid, nil
}
