// SPDX-License-Identifier: Apache-2.0

package holepunch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// How two peers meet:
//
//  1. Each says "meet" to a server outside, which so sees its external address, and tells it the other's: "peer ADDRESS".
//  2. Each says "hello" there, again and again. That opens its own router for the other one.
//  3. Who hears "hello" answers "heard", where that came from. Who hears "heard" is done.

// Serve has peers meet, two at a time, until the connection is closed.
func Serve(conn net.PacketConn) error {
	var waiting net.Addr
	buffer := make([]byte, 100)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if string(buffer[:n]) != "meet" {
			continue
		}
		if waiting == nil || waiting.String() == from.String() {
			waiting = from
			continue
		}
		for to, peer := range map[net.Addr]net.Addr{from: waiting, waiting: from} {
			if _, err := conn.WriteTo([]byte("peer "+peer.String()), to); err != nil {
				return err
			}
		}
		waiting = nil
	}
}

const pause = 20 * time.Millisecond // before something is said again

// Meet finds the peer that asks the same server, and returns where it is.
func Meet(ctx context.Context, conn net.PacketConn, server netip.AddrPort) (peer netip.AddrPort, err error) {
	if err := say(conn, server, "meet"); err != nil {
		return peer, err
	}
	for ctx.Err() == nil {
		if err := greet(conn, peer); err != nil {
			return peer, err
		}
		word, from, err := listen(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return peer, err
		}
		met := false
		if from == server {
			peer, err = seenAt(word, peer)
		} else {
			peer = from // its router may have another port for us than for the server
			err, met = say(conn, peer, "heard"), word == "heard"
		}
		if err != nil || met {
			return peer, err
		}
	}
	return peer, fmt.Errorf("no way to the peer, seen at %v: %w", peer, ctx.Err())
}

// greet says hello to the peer, if it is known.
func greet(conn net.PacketConn, peer netip.AddrPort) error {
	if !peer.IsValid() {
		return nil
	}
	return say(conn, peer, "hello")
}

// seenAt reads what the server says of the peer. Anything else changes nothing.
func seenAt(word string, before netip.AddrPort) (peer netip.AddrPort, err error) {
	address, told := strings.CutPrefix(word, "peer ")
	if !told {
		return before, nil
	}
	return netip.ParseAddrPort(address)
}

func say(conn net.PacketConn, to netip.AddrPort, word string) error {
	_, err := conn.WriteTo([]byte(word), net.UDPAddrFromAddrPort(to))
	return err
}

// listen waits for a word, but not for long.
func listen(conn net.PacketConn) (word string, from netip.AddrPort, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(pause)); err != nil {
		return "", from, err
	}
	buffer := make([]byte, 100)
	n, sender, err := conn.ReadFrom(buffer)
	if err != nil {
		return "", from, err
	}
	from, err = netip.ParseAddrPort(sender.String())
	return string(buffer[:n]), from, err
}
