// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// An interface that is gone leaves an error in the socket, by which a poller would wake up all the time.
func TestASocketWhoseInterfaceIsGoneIsQuiet(t *testing.T) {
	f := nstest.New(t, set.NS_NET)
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "one", Index: innerIndex}, PeerName: "two"}
	if err := f.Netlink().LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	if err := f.Netlink().LinkSetUp(veth); err != nil {
		t.Fatal(err)
	}
	var socket *sys.PacketSocket
	var err error
	f.Do(func() { socket, err = sys.OpenPacket(innerIndex, slotFrame, slots) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, socket) }()
	poller, err := sys.NewPoller(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, poller) }()
	if err := f.Netlink().LinkDel(veth); err != nil {
		t.Fatal(err)
	}
	if err := poller.Wait(time.Now().Add(time.Hour)); err != nil { // which the error ends
		t.Fatal(err)
	}
	until := time.Now().Add(50 * time.Millisecond)
	if err := poller.Wait(until); err != nil || time.Now().Before(until) {
		t.Errorf("waiting ends (%v) %v too early", err, time.Until(until))
	}
	for range 100 {
		if err := poller.Yield(); err != nil {
			t.Fatal(err)
		}
	}
	if err := poller.Wake(); err != nil {
		t.Fatal(err)
	}
	if err := poller.Wait(time.Time{}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one that was woken ends with %v", err)
	}
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// A hook that takes long for each frame, as one that waits for an answer does, holds up the end of the cable once.
func TestTheEndWaitsForTheHookOnce(t *testing.T) {
	a, b := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	c, err := Lay([2]End{{Set: a.Set(), Name: "eth0", Index: innerIndex}, {Set: b.Set(), Name: "eth0"}})
	if err != nil {
		t.Fatal(err)
	}
	asked, entered, calls := make(chan struct{}), make(chan struct{}), 0
	c.SetHook(func(Frame) (v Verdict) {
		if calls++; calls == 1 {
			close(entered)
			<-asked // while the others come
			for !c.isClosed() {
				runtime.Gosched()
			}
		}
		return v
	})
	for _, f := range []*nstest.Fixture{a, b} {
		link, err := f.Netlink().LinkByName("eth0")
		if err == nil {
			err = f.Netlink().LinkSetUp(link)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out *sys.PacketSocket
	a.Do(func() { out, err = sys.OpenPacket(innerIndex, slotFrame, slots) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, out) }()
	frame := append(bytes.Repeat([]byte{0xff}, 12), 0x88, 0xb5) // to all, of an experiment
	for range 10 {
		if _, err := out.Send([][]byte{frame}); err != nil {
			t.Fatal(err)
		}
	}
	<-entered
	close(asked)
	closed(t, c)
	if calls > 1 {
		t.Errorf("the hook was called %d times", calls)
	}
}

func TestLayingFailsWithoutATrace(t *testing.T) {
	a, b := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	_, err := Lay([2]End{{Set: a.Set(), Name: "eth0"}, {Set: b.Set(), Name: "lo"}})
	if err == nil || !strings.Contains(err.Error(), "add the cable of end1") {
		t.Errorf("a name that is taken: %v", err)
	}
	links, err := a.Netlink().LinkList()
	if err != nil || len(links) != 1 {
		t.Errorf("%d links are left (%v)", len(links), err)
	}
}

func TestCloseIsForOnce(t *testing.T) {
	a, b := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	c, err := Lay([2]End{{Set: a.Set(), Name: "eth0"}, {Set: b.Set(), Name: "eth0", Index: 77, MTU: 1280}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.Netlink().LinkByIndex(77)
	if err != nil || made.Attrs().MTU != 1280 || made.Attrs().Name != "eth0" {
		t.Errorf("%+v, %v", made, err)
	}
	if err := c.Set(impair.AToB, impair.Rules{Loss: 2}, 0); err == nil {
		t.Error("bad rules are taken")
	}
	closed(t, c)
	closed(t, c)
	if n := c.Counters(impair.BToA); n != (Counters{}) {
		t.Errorf("%v", n)
	}
	links, err := b.Netlink().LinkList()
	if err != nil || len(links) != 1 {
		t.Errorf("%d links are left (%v)", len(links), err)
	}
}
