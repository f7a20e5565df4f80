// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// send has text go from one fixture to another by TCP.
func send(t *testing.T, from, to *nstest.Fixture, address, text string) {
	t.Helper()
	listener := to.Listen("tcp", net.JoinHostPort(address, "0"))
	received := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			received <- err.Error()
			return
		}
		defer conn.Close()
		got, err := io.ReadAll(conn)
		if err != nil {
			received <- err.Error()
			return
		}
		received <- string(got)
	}()
	conn, err := from.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-received; got != text {
		t.Errorf("%d bytes arrived (%.80q), want %d", len(got), got, len(text))
	}
}

func TestWireJoinsTwoFixtures(t *testing.T) {
	w, a, b := joined(t)
	large := strings.Repeat("large ", 1<<18)
	send(t, a, b, "192.0.2.2", large)
	send(t, b, a, "2001:db8::1", large)
	near, far := w.Ends()
	if near.Name() != "eth0" || far.Name() != "eth0" || near.Fixture() != a || far.Fixture() != b {
		t.Errorf("the ends are %s in %s and %s in %s", near.Name(), near.Fixture().Name(), far.Name(), far.Fixture().Name())
	}
	for _, f := range []*nstest.Fixture{a, b} {
		c := w.Counters(f)
		if c.Received < 100 || c.Received != c.Delivered+c.Refused {
			t.Errorf("from %s: %v", f.Name(), c)
		}
	}
}

func TestTheFirstSYNIsLost(t *testing.T) {
	w, a, b := joined(t, wire.Seed(7))
	var syns []int
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		if tcp := f.TCP(); tcp != nil && tcp.SYN && !tcp.ACK && f.From == a && f.To == b {
			syns = append(syns, f.Number)
		}
		if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 {
			return wire.Drop
		}
		return wire.Pass
	})
	send(t, a, b, "192.0.2.2", "after all")
	remove()
	c, other := w.Counters(a), w.Counters(b)
	if len(syns) != 2 {
		t.Errorf("the SYNs are frames %d, want two of them", syns)
	}
	if c.Dropped != 1 || other.Dropped != 0 {
		t.Errorf("from a %v, from b %v: want 1 dropped from a", c, other)
	}
}

// Gomega would read all that is in it otherwise, while the goroutine of the wire writes to that.
func TestAWireInAMessage(t *testing.T) {
	a, b := nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
	w := wire.Join(t, a, b)
	if shown := fmt.Sprint(w); shown != "wire of a and b" {
		t.Errorf("it is shown as %q", shown)
	}
	if shown := format.Object(w, 0); !strings.HasSuffix(shown, ">: wire of a and b") {
		t.Errorf("Gomega shows %s", shown)
	}
}
