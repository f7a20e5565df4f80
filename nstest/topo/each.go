// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// LoseEach runs a test once as it is, and then once for each frame that was sent: with that frame lost. This
// tests that a protocol copes with the loss of any single packet, which random loss cannot prove.
//
//	func TestHandshake(t *testing.T) {
//		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
//			client, server := n.Host("client"), n.Host("server")
//			n.Link(client, server)
//			n.Up()
//			... // t.Error if they do not come to an agreement within a second
//		})
//	}
//
// Each time, f gets a new network, to which it adds nodes and links, and which it takes up and uses. It must
// return whatever is lost: give its connections deadlines. The run that has not returned shortly before
// -test.timeout is over is named. If f skips the run in which no frame is lost, the test is skipped. Several
// runs of f take place at once, so that variables outside of f need a lock. f must not call t.Parallel.
//
// The frames on all links count, after [Network.Up] has returned, in the order in which they were sent. A
// packet that is forwarded counts once on each link. ARP, neighbour discovery and the reports of multicast
// groups (IGMP, MLD) do not count, unless [EveryFrame] says so; those that Up sends do not, unless [DuringUp]
// says so. Each run is a subtest. One that fails says
// which frame it was, and how to run it alone:
//
//	frame 5, client to server, TCP FIN ACK 10.0.0.1:* > 10.0.0.2:80, was lost; this run alone is
//	NSTEST_LOSE=TestHandshake:5 go test -run '^TestHandshake$' example.com/protocol
//
// Programs do not always send the same frames in the same order. LoseEach therefore compares each run with the
// first one: the frames of the same direction, up to the lost one, have to be the same. A run that passes and
// differs is repeated up to twice. If it still differs, the log says so: that run shows only that the test
// passes with some frame lost.
func LoseEach(t *testing.T, f func(t *testing.T, n *Network), opts ...EachOption) {
	lifecycle.NeedTest(t, "topo.LoseEach")
	t.Helper()
	Each(t, Lost(), f, opts...)
}

// Each is [LoseEach] with another fault:
//
//	topo.Each(t, topo.Duplicated(), func(t *testing.T, n *topo.Network) { ... })
func Each(t *testing.T, fault Fault, f func(t *testing.T, n *Network), opts ...EachOption) {
	lifecycle.NeedTest(t, "topo.Each")
	t.Helper()
	if fault.name == "" {
		t.Fatal("topo: a Fault is made by a function of this package, such as Lost")
	}
	if fault.err != nil {
		t.Fatalf("topo: %v", fault.err)
	}
	if f == nil {
		t.Fatal("topo: the function is nil")
	}
	e := &each{fault: fault, f: f, limit: eachLimit, failed: make(map[int]string), diverged: make(map[int]string)}
	if testing.Short() {
		e.limit = eachLimitShort
	}
	if err := option.Apply(e, opts); err != nil {
		t.Fatalf("topo: %v", err)
	}
	if e.limit < 1 {
		t.Fatalf("topo: a Limit of %d: it must be 1 at least", e.limit)
	}
	e.run(t)
}

// How many runs there are at most, without [Limit].
const (
	eachLimit      = 500
	eachLimitShort = 20
)

// A Fault is what happens to one frame, see [Each].
type Fault struct {
	name    string
	verdict cable.Verdict
	err     error // of the function that has made it
}

// swapTime is how long a frame waits for the next one to overtake it.
const swapTime = 100 * time.Millisecond

// Lost drops the frame.
func Lost() Fault { return Fault{name: "lost", verdict: cable.Verdict{Drop: true}} }

// Duplicated makes the frame arrive twice.
func Duplicated() Fault { return Fault{name: "duplicated", verdict: cable.Verdict{Copies: 1}} }

// Delayed makes the frame arrive later by d, after others that were sent meanwhile. d must be more than 0, and an hour at most.
func Delayed(d time.Duration) Fault {
	err := impair.CheckDelay(d)
	if d == 0 {
		err = errors.New("delay 0s: no frame would have a fault")
	}
	if err != nil {
		err = fmt.Errorf("topo.Delayed: %w", err)
	}
	return Fault{fmt.Sprintf("delayed by %v", d), cable.Verdict{Delay: d}, err}
}

// Swapped makes the frame arrive after the next one of the same direction; if there is none within 100 ms it
// arrives then.
func Swapped() Fault {
	return Fault{name: "swapped with the next", verdict: cable.Verdict{Hold: swapTime}}
}

// An EachOption changes what [LoseEach] and [Each] do.
type EachOption func(*each)

// Limit sets how many frames get a fault at most: 500 if it is not set, 20 with -short. If the test sends more
// frames, those that get one are spread evenly over all of them, and the log says so.
func Limit(frames int) EachOption { return func(e *each) { e.limit = frames } }

// EveryFrame has all frames count, also those of ARP, neighbour discovery, IGMP and MLD.
func EveryFrame() EachOption { return func(e *each) { e.every = true } }

// DuringUp has the frames count, too, that are sent while [Network.Up] runs, such as those of DHCP.
func DuringUp() EachOption { return func(e *each) { e.duringUp = true } }
