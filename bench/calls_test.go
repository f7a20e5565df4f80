// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// countCalls returns how many system calls the thread makes that runs f.
func countCalls(b *testing.B, f func()) int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	event, err := openCallCounter()
	check(b, err)
	defer unix.Close(event)
	check(b, unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_ENABLE, 0))
	f()
	check(b, unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_DISABLE, 0)) // the counter sees this one
	var count [8]byte
	_, err = unix.Read(event, count[:])
	check(b, err)
	return int(binary.NativeEndian.Uint64(count[:])) - 1
}

// openCallCounter opens a counter of the calling thread's system calls, which does
// not count yet (perf_event_open(2)).
func openCallCounter() (int, error) {
	id, err := tracepoint("raw_syscalls/sys_enter")
	if err != nil {
		return -1, err
	}
	attr := unix.PerfEventAttr{
		Type:   unix.PERF_TYPE_TRACEPOINT,
		Size:   uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Config: id,
		Bits:   unix.PerfBitDisabled,
	}
	return unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// tracepoint returns the number of an event. It takes a tracefs of its own, which is
// mounted nowhere.
func tracepoint(event string) (uint64, error) {
	fs, err := unix.Fsopen("tracefs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return 0, os.NewSyscallError("fsopen tracefs", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return 0, os.NewSyscallError("fsconfig tracefs", err)
	}
	dir, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("fsmount tracefs", err)
	}
	defer unix.Close(dir)
	fd, err := unix.Openat(dir, "events/"+event+"/id", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: "tracefs: events/" + event + "/id", Err: err}
	}
	file := os.NewFile(uintptr(fd), event)
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}
