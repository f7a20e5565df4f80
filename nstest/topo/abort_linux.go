// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Programs notice that a connection is at its end by what the other side sends. What is delayed or lost as the network ends
// never comes, and a server in the test's own process would wait for it for ever, as a leak. So the kernel
// aborts the connections of such a network (sock_diag(7), SOCK_DESTROY): to read of one is an error then.

// abortConnections aborts the TCP connections of all hosts but external ones, if any link keeps frames from arriving at once.
func (n *Network) abortConnections() error {
	cut := len(n.division.groups)+len(n.division.isolated) > 0
	for _, l := range n.links {
		cut = cut || l.down || l.impairer != nil
	}
	if !cut {
		return nil
	}
	return n.each(n.nodes, func(node *node) error {
		if node.kind == isSwitch || node.external {
			return nil
		}
		var err error
		e := node.fixture.Set().Do(func() { err = errors.Join(abortTCP(unix.AF_INET), abortTCP(unix.AF_INET6)) })
		return errors.Join(e, err)
	})
}

// Parts of messages of sock_diag(7): struct inet_diag_req_v2 and struct inet_diag_msg.
const (
	diagRequestSize = 56
	diagIDSize      = 48 // of struct inet_diag_sockid
	diagRequestID   = 8  // where it begins in a request
	diagMessageID   = 4  // and in an answer
	diagStates      = 4
)

// connected are the states of sockets that have another side: all but TCP_TIME_WAIT, TCP_CLOSE, TCP_LISTEN (include/net/tcp_states.h).
const connected = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<11

// diagRequest is a request about sockets of TCP.
func diagRequest(kind, flags int, family byte, change func(request []byte)) *nl.NetlinkRequest {
	data := make([]byte, diagRequestSize)
	data[0], data[1] = family, unix.IPPROTO_TCP
	change(data)
	r := nl.NewNetlinkRequest(kind, flags)
	r.AddRawData(data)
	return r
}

// abortTCP aborts all connections of the calling thread's network namespace.
func abortTCP(family byte) error {
	dump := diagRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, family, func(request []byte) {
		binary.NativeEndian.PutUint32(request[diagStates:], connected)
	})
	answers, err := dump.Execute(unix.NETLINK_SOCK_DIAG, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // a kernel without sock_diag, or without that family
	}
	errs := []error{err}
	for _, answer := range answers {
		abort := diagRequest(nl.SOCK_DESTROY, unix.NLM_F_ACK, family, func(request []byte) {
			copy(request[diagRequestID:], answer[diagMessageID:diagMessageID+diagIDSize])
		})
		_, err := abort.Execute(unix.NETLINK_SOCK_DIAG, 0)
		if errors.Is(err, unix.EOPNOTSUPP) {
			return nil // CONFIG_INET_DIAG_DESTROY is not set
		}
		if !errors.Is(err, unix.ENOENT) { // it has ended by itself
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
