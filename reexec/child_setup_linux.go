// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
)

// apply goes to the root directory that this process is to have. All threads share
// root, working directory and, by way of package syscall, the user.
func (s *setup) apply() (err error) {
	if s == nil {
		return nil
	}
	root := handshake.Inherit(rootFD, "root")
	defer func() { err = errors.Join(err, root.Close()) }()
	if os.Geteuid() != 0 {
		return nil // a process that is not root is there already (forkexec.Program)
	}
	defer func() { err = errors.Join(err, procns.UseProcOfNewRoot()) }()
	if err := root.Chdir(); err != nil {
		return err
	}
	if err := syscall.Chroot("."); err != nil {
		return os.NewSyscallError("chroot", err)
	}
	if err := s.Credential.apply(); err != nil {
		return fmt.Errorf("credential: %w", err)
	}
	if err := os.Chdir(s.Dir); err != nil && !s.Optional {
		return err
	}
	return nil
}

// apply makes this process another user's.
func (c *credential) apply() error {
	if c == nil {
		return nil
	}
	if !c.NoSetGroups {
		groups := make([]int, len(c.Groups))
		for i, g := range c.Groups {
			groups[i] = int(g)
		}
		if err := syscall.Setgroups(groups); err != nil {
			return os.NewSyscallError("setgroups", err)
		}
	}
	if err := syscall.Setgid(int(c.GID)); err != nil {
		return os.NewSyscallError("setgid", err)
	}
	if err := syscall.Setuid(int(c.UID)); err != nil {
		return os.NewSyscallError("setuid", err)
	}
	// As after execve(2): what is in /proc/self belongs to the user (proc_pid(5)).
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1, 0); errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	return nil
}

// shareFiles lets the parent read the files that this process makes from now on, even
// if it is another user. Only the parent gets to the folder where they are.
func shareFiles() { syscall.Umask(0o022) }

func openWorkDir() (*os.File, error) { return os.OpenFile(".", unix.O_PATH|unix.O_DIRECTORY, 0) }
