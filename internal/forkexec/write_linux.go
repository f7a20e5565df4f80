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
		s.emitHide()
		s.emitDeathSignal(unix.SIGKILL)
		s.emit(Session, unix.SYS_SETPGID, 0, 0)
		if err := s.emitJoins(joins, true); err != nil {
			return err
		}
		s.emitCloseAll(uintptr(s.channel))
		// The lowest number is free: it opens as 0.
		at := unix.AT_FDCWD
		s.emit(Open, unix.SYS_OPENAT, uintptr(at), file, unix.O_WRONLY)
		s.emit(WriteFile, unix.SYS_WRITE, 0, data, uintptr(len(text)))
		done = s.emitAnnounce(&record{})
		end := new(label)
		s.emitWait(end)
		s.mark(end)
		s.emitExit()
		return nil
	})
	if err != nil {
		return err
	}
	defer c.thread.release()
	h := &holding{child: c, watch: c.watchGroup(), kept: map[int32]message{}}
	_, err = h.await(done)
	return errors.Join(err, c.killGroup(), c.channel.Close())
}
