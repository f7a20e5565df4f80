// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Start starts the first of the programs that exists and may be executed, as
// execvp(3) does, with the namespaces joined: the paths are looked up inside. A
// failure of the child is an [*Error]. The process has to be waited for.
func Start(paths, argv []string, attr *Attr) (*Process, error) {
	if len(paths) == 0 || len(argv) == 0 {
		return nil, errors.New("forkexec: no program or no arguments")
	}
	var second bool
	c, err := launch(max(3, len(attr.Files)), func(s *script) (err error) {
		second, err = s.program(paths, argv, attr)
		return err
	})
	if err != nil {
		return nil, err
	}
	pid, err := c.executed(second)
	if err != nil {
		c.release()
		return nil, err
	}
	// The child is ours and nobody has waited for it, so the pid is still its own.
	p, err := os.FindProcess(pid)
	if err != nil {
		c.release()
		return nil, err
	}
	return &Process{p, c.release}, nil
}

// executed waits until the program runs, and returns its pid.
func (c *child) executed(second bool) (pid int, err error) {
	defer c.channel.Close()
	pid = c.pid
	if second {
		pid = 0
	}
	for {
		r, _, rerr := c.receive()
		if errors.Is(rerr, io.EOF) {
			break
		}
		failed := c.script.failure(r)
		switch {
		case rerr != nil:
			err = errors.Join(err, rerr)
		case failed != nil:
			err = failed
		default:
			pid = int(r.result)
		}
	}
	if second {
		status, rerr := reap(c.pid)
		if err == nil && pid == 0 {
			err = fmt.Errorf("forkexec: the child ended early (wait status %#x)", uint32(status))
		}
		err = errors.Join(err, rerr)
	}
	if err == nil || pid == 0 {
		return pid, err
	}
	_, rerr := reap(pid)
	return 0, errors.Join(err, rerr)
}

// program writes the script of a process that becomes a program, and tells whether it
// is a second one that does.
func (s *script) program(paths, argv []string, attr *Attr) (second bool, err error) {
	sys := attr.Sys
	if sys == nil {
		sys = &syscall.SysProcAttr{}
	}
	if err := refuse(sys); err != nil {
		return false, err
	}
	// Until it executes a program the child has this process's memory, and nobody who
	// waits in one of the namespaces shall read it (CVE-2016-9962). execve undoes this.
	s.does(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0).at(Signal, 0)
	if sys.Setpgid && sys.Pgid != 0 {
		// The number means something on this side of a pid namespace only.
		s.does(unix.SYS_SETPGID, 0, uintptr(sys.Pgid)).at(Session, 0)
	}
	s.reserve(attr)
	there, err := s.setsOut(attr)
	if err != nil {
		return false, err
	}
	unshare := int(sys.Unshareflags)
	// What is to go on by itself has to be root.
	if err := s.joins(attr.Joins, sys.Credential == nil || there.outside != 0); err != nil {
		return false, err
	}
	if err := s.unshares(unshare, attr.Propagation); err != nil {
		return false, err
	}
	second = joined(attr.Joins, unix.CLONE_NEWPID) || unshare&(unix.CLONE_NEWPID|unix.CLONE_NEWTIME) != 0
	if !second {
		return false, s.becomes(paths, argv, attr, sys, &there, true)
	}
	// The first process waits (CLONE_VFORK) until the second executes or ends.
	born := &record{}
	at := s.clones(unix.CLONE_VFORK, &born.result)
	if err := s.becomes(paths, argv, attr, sys, &there, false); err != nil {
		return true, err
	}
	s.calls[at].to = s.next()
	// It is also the witness that the parent was still there after the second process
	// had asked for its death signal: inside of a pid namespace, getppid is 0.
	orphaned := s.jumps(unix.SYS_GETPPID, uintptr(os.Getpid()))
	s.announces(born)
	s.exits()
	s.calls[orphaned].to = s.next()
	s.does(unix.SYS_KILL, 0, uintptr(unix.SIGKILL)).or(regardless).onKept = true
	s.exits()
	return true, nil
}
