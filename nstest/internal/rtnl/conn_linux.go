// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Conn is a socket of rtnetlink(7) in one network namespace. It is for many requests at
// once: none waits for the answer to the one before.
type Conn struct{ socket *nl.NetlinkSocket }

// Dial makes a Conn in a Set's network namespace, which hears of what happens there in those
// groups.
func Dial(s set.Set, groups ...uint) (*Conn, error) {
	return inside.GetIn(s, set.NS_NET, func() (*Conn, error) {
		socket, err := nl.Subscribe(unix.NETLINK_ROUTE, groups...)
		if err != nil {
			return nil, err
		}
		_ = socket.SetExtAck(true) // kernels before Linux 4.12 have an errno alone
		return &Conn{socket}, socket.SetReceiveTimeout(&unix.Timeval{Sec: answerTime})
	})
}

// answerTime is how long the kernel may take for an answer, in seconds: it takes a lock that the whole
// machine may wait for.
const answerTime = 60

// Close closes the socket.
func (c *Conn) Close() { c.socket.Close() }

// A Request is one message to the kernel, and what it is for.
type Request struct {
	what string
	*nl.NetlinkRequest
	explain func(error) error // nil if an error says all that is known
}

// request makes a request of that type; the flags are those of netlink(7). What is for
// errors, such as "add 192.0.2.1/24 to eth0".
func request(what string, kind, flags int) Request {
	return Request{what: what, NetlinkRequest: nl.NewNetlinkRequest(kind, flags)}
}

// chunk is how many requests are sent before an answer is read. A request that fails is
// answered with all of it, and the kernel drops answers that the socket has no room for.
const chunk = 64

// Do sends the requests in their order, and returns what failed of them. Those that come
// after one that failed are carried out all the same.
func (c *Conn) Do(requests ...Request) error {
	var errs []error
	for len(requests) > 0 {
		n := min(chunk, len(requests))
		failed, err := c.do(requests[:n])
		if err != nil {
			return err
		}
		errs = append(errs, failed...)
		requests = requests[n:]
	}
	return errors.Join(errs...)
}

// do asks for an answer to the last request: the kernel answers in order, and of the others
// only to those that fail.
func (c *Conn) do(requests []Request) (failed []error, err error) {
	last := requests[len(requests)-1]
	last.Flags |= unix.NLM_F_ACK
	asked := make(map[uint32]Request)
	for _, r := range requests {
		asked[r.Seq] = r
		if err := c.socket.Send(r.NetlinkRequest); err != nil {
			return nil, fmt.Errorf("%s: %w", r.what, err)
		}
	}
	err = c.each(func(m syscall.NetlinkMessage) (done bool, err error) {
		r, ours := asked[m.Header.Seq]
		if m.Header.Type != unix.NLMSG_ERROR || !ours {
			return false, nil
		}
		if err := errnoOf(m); err != nil {
			if r.explain != nil {
				err = r.explain(err)
			}
			failed = append(failed, fmt.Errorf("%s: %w", r.what, err))
		}
		return m.Header.Seq == last.Seq, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: answer: %w", last.what, err)
	}
	return failed, nil
}

// each calls f for each message that comes, until it is done.
func (c *Conn) each(f func(syscall.NetlinkMessage) (done bool, err error)) error {
	for {
		messages, _, err := c.socket.Receive()
		if err != nil {
			return err
		}
		for _, m := range messages {
			if done, err := f(m); done || err != nil {
				return err
			}
		}
	}
}

// errnoOf returns what a message of type NLMSG_ERROR says, nil for success.
func errnoOf(m syscall.NetlinkMessage) error {
	errno := -int32(binary.NativeEndian.Uint32(m.Data))
	if errno == 0 {
		return nil
	}
	if text := textOf(m); text != "" {
		return fmt.Errorf("%w: %s", unix.Errno(errno), text)
	}
	return unix.Errno(errno)
}

// textOf returns what the kernel says in words of an error (NLMSGERR_ATTR_MSG), after the errno and the request.
func textOf(m syscall.NetlinkMessage) string {
	const before = 4
	if m.Header.Flags&unix.NLM_F_ACK_TLVS == 0 || len(m.Data) < before+unix.SizeofNlMsghdr {
		return ""
	}
	request := int(binary.NativeEndian.Uint32(m.Data[before:])) // its length, a multiple of 4
	if m.Header.Flags&unix.NLM_F_CAPPED != 0 {
		request = unix.SizeofNlMsghdr
	}
	if before+request > len(m.Data) {
		return ""
	}
	text, err := attribute(m.Data[before+request:], nl.NLMSGERR_ATTR_MSG)
	if err != nil {
		return "" // the errno is what matters
	}
	return nl.BytesToString(text)
}

// attribute returns the value of an attribute, or nil if there is none of that type.
func attribute(attributes []byte, kind uint16) (value []byte, err error) {
	list, err := nl.ParseRouteAttr(attributes)
	for _, a := range list {
		if a.Attr.Type&^unix.NLA_F_NESTED == kind {
			value = a.Value
		}
	}
	return value, err
}

// Receive returns what the kernel says in the groups of the socket, or an error that is EAGAIN
// at the deadline, or ENOBUFS where it said more than the socket has room for.
func (c *Conn) Receive(deadline time.Time) ([]syscall.NetlinkMessage, error) {
	left := time.Until(deadline)
	if left <= 0 {
		return nil, unix.EAGAIN
	}
	wait := unix.NsecToTimeval(int64(left))
	if err := c.socket.SetReceiveTimeout(&wait); err != nil {
		return nil, err
	}
	messages, _, err := c.socket.Receive()
	return messages, err
}
