// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// A readPacket reads a packet, and says over which interface it came: 0 if the kernel does not say.
type readPacket func(buffer []byte) (size, index int, from net.Addr, err error)

func read4(conn *ipv4.PacketConn) readPacket {
	return func(buffer []byte) (size, index int, from net.Addr, err error) {
		size, control, from, err := conn.ReadFrom(buffer)
		if control != nil {
			index = control.IfIndex
		}
		return size, index, from, err
	}
}

func read6(conn *ipv6.PacketConn) readPacket {
	return func(buffer []byte) (size, index int, from net.Addr, err error) {
		size, control, from, err := conn.ReadFrom(buffer)
		if control != nil {
			index = control.IfIndex
		}
		return size, index, from, err
	}
}

// readMessages gives messages to take until it has enough, or reading fails. What is none is left out.
func readMessages[M any](read readPacket, parse func([]byte) (M, error), take func(m M, index int, from net.Addr) (enough bool)) error {
	buffer := make([]byte, maxPacket)
	for {
		size, index, from, err := read(buffer)
		if err != nil {
			return err
		}
		if m, err := parse(buffer[:size]); err == nil && take(m, index, from) {
			return nil
		}
	}
}
