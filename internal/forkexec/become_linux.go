// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// refuse tells of what the caller wants and would not get.
func refuse(sys *syscall.SysProcAttr) error {
	unsupported := []struct {
		wanted bool
		name   string
	}{
		{sys.Ptrace, "Ptrace"},
		{sys.Foreground, "Foreground"},
		{sys.Cloneflags != 0, "Cloneflags (there is Unshareflags)"},
		{sys.UidMappings != nil, "UidMappings"},
		{sys.GidMappings != nil, "GidMappings"},
		{sys.AmbientCaps != nil, "AmbientCaps"},
		{sys.UseCgroupFD, "UseCgroupFD"},
		{sys.PidFD != nil, "PidFD"},
	}
	for _, u := range unsupported {
		if u.wanted {
			return fmt.Errorf("SysProcAttr.%s: %w", u.name, errors.ErrUnsupported)
		}
	}
	return nil
}

// becomes writes how a process, inside already, becomes the program. It may be a second one.
func (s *script) becomes(paths, argv []string, attr *Attr, sys *syscall.SysProcAttr, there *place, second bool) error {
	if sys.Setsid {
		s.does(unix.SYS_SETSID).at(Session, 0)
	}
	if sys.Setpgid && sys.Pgid == 0 {
		s.does(unix.SYS_SETPGID, 0, 0).at(Session, 0)
	}
	if sys.Chroot != "" {
		root, err := s.text(sys.Chroot)
		if err != nil {
			return fmt.Errorf("chroot: %w", err)
		}
		s.does(unix.SYS_CHROOT, root).at(Chroot, 0)
	}
	if err := s.settles(attr, sys, there); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	// After the credentials: a change of them takes it back (prctl(2)).
	death := sys.Pdeathsig
	if death == 0 {
		death = unix.SIGKILL
	}
	s.dies(death)
	orphaned := s.orphans(second)
	s.files(attr.Files)
	if there.inside != 0 {
		s.does(unix.SYS_DUP3, there.inside, uintptr(attr.Program.Root), 0).at(Files, 0)
	}
	s.terminal(sys)
	if attr.entersUser() {
		s.closesOthers(attr, there)
	}
	if attr.Program != nil {
		paths = nil
	}
	if err := s.executes(paths, there.exe, argv, attr.Env); err != nil {
		return err
	}
	s.calls[orphaned].to = s.next()
	s.exits()
	return nil
}

// orphans finds out whether the process lost its parent before it asked for the death signal.
// If so it leads to where the to of that call is set.
func (s *script) orphans(second bool) (call int) {
	if !second {
		return s.jumps(unix.SYS_GETPPID, uintptr(os.Getpid()))
	}
	// Inside of a pid namespace getppid is 0. But this process keeps the other end of the
	// channel open for as long as it lives, and says nothing.
	addr, size := s.announcement(&record{})
	s.does(unix.SYS_RECVFROM, uintptr(s.channel), addr, size, unix.MSG_PEEK|unix.MSG_DONTWAIT).or(pending)
	return s.next() - 1
}

func (s *script) credential(cred *syscall.Credential) {
	if cred == nil {
		return
	}
	if !cred.NoSetGroups {
		s.does(sysSetgroups, uintptr(len(cred.Groups)), s.ids(cred.Groups)).at(Credential, 0)
	}
	s.does(sysSetgid, uintptr(cred.Gid)).at(Credential, 0)
	s.does(sysSetuid, uintptr(cred.Uid)).at(Credential, 0)
	s.changesCredentials(true)
}

func (s *script) chdir(attr *Attr, sys *syscall.SysProcAttr) error {
	dir, then := attr.Dir, onwards
	if dir == "" {
		// setns(2) has led to the root of the mount namespace.
		if !joined(attr.Joins, unix.CLONE_NEWNS) || sys.Chroot != "" {
			return nil
		}
		wd, err := os.Getwd()
		if err != nil {
			return nil // A folder without a name has none inside either.
		}
		dir, then = wd, regardless
	}
	path, err := s.text(dir)
	if err != nil {
		return err
	}
	s.does(unix.SYS_CHDIR, path).at(Chdir, 0).or(then)
	return nil
}

// files writes how the descriptors get their numbers: those that would be overwritten
// before their turn move out of the way first. The rest is close-on-exec.
func (s *script) files(files []uintptr) {
	fds := append([]uintptr(nil), files...)
	for i, fd := range fds {
		if fd != none && fd < uintptr(i) {
			fds[i] = s.moves(fd)
		}
	}
	for i, fd := range fds {
		switch fd {
		case none:
			s.does(unix.SYS_CLOSE, uintptr(i)).at(Files, 0).or(regardless)
		case uintptr(i): // dup3 would refuse, and it is to survive exec
			s.does(unix.SYS_FCNTL, fd, unix.F_SETFD, 0).at(Files, 0)
		default:
			s.does(unix.SYS_DUP3, fd, uintptr(i), 0).at(Files, 0)
		}
	}
	for i := len(fds); i < 3; i++ {
		s.does(unix.SYS_CLOSE, uintptr(i)).at(Files, 0).or(regardless)
	}
}

// closesOthers closes what execve would close, but too late.
func (s *script) closesOthers(attr *Attr, there *place) {
	keep := append([]uintptr{uintptr(s.channel)}, s.inherited...)
	if attr.Program != nil {
		keep = append(keep, there.exe)
	}
	s.closesFrom(uintptr(max(3, len(attr.Files))), keep...)
}

func (s *script) terminal(sys *syscall.SysProcAttr) {
	if sys.Noctty {
		s.does(unix.SYS_IOCTL, 0, unix.TIOCNOTTY).at(Session, 0)
	}
	if sys.Setctty {
		s.does(unix.SYS_IOCTL, uintptr(sys.Ctty), unix.TIOCSCTTY, 1).at(Session, 0)
	}
}

// executes writes the last call: a search for the program or, if there are no paths, the
// execution of an open file.
func (s *script) executes(paths []string, exe uintptr, argv, env []string) error {
	args, err := s.texts(argv)
	if err != nil {
		return fmt.Errorf("argument: %w", err)
	}
	environ, err := s.texts(env)
	if err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	if len(paths) == 0 {
		empty, err := s.text("")
		if err != nil {
			return err
		}
		s.does(unix.SYS_EXECVEAT, exe, empty, args, environ, unix.AT_EMPTY_PATH).at(Exec, 0)
	}
	for i, p := range paths {
		path, err := s.text(p)
		if err != nil {
			return fmt.Errorf("path: %w", err)
		}
		c := s.does(unix.SYS_EXECVE, path, args, environ).at(Exec, 0)
		if i < len(paths)-1 {
			c.or(search)
		}
	}
	return nil
}
