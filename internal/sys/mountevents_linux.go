// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MountEvents returns a queue of the mounts that anybody makes in the process's mount namespace
// from now on (fanotify_init(2), FAN_REPORT_MNT). It takes Linux 6.15, which older kernels call
// EINVAL, and CAP_SYS_ADMIN in the initial user namespace.
func MountEvents() (*FD, error) {
	n, err := unix.FanotifyInit(unix.FAN_REPORT_MNT|unix.FAN_UNLIMITED_QUEUE|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("fanotify_init: %w", err)
	}
	queue := NewFD(n)
	namespace, err := Open("/proc/self/ns/mnt")
	if err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	err = unix.FanotifyMark(n, unix.FAN_MARK_ADD|unix.FAN_MARK_MNTNS, unix.FAN_MNT_ATTACH, namespace.Int(), "")
	if err != nil {
		err = fmt.Errorf("fanotify_mark: %w", err)
	}
	if err = errors.Join(err, namespace.Close()); err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	return queue, nil
}

// A MountEvent tells which process has made a mount. Mount is its unique ID, which is not the one
// of mountinfo.
type MountEvent struct {
	PID   int
	Mount uint64
}

// TakeMountEvents takes what is in the queue.
func TakeMountEvents(queue *FD) (events []MountEvent, err error) {
	for buffer := make([]byte, 1<<16); ; {
		var n int
		err := Retry(func() (err error) { n, err = unix.Read(queue.Int(), buffer); return err })
		if errors.Is(err, unix.EAGAIN) {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("read mount events: %w", err)
		}
		more, err := parseMountEvents(buffer[:n])
		events = append(events, more...)
		if err != nil {
			return events, err
		}
	}
}

// parseMountEvents reads structs fanotify_event_metadata, each with a struct
// fanotify_event_info_mnt behind it (linux/fanotify.h).
func parseMountEvents(buffer []byte) (events []MountEvent, err error) {
	const (
		metadata = 24 // event_len u32, vers u8, reserved u8, metadata_len u16, mask u64, fd s32, pid s32
		info     = 16 // info_type u8, pad u8, len u16, pad u32, mnt_id u64
	)
	for order := binary.NativeEndian; len(buffer) > 0; {
		if len(buffer) < metadata {
			return events, fmt.Errorf("a mount event of %d bytes: %w", len(buffer), fs.ErrInvalid)
		}
		length, mask := int(order.Uint32(buffer)), order.Uint64(buffer[8:])
		switch {
		case mask&unix.FAN_Q_OVERFLOW != 0:
			return events, fmt.Errorf("mount events were lost: %w", unix.ENOMEM)
		case length < metadata+info || length > len(buffer) || buffer[metadata] != unix.FAN_EVENT_INFO_TYPE_MNT:
			return events, fmt.Errorf("a mount event of %d bytes, mask %#x: %w", length, mask, fs.ErrInvalid)
		}
		events = append(events, MountEvent{PID: int(int32(order.Uint32(buffer[20:]))), Mount: order.Uint64(buffer[metadata+8:])})
		buffer = buffer[length:]
	}
	return events, nil
}

// MountID returns the ID that mountinfo has of a mount, which is recycled, by its unique one, which
// is not (statmount(2), Linux 6.8). It is ENOENT for one that is gone.
func MountID(unique uint64) (id int, err error) {
	const basic = 0x2 // STATMOUNT_MNT_BASIC
	request := struct {
		size, spare   uint32
		mount, params uint64
	}{size: 24, mount: unique, params: basic}
	var reply [512]byte
	err = Retry(func() error {
		_, _, errno := unix.Syscall6(unix.SYS_STATMOUNT, uintptr(unsafe.Pointer(&request)),
			uintptr(unsafe.Pointer(&reply)), unsafe.Sizeof(reply), 0, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("statmount: %w", err)
	}
	// size u32, mnt_opts u32, mask u64, sb_dev_major u32, sb_dev_minor u32, sb_magic u64, sb_flags u32,
	// fs_type u32, mnt_id u64, mnt_parent_id u64, mnt_id_old u32 (linux/mount.h)
	const mntIDOld = 56
	return int(binary.NativeEndian.Uint32(reply[mntIDOld:])), nil
}
