// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"os"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// emitHide keeps processes inside from looking into this one, as fork_linux.go
// explains.
func (s *script) emitHide() {
	s.emit(Signal, unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0)
	if lo, hi := arguments(); lo < hi {
		s.emit(Signal, unix.SYS_MUNMAP, lo, hi-lo).or(regardless)
	}
}

// arguments are the pages with the arguments and the environment that this process was
// executed with: what lies on the main thread's stack between the random bytes and the name
// of the program (linux/fs/binfmt_elf.c, create_elf_tables). No other thread
// uses them, and a script has copies.
var arguments = sync.OnceValues(func() (lo, hi uintptr) {
	const atRandom, atExecfn = 25, 31 // linux/auxvec.h
	auxv, err := unix.Auxv()
	if err != nil {
		return 0, 0
	}
	page := uintptr(os.Getpagesize())
	for _, entry := range auxv {
		switch entry[0] {
		case atRandom:
			lo = entry[1] &^ (page - 1)
		case atExecfn:
			hi = (entry[1] + page) &^ (page - 1)
		}
	}
	if lo == 0 || hi <= lo {
		return 0, 0
	}
	return lo, hi
})

// emitCredsChanged repeats what new credentials may take back: that the process is
// hidden (commit_creds), if it is, and that it dies with its parent (prctl(2)).
func (s *script) emitCredsChanged(hidden bool) {
	if hidden {
		s.emit(Signal, unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0)
	}
	s.emitDeathSignal(unix.SIGKILL)
}

// emitDeathSignal has a signal end the process when this one ends.
func (s *script) emitDeathSignal(death unix.Signal) {
	s.emit(Signal, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(death))
}

// emitCloseAll closes all descriptors but some. Whoever stays for long would keep
// this process's pipes and sockets open.
func (s *script) emitCloseAll(but ...uintptr) {
	s.emitCloseFrom(0, but...)
}

func (s *script) emitCloseFrom(first uintptr, but ...uintptr) {
	slices.Sort(but)
	for _, fd := range slices.Compact(but) {
		if fd < first {
			continue
		}
		if first < fd {
			s.emit(Files, unix.SYS_CLOSE_RANGE, first, fd-1, 0)
		}
		first = fd + 1
	}
	s.emit(Files, unix.SYS_CLOSE_RANGE, first, uintptr(^uint32(0)), 0)
}

// inherited are the descriptors that a program gets without being given them, since they
// are not close-on-exec.
func inherited() (fds []uintptr, err error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, uintptr(fd))
		}
	}
	return fds, nil
}
