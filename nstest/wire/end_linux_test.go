// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"go.uber.org/goleak"
)

func TestAWireEndsWithItsTest(t *testing.T) {
	a, b := nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
	for range 3 {
		t.Run("subtest", func(t *testing.T) {
			w := wire.Join(t, a, b)
			w.Filter(func(*wire.Frame) wire.Verdict { return wire.Pass })
			if near, far := w.Ends(); near.Name() != "eth0" || far.Name() != "eth0" {
				t.Errorf("the ends are %s and %s", near.Name(), far.Name())
			}
		})
		for _, f := range []*nstest.Fixture{a, b} {
			links, err := f.Netlink().LinkList()
			if err != nil || len(links) != 1 {
				t.Errorf("%s has %d links (%v) after the test of the wire, want lo alone", f.Name(), len(links), err)
			}
		}
	}
	if err := goleak.Find(goleak.IgnoreAnyFunction("testing.(*T).Run")); err != nil {
		t.Error(err)
	}
}

func TestAWireMayOutliveItsFixtures(t *testing.T) {
	a := nstest.New(t, gonso.NS_NET, nstest.Named("a"))
	var w *wire.Wire
	t.Run("subtest", func(sub *testing.T) {
		b := nstest.New(sub, gonso.NS_NET, nstest.Named("b"))
		w = wire.Join(t, a, b)
	})
	w.Set(wire.Loss(0.5))
	if n := w.Counters(a).Missed; n != 0 {
		t.Errorf("%d frames were missed", n)
	}
}

func TestSeveralWiresOfOneFixture(t *testing.T) {
	hub := nstest.New(t, gonso.NS_NET, nstest.Named("hub"))
	for i, name := range []string{"eth0", "eth1", "eth2"} {
		f := nstest.New(t, gonso.NS_NET, nstest.Named("spoke"))
		near, far := wire.Join(t, hub, f).Ends()
		if near.Name() != name || far.Name() != "eth0" {
			t.Errorf("the ends of wire %d are %s and %s", i, near.Name(), far.Name())
		}
	}
	near, far := wire.Join(t, hub, hub).Ends()
	if near.Name() != "eth3" || far.Name() != "eth4" || far.Fixture() != hub {
		t.Errorf("the ends of a wire of one fixture are %s and %s", near.Name(), far.Name())
	}
}

// Such as a cable by which a switch loops: both directions are those of the one fixture.
func TestAWireOfOneFixture(t *testing.T) {
	hub := silent(t, "hub")
	w := wire.Join(t, hub, hub, wire.From(hub, wire.Queue(7)))
	if got := w.Rules(); got[0].Queue != 7 || got[1].Queue != 7 {
		t.Errorf("the rules are %v", got)
	}
	const frames = 3
	arrived := make(chan struct{}, 2*frames)
	w.Filter(func(*wire.Frame) wire.Verdict {
		arrived <- struct{}{}
		return wire.Drop
	})
	for range frames {
		for _, name := range []string{"eth0", "eth1"} {
			newRawSocketAt(t, hub, name).send(testFrame(100, 0x12, 0x34))
		}
	}
	for range 2 * frames {
		<-arrived
	}
	if got := w.Counters(hub); got.Received != 2*frames {
		t.Errorf("of %d frames: %v", 2*frames, got)
	}
}

