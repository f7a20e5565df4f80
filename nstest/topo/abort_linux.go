// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Programs notice that a connection is at its end by what the other side sends. What is under way or lost as the network ends,
// or sent a moment later by a client's goroutine, never comes, and a server in the test's own process would wait for it
// for ever, as a leak. So the kernel aborts the connections (sock_diag(7), SOCK_DESTROY): to read of one is an error then.

// abortConnections aborts the TCP connections of all hosts but external ones.
func (n *Network) abortConnections() error {
	return n.each(n.nodes, func(node *node) error {
		if node.kind == isSwitch || node.external {
			return nil
		}
		socket, err := inside.GetIn(node.fixture.Set(), set.NS_NET, diagSocket)
		if errors.Is(err, unix.EPROTONOSUPPORT) {
			return nil // a kernel without sock_diag
		}
		if err != nil || socket == nil {
			return err
		}
		defer socket.Close()
		d := diag{unix.NETLINK_SOCK_DIAG: {Socket: socket}}
		return errors.Join(d.abort(unix.AF_INET), d.abort(unix.AF_INET6))
	})
}

// diagSocket returns a socket of the calling thread's network namespace, or nil if there is no TCP socket to ask for. The kernel
// finds those of a namespace by looking through all that there are anywhere (net/ipv4/inet_diag.c, tcp_diag_dump): that takes
// longer than all else that is done to a host at the end.
func diagSocket() (*nl.NetlinkSocket, error) {
	if n, err := procfs.TCPSockets(procfs.Root, procfs.ThreadSelf); n == 0 || err != nil {
		return nil, err
	}
	return nl.Subscribe(unix.NETLINK_SOCK_DIAG)
}

// A diag is a socket of sock_diag(7), as package nl wants it.
type diag map[int]*nl.SocketHandle

// Parts of messages of sock_diag(7): struct inet_diag_req_v2 and struct inet_diag_msg.
const (
	diagRequestSize = 56
	diagIDSize      = 48 // of struct inet_diag_sockid
	diagRequestID   = 8  // where it begins in a request
	diagMessageID   = 4  // and in an answer
	diagStates      = 4
)

// connected are the states of sockets that have another side: all but TCP_TIME_WAIT, TCP_CLOSE, TCP_LISTEN
// (include/net/tcp_states.h).
const connected = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<11

// request makes a request about sockets of TCP.
func (d diag) request(kind, flags int, family byte, change func(request []byte)) ([][]byte, error) {
	data := make([]byte, diagRequestSize)
	data[0], data[1] = family, unix.IPPROTO_TCP
	change(data)
	r := nl.NewNetlinkRequest(kind, flags)
	r.Sockets = d
	r.AddRawData(data)
	return r.Execute(unix.NETLINK_SOCK_DIAG, 0)
}

// abort aborts all connections of the socket's network namespace.
func (d diag) abort(family byte) error {
	sockets, err := d.request(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, family, func(request []byte) {
		binary.NativeEndian.PutUint32(request[diagStates:], connected)
	})
	if errors.Is(err, unix.ENOENT) {
		return nil // a kernel without that family
	}
	errs := []error{err}
	for _, socket := range sockets {
		_, err := d.request(nl.SOCK_DESTROY, unix.NLM_F_ACK, family, func(request []byte) {
			copy(request[diagRequestID:], socket[diagMessageID:diagMessageID+diagIDSize])
		})
		if errors.Is(err, unix.EOPNOTSUPP) {
			return nil // CONFIG_INET_DIAG_DESTROY is not set
		}
		if !errors.Is(err, unix.ENOENT) { // it has ended by itself
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
