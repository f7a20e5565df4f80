// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"encoding/binary"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
)

func init() {
	selfexec.Register("held back start", func() error { return heldBack("start", 4) })
	selfexec.Register("held back start in net", func() error { return heldBack("start in net", 5) })
	selfexec.Register("held back start in pid", func() error { return heldBack("start in pid", 5) })
	selfexec.Register("held back start in pid+ipc", func() error { return heldBack("start in pid+ipc", 6) })
	selfexec.Register("held back start in a new pid", func() error { return heldBack("start in a new pid", 4) })
}

// Between the fork and the request for the death signal a parent's end goes by unnoticed,
// so that a child has to look.
func TestChildrenThatLostTheirParentAtOnceEnd(t *testing.T) {
	for name, flags := range map[string][]int{
		"start":              nil,
		"start in net":       {unix.CLONE_NEWNET},
		"start in pid":       {unix.CLONE_NEWPID},
		"start in pid+ipc":   {unix.CLONE_NEWPID, unix.CLONE_NEWIPC},
		"start in a new pid": nil,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			g.Expect(err).NotTo(HaveOccurred())
			ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
			defer ours.Close()
			var files []*os.File
			for _, j := range fresh(t, flags...) {
				dup, err := unix.FcntlInt(uintptr(j.FD), unix.F_DUPFD_CLOEXEC, 0)
				g.Expect(err).NotTo(HaveOccurred())
				files = append(files, os.NewFile(uintptr(dup), "namespace"))
			}
			parent, _ := act(t, "held back "+name, append(files, theirs)...)
			for _, f := range append(files, theirs) {
				g.Expect(f.Close()).To(Succeed())
			}
			listener := receiveFile(t, ours)
			defer listener.Close()

			// The child waits in its call, and is let go when it is an orphan. In a pid namespace
			// the first one to call is the process that clones it, where there is one.
			call := receiveCall(t, listener)
			clones := strings.HasSuffix(name, "a new pid")
			if clones {
				goOn(t, listener, call)
				call = receiveCall(t, listener)
			}
			child, err := unix.PidfdOpen(int(call.pid), 0)
			g.Expect(err).NotTo(HaveOccurred())
			defer unix.Close(child)
			g.Expect(parent.Process.Kill()).To(Succeed())
			g.Expect(parent.Wait()).To(MatchError("signal: killed"))
			goOn(t, listener, call)
			vforked := name == "start in net" && forkexec.ThreadsComeBack(unix.CLONE_NEWNET)
			if !clones && !vforked { // it asks twice, since other credentials take it back
				goOn(t, listener, receiveCall(t, listener))
			}
			if !ended(t, child, 5000) {
				t.Error("it outlives its parent")
				g.Expect(unix.PidfdSendSignal(child, unix.SIGKILL, nil, 0)).To(Succeed())
			}
		})
	}
}

// A heldCall is a system call that waits until it may go on.
type heldCall struct {
	id         uint64
	pid, flags uint32
	data       [64]byte
}

func receiveCall(t *testing.T, listener *os.File) (call heldCall) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(ended(t, int(listener.Fd()), 10_000)).To(BeTrue(), "no child asks for a death signal")
	g.Expect(ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&call))).To(Succeed())
	return call
}

func goOn(t *testing.T, listener *os.File, call heldCall) {
	t.Helper()
	answer := struct {
		id           uint64
		value        int64
		errno, flags uint32
	}{id: call.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	NewWithT(t).Expect(ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&answer))).To(Succeed())
}

// heldBack executes this binary as an act with a filter (seccomp_unotify(2)): whoever asks
// for a death signal waits until the test, which gets the other end by way of a socket, says
// that it may go on.
func heldBack(act string, socket int) error {
	runtime.LockOSThread()               // the filter is this thread's, and goes on with the one that executes
	const nr, arg0, arg0High = 0, 16, 20 // struct seccomp_data
	low := uint32(arg0)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		low = arg0High
	}
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_PRCTL, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: low},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.PR_SET_PDEATHSIG, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	listener, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(listener)), nil, 0); err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	if err := unix.Close(socket); err != nil {
		return os.NewSyscallError("close", err)
	}
	return syscall.Exec("/proc/self/exe", os.Args, selfexec.Env(act))
}

func receiveFile(t *testing.T, socket *os.File) *os.File {
	t.Helper()
	g := NewWithT(t)
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(int(socket.Fd()), make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	g.Expect(err).NotTo(HaveOccurred())
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(messages).To(HaveLen(1))
	fds, err := unix.ParseUnixRights(&messages[0])
	g.Expect(err).NotTo(HaveOccurred())
	return os.NewFile(uintptr(fds[0]), "listener")
}

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