// A broadcast goes round and round where two wires join two bridges.
func TestAWireEndsInAStorm(t *testing.T) {
	t.Run("storm", func(t *testing.T) {
		a, b := silent(t, "a"), silent(t, "b")
		one, two := wire.Join(t, a, b), wire.Join(t, a, b)
		for i, f := range []*nstest.Fixture{a, b} {
			bridge := link.Bridge(t, f)
			for _, w := range []*wire.Wire{one, two} {
				near, far := w.Ends()
				bridge.Attach([]*link.Link{near, far}[i])
			}
			bridge.WaitUp()
		}
		from := newRawSocket(t, a)
		frame := testFrame(1000, 0x12, 0x34)
		copy(frame, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		for range 100 {
			from.send(frame)
		}
		began := make(chan bool)
		one.Filter(func(f *wire.Frame) wire.Verdict {
			if f.From == b && one.Seen(f) == 1000 {
				close(began)
			}
			return wire.Pass
		})
		<-began
	})
}

// ending is in the environment of a child that runs TestEndings alone: how it is to end.
const ending = "WIRE_TEST_ENDING"

func TestEndings(t *testing.T) {
	if how := os.Getenv(ending); how != "" {
		endLike(t, how)
		return
	}
	for how, want := range map[string]string{
		"panic":   `panic: the test is over`,
		"timeout": `panic: test timed out after 2s`,
		"exit":    `^$`,
		"fatal":   `end_linux_test.go:\d+: the test is over\n(.|\n)*wire: between a and b, with the seed 7 \(repeat it with NSTEST_SEED=7\)\n +from a: \d+ received`,
		"filter":  `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: the filter is over`,
		"index":   `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: runtime error: index out of range`,
		"times":   `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: wire: Times\(-1\): a frame arrives 0 to 10000 times`,
		"many":    `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: wire: Times\(2147483647\): a frame arrives 0 to 10000 times`,
		"none":    `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: wire: With\(0 bytes\): an Ethernet frame has a header of 14 bytes`,
		"short":   `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: wire: With\(13 bytes\): an Ethernet frame has a header`,
		"after":   `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has panicked at end_linux_test.go:\d+: wire: After\(-1s\): no frame arrives before it was sent`,
		"hangs":   `(?m)^wire: the filter of end_linux_test.go:\d+, TestEndings, has not returned for 10ms: until it does, no frame moves on(.|\n)*^panic: test timed out after 2s`,
		"skip":    `end_linux_test.go:\d+: wire: the filter of end_linux_test.go:\d+ has called t.FailNow, t.Fatal, t.Skip`,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestEndings$", "-test.timeout=1m")
			if how == "timeout" || how == "hangs" {
				cmd.Args = append(cmd.Args, "-test.timeout=2s")
			}
			cmd.Env = append(os.Environ(), ending+"="+how)
			out, err := cmd.CombinedOutput()
			if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ctx.Err() != nil || ended.ExitCode() > 3 {
				t.Errorf("it ends with %v", err)
			}
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("nothing like %q in\n%s", want, out)
			}
			if strings.Contains(string(out), "unexpected goroutines") {
				t.Errorf("%s", out)
			}
		})
	}
}

func endLike(t *testing.T, how string) {
	w, a, b := joined(t, wire.Seed(7), wire.Delay(time.Millisecond))
	switch how {
	case "panic":
		panic("the test is over")
	case "timeout":
		<-t.Context().Done()
	case "exit":
		os.Exit(3)
	case "fatal":
		t.Fatal("the test is over")
	case "hangs":
		wire.SetSlowFilter(10 * time.Millisecond)
		fallthrough
	default:
		w.Filter(func(f *wire.Frame) wire.Verdict {
			if f.UDP() != nil {
				return endFilterLike(t, how)
			}
			return wire.Pass
		})
		datagrams{t, w, a, b}.send("go")
	}
}

func endFilterLike(t *testing.T, how string) wire.Verdict {
	switch how {
	case "index":
		return []wire.Verdict{}[len(how)]
	case "times":
		return wire.Pass.Times(-1)
	case "hangs":
		select {}
	case "many":
		return wire.Pass.Times(math.MaxInt32)
	case "none":
		return wire.Pass.With(nil).Corrupt()
	case "short":
		return wire.Pass.With(make([]byte, 13))
	case "after":
		return wire.Pass.After(-time.Second)
	case "skip":
		runtime.Goexit()
	}
	panic("the filter is over")
}
