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
	c, err := launch(3, func(s *script) error {
		file, err := s.text(path)
		if err != nil {
			return err
		}
		data, err := s.text(text)
		if err != nil {
			return err
		}
		if err := s.joins(joins, true); err != nil {
			return err
		}
		s.closes()
		// The lowest number is free: it opens as 0.
		at := unix.AT_FDCWD
		s.does(unix.SYS_OPENAT, uintptr(at), file, unix.O_WRONLY).at(Open, 0)
		s.does(unix.SYS_WRITE, 0, data, uintptr(len(text))).at(WriteFile, 0)
		done = s.announces(&record{})
		s.exits()
		return nil
	})
	if err != nil {
		return err
	}
	c.release() // as in Hold
	procs := processes{c.pid}
	_, err = c.await(&procs, done)
	return errors.Join(err, c.channel.Close(), procs.kill())
}
