// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"net"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// What it takes to connect over loopback and to close: ours, package net's dialer
// on a thread in the Set, and package net's where no namespace is changed.
func BenchmarkDialContext(b *testing.B) {
	ns := nstest.New(b, set.NS_NET)
	s := ns.Set()
	accept := func(l net.Listener, err error) string {
		noError(b, err)
		b.Cleanup(func() { noError(b, l.Close()) })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_ = conn.Close()
			}
		}()
		return l.Addr().String()
	}
	inside := accept(s.Listen("tcp", "127.0.0.1:0"))
	outside := accept(net.Listen("tcp", "127.0.0.1:0"))
	dial := func(b *testing.B, d interface {
		Dial(network, address string) (net.Conn, error)
	}, address string,
	) {
		conn, err := d.Dial("tcp", address)
		noError(b, err)
		// Connections that wait for their peer's end take ports away.
		noError(b, conn.(*net.TCPConn).SetLinger(0))
		noError(b, conn.Close())
	}
	b.Run("gonso", func(b *testing.B) {
		for b.Loop() {
			dial(b, dialer(func(network, address string) (net.Conn, error) {
				return s.DialContext(b.Context(), network, address)
			}), inside)
		}
	})
	b.Run("do", func(b *testing.B) {
		for b.Loop() {
			noError(b, s.Do(func() { dial(b, new(net.Dialer), inside) }))
		}
	})
	b.Run("do-restored", func(b *testing.B) {
		for b.Loop() {
			noError(b, s.DoRaw(func() bool { dial(b, new(net.Dialer), inside); return true }, true))
		}
	})
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			dial(b, new(net.Dialer), outside)
		}
	})
}

type dialer func(network, address string) (net.Conn, error)

func (d dialer) Dial(network, address string) (net.Conn, error) { return d(network, address) }
