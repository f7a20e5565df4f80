// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A stand-in is a process in a new user namespace that others may look at: the files
// uid_map, gid_map and setgroups of a hidden one cannot be written from the parent user
// namespace, and only from there may maps of any size be written (user_namespaces(7)).
//
//  1. It is cloned, hidden like the process that clones it, and closes the folder /proc.
//  2. It asks to be traced by this process. If another process traced it and did not wait for
//     it, this one could not wait for it either. The request fails if it is traced already,
//     for example by strace.
//  3. It executes a program of one page. From then on it has nothing of this process. The
//     one that cloned it goes on once it has (CLONE_VFORK).
//  4. Traced, it stops before its first instruction, which is a loop. It is killed when the
//     maps are written.

// emitStandIn writes the way of a stand-in.
func (s *script) emitStandIn(f heldFDs) error {
	s.emitDeathSignal(unix.SIGKILL)
	s.emit(Files, unix.SYS_CLOSE, f.proc)
	s.emit(Exec, unix.SYS_PTRACE, unix.PTRACE_TRACEME).or(regardless)
	return s.emitExecve(nil, f.image, nil, nil)
}

// emitImage has the child make the file that a stand-in executes.
func (s *script) emitImage() (fd uintptr, err error) {
	data, err := image()
	if err != nil {
		return 0, err
	}
	name, err := s.text("stand-in")
	if err != nil {
		return 0, err
	}
	fd = s.emitMove(uintptr(s.channel))
	s.emit(Open, unix.SYS_MEMFD_CREATE, name, unix.MFD_CLOEXEC).or(keep)
	s.emit(Files, unix.SYS_DUP3, 0, fd, unix.O_CLOEXEC).onKept = true
	s.emit(WriteFile, unix.SYS_WRITE, fd, s.address(unsafe.Pointer(&data[0])), uintptr(len(data)))
	return fd, nil
}

// awaitImage waits until the stand-in may be looked at. execve lets the process go on that
// has cloned it a moment before (exec_mmap), and there is no event; then its
// files are no longer root's, but its user's as its folder is (proc_pid(5)).
func (h *holding) awaitImage(pid int) error {
	dir := fmt.Sprintf("/proc/%d", pid)
	for {
		var of, file unix.Stat_t
		if err := errors.Join(unix.Stat(dir, &of), unix.Stat(dir+"/uid_map", &file)); err != nil {
			return fmt.Errorf("stat %s: %w", dir, err)
		}
		if of.Uid == file.Uid {
			return nil
		}
		if err := h.watch.end(); err != nil {
			return err
		}
		if _, err := unix.Poll(nil, 1); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("poll: %w", err)
		}
	}
}

// loops has for each architecture the instruction that jumps to itself.
var loops = map[string]string{
	"386": "\xeb\xfe", "amd64": "\xeb\xfe", "arm": "\xfe\xff\xff\xea", "arm64": "\x00\x00\x00\x14", "loong64": "\x00\x00\x00\x50",
	"mips": "\x10\x00\xff\xff\x00\x00\x00\x00", "mips64": "\x10\x00\xff\xff\x00\x00\x00\x00",
	"mipsle": "\xff\xff\x00\x10\x00\x00\x00\x00", "mips64le": "\xff\xff\x00\x10\x00\x00\x00\x00",
	"ppc64le": "\x00\x00\x00\x48", "riscv64": "\x6f\x00\x00\x00", "s390x": "\xa7\xf4\x00\x00",
}

// image is a file to execute (elf(5)). What the kernel checks that differs between machines is
// that of this program.
func image() (_ []byte, err error) {
	loop, ok := loops[runtime.GOARCH]
	if !ok {
		return nil, fmt.Errorf("a user namespace below another one than this process's, on %s: %w", runtime.GOARCH, errors.ErrUnsupported)
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, self.Close()) }()
	var head [64]byte
	if _, err := io.ReadFull(self, head[:]); err != nil {
		return nil, err
	}
	const (
		class     = 4 // where in the header; 2 is 64 bits
		machine   = 18
		flags32   = 36
		flags64   = 48
		typeExec  = 2
		load      = 1
		mayRunIt  = 4 | 1 // read, execute
		base      = 0x400000
		alignment = 1 << 16
	)
	order := binary.NativeEndian
	half := order.AppendUint16
	word := order.AppendUint32
	wide := head[class] == 2
	long, ehdr, phdr, flags := word, uint32(52), uint32(32), head[flags32:flags32+4]
	if wide {
		long = func(b []byte, v uint32) []byte { return order.AppendUint64(b, uint64(v)) }
		ehdr, phdr, flags = 64, 56, head[flags64:flags64+4]
	}
	size := ehdr + phdr + uint32(len(loop))
	b := half(head[:16:16], typeExec)
	b = word(append(b, head[machine:machine+2]...), 1)
	b = long(long(long(b, base+ehdr+phdr), ehdr), 0) // entry, program headers, no sections
	b = half(half(half(append(b, flags...), uint16(ehdr)), uint16(phdr)), 1)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = word(b, load)
	if wide {
		b = word(b, mayRunIt)
	}
	b = long(long(long(long(long(b, 0), base), base), size), size)
	if !wide {
		b = word(b, mayRunIt)
	}
	return append(long(b, alignment), loop...), nil
}
