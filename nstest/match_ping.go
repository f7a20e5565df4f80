// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// pingAgain is how long a reply is waited for before another request is sent.
const pingAgain = 250 * time.Millisecond

// ping sends ICMP echo requests from the calling thread's network namespace and
// waits for a reply to any of them until ctx ends. The cause is why none came, err why none
// could be asked for.
func ping(ctx context.Context, to netip.Addr) (cause, err error) {
	conn, target, err := pingSocket(to)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	request, reply := icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply)
	if to.Is6() {
		request, reply = ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
	}
	// The text tells our reply from those to others: the kernel chooses the ID of
	// a ping socket, and a raw socket gets everybody's.
	text := rand.Text()
	packet, err := (&icmp.Message{Type: request, Body: &icmp.Echo{Data: []byte(text)}}).Marshal(nil)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := conn.WriteTo(packet, target); err != nil {
			return err, nil
		}
		until := time.Now().Add(pingAgain)
		deadline, limited := ctx.Deadline()
		last := limited && deadline.Before(until)
		if last {
			until = deadline
		}
		if err := conn.SetReadDeadline(until); err != nil {
			return nil, err
		}
		cause = awaitReply(conn, reply, text)
		if !errors.Is(cause, os.ErrDeadlineExceeded) {
			return cause, nil
		}
		if last {
			return fmt.Errorf("no reply to an echo request from %v", to), nil
		}
	}
}

// awaitReply waits for the reply with the text.
func awaitReply(conn *icmp.PacketConn, reply icmp.Type, text string) error {
	for buffer := make([]byte, 1500); ; {
		n, _, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		message, err := icmp.ParseMessage(reply.Protocol(), buffer[:n])
		if err != nil {
			continue // somebody else's
		}
		if echo, ok := message.Body.(*icmp.Echo); ok && message.Type == reply && string(echo.Data) == text {
			return nil
		}
	}
}

// pingSocket returns a raw socket, for which it takes CAP_NET_RAW in the network
// namespace, or else a ping socket, which it lets groups have
// (net.ipv4.ping_group_range, icmp(7)): in a new one, none.
func pingSocket(to netip.Addr) (conn *icmp.PacketConn, target net.Addr, err error) {
	// By numbers: package net would read /etc/protocols for the names.
	raw, datagram, anywhere := "ip4:1", "udp4", "0.0.0.0"
	if to.Is6() {
		raw, datagram, anywhere = "ip6:58", "udp6", "::"
	}
	conn, err = icmp.ListenPacket(raw, anywhere)
	if err == nil {
		return conn, &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}, nil
	}
	if !errors.Is(err, os.ErrPermission) {
		return nil, nil, err
	}
	conn, e := icmp.ListenPacket(datagram, anywhere)
	if e != nil {
		return nil, nil, errors.Join(err, e)
	}
	return conn, &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}, nil
}
