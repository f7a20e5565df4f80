// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The requests by which a process or thread descriptor opens a namespace, PIDFD_GET_NET_NAMESPACE and
// so on, which x/sys does not have (linux/pidfd.h, Linux 6.11).
var pidfdGet = map[string]uint{
	"cgroup": 1, "ipc": 2, "mnt": 3, "net": 4, "pid": 5, "pid_for_children": 6, "time": 7, "time_for_children": 8, "user": 9, "uts": 10,
}

const pidfdIoctl = ioNone | 0xff00

// NamespaceInode returns the inode of a namespace of a process or thread that the descriptor stands for
// ([OpenThread]), named as in /proc/PID/ns. It is ESRCH if that has ended, ENOTTY on an old kernel, and
// satisfies [errors.ErrUnsupported] where there are no namespaces of the kind. With a pid namespace without a
// first process, pid_for_children is that one, which /proc would not show.
func (fd *FD) NamespaceInode(link string) (ino uint64, err error) {
	nr, ok := pidfdGet[link]
	if !ok {
		return 0, fmt.Errorf("%s: %w", link, ErrNotNamespace)
	}
	n, err := unix.IoctlRetInt(fd.Int(), pidfdIoctl|nr)
	if err != nil {
		return 0, err
	}
	ns := NewFD(n)
	id, err := ns.InodeID()
	return id.Ino, errors.Join(err, ns.Close())
}
