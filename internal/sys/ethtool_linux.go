// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CompleteChecksums has an interface of the calling thread's network namespace send packets with complete checksums: a veth
// otherwise passes on what is left to do, and only another veth understands that.
func CompleteChecksums(name string) error {
	fd, err := Socket(false, Datagram, 0)
	if err != nil {
		return err
	}
	value := struct{ command, data uint32 }{unix.ETHTOOL_STXCSUM, 0} // struct ethtool_value of linux/ethtool.h
	request := struct {                                              // struct ifreq, see netdevice(7)
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [24 - unsafe.Sizeof(uintptr(0))]byte
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd.Int()), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	runtime.KeepAlive(&value)
	if err := fd.Close(); err != nil {
		return err
	}
	if errno != 0 {
		return os.NewSyscallError("ioctl SIOCETHTOOL", errno)
	}
	return nil
}
