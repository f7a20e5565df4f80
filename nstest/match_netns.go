// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type beInNetNS struct {
	ofValue
	other any

	socket string // what it is, and where
}

func (m *beInNetNS) Match(actual any) (success bool, err error) {
	s, err := setOf("BeInNetNS", m.other)
	if err != nil {
		return false, err
	}
	if s.Flags()&set.NS_NET == 0 {
		return false, unexpected("BeInNetNS", "a network namespace to compare with", m.other)
	}
	m.socket = describeSocket(actual)
	e := withSocket(actual, func(fd int) { success, err = m.compare(fd, s) })
	if errors.Is(e, errNoSocket) {
		return false, unexpected("BeInNetNS", "a socket, such as a net.Conn, a net.Listener or a descriptor", actual)
	}
	if err = errors.Join(e, err); err != nil {
		return false, fmt.Errorf("BeInNetNS matcher: %w", err)
	}
	return success, nil
}

func (m *beInNetNS) FailureMessage(any) string {
	return format.Message(m.socket, "to be in the network namespace of", m.other)
}

func (m *beInNetNS) NegatedFailureMessage(any) string {
	return format.Message(m.socket, "not to be in the network namespace of", m.other)
}

// compare asks the kernel where a socket is. Who may not know learns at least whether it is in the Set's
// namespace.
func (m *beInNetNS) compare(socket int, s set.Set) (same bool, err error) {
	ns, err := sys.SocketNamespace(socket)
	if errors.Is(err, fs.ErrPermission) {
		return sameCookie(socket, s)
	}
	if err != nil {
		return false, err
	}
	its, err := ns.InodeID()
	if err = errors.Join(err, ns.Close()); err != nil {
		return false, err
	}
	id := fmt.Sprintf("net:[%d]", its.Ino)
	m.socket += " in " + id
	return idOf(s, set.NS_NET) == id, nil
}

// sameCookie compares the network namespaces of a socket and of a new one.
func sameCookie(socket int, s set.Set) (same bool, err error) {
	its, err := sys.SocketCookie(socket)
	if err != nil {
		return false, err
	}
	var ours uint64
	e := inNetworkOf(s, func() {
		var fd *sys.FD
		if fd, err = sys.Socket(false, sys.Datagram, 0); err == nil {
			ours, err = sys.SocketCookie(fd.Int())
			err = errors.Join(err, fd.Close())
		}
	})
	return ours == its, errors.Join(e, err)
}

var errNoSocket = errors.New("not a socket")

// withSocket calls f with the descriptor of a socket.
func withSocket(socket any, f func(fd int)) error {
	switch socket := socket.(type) {
	case int:
		f(socket)
		return nil
	case syscall.Conn:
		raw, err := socket.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Control(func(fd uintptr) { f(int(fd)) })
	}
	return errNoSocket
}

// describeSocket says what is known of a socket but for its namespace.
func describeSocket(socket any) string {
	var address net.Addr
	switch socket := socket.(type) {
	case interface{ LocalAddr() net.Addr }:
		address = socket.LocalAddr()
	case interface{ Addr() net.Addr }:
		address = socket.Addr()
	}
	if address == nil {
		return fmt.Sprintf("socket %v", socket)
	}
	return fmt.Sprintf("%s socket %s", address.Network(), address)
}
