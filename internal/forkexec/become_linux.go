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

// refuseConfigure tells of ID maps that nobody could write.
func (a *Attr) refuseConfigure() error {
	makesUser := a.Sys != nil && a.Sys.Unshareflags&unix.CLONE_NEWUSER != 0
	if a.Configure != nil && (!makesUser || a.joins(unix.CLONE_NEWUSER)) {
		return fmt.Errorf("ID maps of a user namespace that is not new, or below one that is joined: %w", errors.ErrUnsupported)
	}
	return nil
}

// emitExec writes how a process, inside already, becomes the program. The message of the call unguarded asks for a guard, if
// there is to be one.
func (s *script) emitExec(paths, argv []string, attr *Attr, sys *syscall.SysProcAttr, there *programFDs) (unguarded int32, err error) {
	if sys.Setsid {
		s.emit(Session, unix.SYS_SETSID)
	}
	if sys.Setpgid && sys.Pgid == 0 {
		s.emit(Session, unix.SYS_SETPGID, 0, 0)
	}
	if sys.Chroot != "" {
		root, err := s.text(sys.Chroot)
		if err != nil {
			return 0, fmt.Errorf("chroot: %w", err)
		}
		s.emit(Chroot, unix.SYS_CHROOT, root)
	}
	if err := s.emitCreds(attr, sys, there); err != nil {
		return 0, fmt.Errorf("chdir: %w", err)
	}
	// After the credentials: a change of them takes it back (prctl(2)).
	death := sys.Pdeathsig
	if death == 0 {
		death = unix.SIGKILL
	}
	s.emitDeathSignal(death)
	orphaned := new(label)
	s.emitOrphanCheck(attr.takesSecond() || attr.bornInside, orphaned)
	if attr.Guard != nil {
		unguarded = s.emitAnnounce(&record{})
		s.emitWait(orphaned)
		s.emitDeathSignal(0)
	}
	s.emitFiles(attr.Files)
	if there.inside != 0 {
		s.emit(Files, unix.SYS_DUP3, there.inside, uintptr(attr.Program.Root), 0)
	}
	s.emitTerminal(sys)
	if attr.entersUser() {
		s.emitCloseOthers(attr, there)
	}
	if attr.Program != nil {
		paths = nil
	}
	if err := s.emitExecve(paths, there.exe, argv, attr.Env); err != nil {
		return 0, err
	}
	s.mark(orphaned)
	s.emitExit()
	return unguarded, nil
}

// emitOrphanCheck finds out whether the process, which may be in another pid namespace, lost its parent before
// it asked for the death signal. That leads to the label.
func (s *script) emitOrphanCheck(inside bool, orphaned *label) {
	if !inside {
		s.emitJump(Signal, unix.SYS_GETPPID, uintptr(os.Getpid()), orphaned)
		return
	}
	// Inside of a pid namespace getppid is 0. But this process keeps the other end of the
	// channel open for as long as it lives, and says nothing.
	addr, size := s.announcement(&record{})
	s.emit(Signal, unix.SYS_RECVFROM, uintptr(s.channel), addr, size, unix.MSG_PEEK|unix.MSG_DONTWAIT).jump(pending, orphaned)
}

func (s *script) emitCredential(cred *syscall.Credential) {
	if cred == nil {
		return
	}
	if !cred.NoSetGroups {
		s.emit(Credential, sysSetgroups, uintptr(len(cred.Groups)), s.ids(cred.Groups))
	}
	s.emit(Credential, sysSetgid, uintptr(cred.Gid))
	s.emit(Credential, sysSetuid, uintptr(cred.Uid))
	s.emitCredsChanged(true)
}

func (s *script) emitChdir(attr *Attr, sys *syscall.SysProcAttr) error {
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
	s.emit(Chdir, unix.SYS_CHDIR, path).or(then)
	return nil
}

// emitFiles writes how the descriptors get their numbers: those that would be overwritten
// before their turn move out of the way first. The rest is close-on-exec.
func (s *script) emitFiles(files []uintptr) {
	fds := append([]uintptr(nil), files...)
	for i, fd := range fds {
		if inTheWay(i, fd) {
			fds[i] = s.emitMove(fd)
		}
	}
	for i, fd := range fds {
		switch fd {
		case none:
			s.emit(Files, unix.SYS_CLOSE, uintptr(i)).or(regardless)
		case uintptr(i): // dup3 would refuse, and it is to survive exec
			s.emit(Files, unix.SYS_FCNTL, fd, unix.F_SETFD, 0)
		default:
			s.emit(Files, unix.SYS_DUP3, fd, uintptr(i), 0)
		}
	}
	for i := len(fds); i < 3; i++ {
		s.emit(Files, unix.SYS_CLOSE, uintptr(i)).or(regardless)
	}
}

// inTheWay reports whether a descriptor's number has been given to another one by the time that it becomes number i.
func inTheWay(i int, fd uintptr) bool { return fd != none && fd < uintptr(i) }

// moves reports whether emitFiles takes other numbers than it is given.
func moves(files []uintptr) bool {
	for i, fd := range files {
		if inTheWay(i, fd) {
			return true
		}
	}
	return false
}

// emitCloseOthers closes what execve would close, but too late.
func (s *script) emitCloseOthers(attr *Attr, there *programFDs) {
	keep := append([]uintptr{uintptr(s.channel)}, s.inherited...)
	if attr.Program != nil {
		keep = append(keep, there.exe)
	}
	s.emitCloseFrom(uintptr(max(3, len(attr.Files))), keep...)
}

func (s *script) emitTerminal(sys *syscall.SysProcAttr) {
	if sys.Noctty {
		s.emit(Session, unix.SYS_IOCTL, 0, unix.TIOCNOTTY)
	}
	if sys.Setctty {
		s.emit(Session, unix.SYS_IOCTL, uintptr(sys.Ctty), unix.TIOCSCTTY, 1)
	}
}

// emitExecve writes the last call: a search for the program or, if there are no paths, the
// execution of an open file.
func (s *script) emitExecve(paths []string, exe uintptr, argv, env []string) error {
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
		s.emit(Exec, unix.SYS_EXECVEAT, exe, empty, args, environ, unix.AT_EMPTY_PATH)
	}
	for i, p := range paths {
		path, err := s.text(p)
		if err != nil {
			return fmt.Errorf("path: %w", err)
		}
		c := s.emit(Exec, unix.SYS_EXECVE, path, args, environ)
		if i < len(paths)-1 {
			c.or(search)
		}
	}
	return nil
}
