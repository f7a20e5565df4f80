// SPDX-License-Identifier: Apache-2.0

package sys

import "golang.org/x/sys/unix"

// SocketNamespace opens the network namespace of a socket that other code owns (SIOCGSKNS,
// socket(7)). It takes CAP_NET_ADMIN in there.
func SocketNamespace(n int) (*FD, error) {
	// A device driver could mean anything by the same number.
	if _, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return nil, err
	}
	ns, err := unix.IoctlRetInt(n, unix.SIOCGSKNS) // close-on-exec by itself (fs/nsfs.c, open_namespace)
	if err != nil {
		return nil, err
	}
	return NewFD(ns), nil
}

// SocketCookie returns the number of the network namespace of a socket that somebody else owns, which is nobody else's as
// long as the machine runs (SO_NETNS_COOKIE, Linux 5.14).
func SocketCookie(n int) (uint64, error) {
	return unix.GetsockoptUint64(n, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}
