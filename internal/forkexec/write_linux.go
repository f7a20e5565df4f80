// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Write writes text to a file that exists, in one write, from inside of the namespaces
// that it joins. It is for files such as /proc/PID/uid_map, where it matters in which
// user namespace they were opened (user_namespaces(7)).
func Write(joins []Join, path, text string) (err error) {
	var done int32
	c, err := launch(lowest, func(s *script) error {
		file, err := s.text(path)
		if err != nil {
			return err
		}
		data, err := s.text(text)
		if err != nil {
			return err
		}
		s.hides()
		s.dies(unix.SIGKILL)
		s.does(unix.SYS_SETPGID, 0, 0).at(Session, 0)
		if err := s.joins(joins, true); err != nil {
			return err
		}
		s.closes(uintptr(s.channel))
		// The lowest number is free: it opens as 0.
		at := unix.AT_FDCWD
		s.does(unix.SYS_OPENAT, uintptr(at), file, unix.O_WRONLY).at(Open, 0)
		s.does(unix.SYS_WRITE, 0, data, uintptr(len(text))).at(WriteFile, 0)
		done = s.announces(&record{})
		end := s.waits()
		s.calls[end].to = s.next()
		s.exits()
		return nil
	})
	if err != nil {
		return err
	}
	defer c.thread.release()
	h := &holding{child: c, vigil: c.awaken(), kept: map[int32]message{}}
	_, err = h.await(done)
	return errors.Join(err, c.killGroup(), c.channel.Close())
}
