// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// A failing is a test that may be failed by another goroutine.
type failing struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	text   string
}

func (f *failing) say(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed, f.text = true, f.text+text
}

func (f *failing) Helper()           {}
func (f *failing) Error(args ...any) { f.say(fmt.Sprint(args...)) }
func (f *failing) Fatal(args ...any) { f.say(fmt.Sprint(args...)); runtime.Goexit() }

// Datagrams go from a to b, and come back with what has become of them.
type datagrams struct {
	t    *testing.T
	w    *wire.Wire
	a, b *nstest.Fixture
}

// address is that of the receiver, whose name is that of the fixture.
func (d datagrams) address() string {
	if d.b.Name() == "a" {
		return "192.0.2.1"
	}
	return "192.0.2.2"
}

// send sends datagrams of those texts, and "." in the end, which it returns with all that arrive.
func (d datagrams) send(texts ...string) (arrived []string) {
	d.t.Helper()
	to, err := d.b.Set().ListenPacket("udp", d.address()+":0")
	if err != nil {
		d.t.Fatal(err)
	}
	defer to.Close()
	from, err := d.a.DialContext(d.t.Context(), "udp", to.LocalAddr().String())
	if err != nil {
		d.t.Fatal(err)
	}
	defer from.Close()
	for _, text := range append(texts, ".") {
		if _, err := from.Write([]byte(text)); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := to.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		d.t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	for {
		n, _, err := to.ReadFrom(buf)
		if err != nil {
			d.t.Fatalf("%v, after %q", err, arrived)
		}
		if string(buf[:n]) == "." {
			return arrived
		}
		arrived = append(arrived, string(buf[:n]))
	}
}

func TestVerdicts(t *testing.T) {
	w, a, b := joined(t, wire.Seed(7))
	w.Filter(func(f *wire.Frame) wire.Verdict {
		switch string(f.Payload()) {
		case "lost":
			return wire.Drop
		case "late":
			return wire.Pass.After(20 * time.Millisecond)
		case "thrice":
			return wire.Pass.Times(3)
		case "never":
			return wire.Pass.Times(0)
		case "corrupt":
			return wire.Pass.Corrupt()
		case "other":
			return wire.Pass.With(replaced(t, f, "another"))
		case ".":
			return wire.Pass.After(100 * time.Millisecond)
		}
		return wire.Pass
	})
	start := time.Now()
	got := datagrams{t, w, a, b}.send("first", "lost", "late", "thrice", "never", "corrupt", "other", "last")
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("all have arrived after %v, and the last one is 100ms late", took)
	}
	slices.Sort(got) // what is late comes behind the others, or, if this test was kept from sending them, before
	if want := "another first last late thrice thrice thrice"; strings.Join(got, " ") != want {
		t.Errorf("%q arrived, want %q", got, want)
	}
	if c := w.Counters(a); c.Dropped != 2 || c.Duplicated != 2 || c.Corrupted != 1 {
		t.Errorf("%v, want 2 dropped, 2 duplicated, 1 corrupted", c)
	}
}

// replaced returns a frame like f with another payload.
func replaced(t *testing.T, f *wire.Frame, payload string) []byte {
	udp := f.UDP()
	if err := udp.SetNetworkLayerForChecksum(f.IPv4()); err != nil {
		t.Error(err)
	}
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, f.Ethernet(), f.IPv4(), udp, gopacket.Payload(payload)); err != nil {
		t.Error(err)
	}
	return buffer.Bytes()
}

func TestFiltersComeInTheirOrder(t *testing.T) {
	w, a, b := joined(t)
	var seen []string
	w.Filter(func(f *wire.Frame) wire.Verdict {
		switch string(f.Payload()) {
		case "lost":
			return wire.Drop
		case "one":
			return wire.Pass.With(replaced(t, f, "two")).Times(2)
		}
		return wire.Pass
	})
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		if f.UDP() != nil && f.From == a {
			seen = append(seen, string(f.Payload()))
		}
		if string(f.Payload()) == "two" {
			return wire.Pass.Times(2)
		}
		return wire.Pass
	})
	got := datagrams{t, w, a, b}.send("lost", "one")
	remove()
	if strings.Join(got, " ") != "two two two two" || strings.Join(seen, " ") != "two ." {
		t.Errorf("%q arrived, and the second filter has seen %q", got, seen)
	}
}

func TestFiltersAreTakenAway(t *testing.T) {
	w, a, b := joined(t)
	drop := func(text string) (remove func()) {
		return w.Filter(func(f *wire.Frame) wire.Verdict {
			if string(f.Payload()) == text {
				return wire.Drop
			}
			return wire.Pass
		})
	}
	drop("one")
	two := drop("two")
	drop("three")
	two()
	two()
	if got := (datagrams{t, w, a, b}).send("one", "two", "three"); strings.Join(got, " ") != "two" {
		t.Errorf("%q arrived, want two", got)
	}
}

func TestAFilterThatWasTakenAwayDoesNotRun(t *testing.T) {
	w, a, b := joined(t)
	began, end := make(chan bool), make(chan bool)
	var over atomic.Bool
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		if string(f.Payload()) == "now" {
			began <- true
			<-end
			over.Store(true)
		}
		return wire.Pass
	})
	go func() {
		<-began
		go func() { end <- true }() // while remove waits, or before
		remove()
		if !over.Load() {
			t.Error("the filter still runs")
		}
		began <- true
	}()
	datagrams{t, w, a, b}.send("now")
	<-began
}

func TestSeenCountsForEachLine(t *testing.T) {
	w, a, b := joined(t)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if string(f.Payload()) == "x" && w.Seen(f) == 2 {
			return wire.Drop
		}
		if string(f.Payload()) == "y" {
			for range 3 {
				if w.Seen(f) == 2 {
					return wire.Drop
				}
			}
		}
		return wire.Pass
	})
	if got := (datagrams{t, w, a, b}).send("x", "y", "x", "x", "y", "y"); strings.Join(got, "") != "xyxy" {
		t.Errorf("%q arrived, want all but the second x and the second y", got)
	}
}

func TestAFilterThatDoesNotReturnFailsTheTest(t *testing.T) {
	for name, c := range map[string]struct {
		ends func(t testing.TB)
		want string
	}{
		"panic":  {func(testing.TB) { panic("at the disco") }, `wire: the filter of filter_linux_test.go:\d+ has panicked at filter_linux_test.go:\d+: at the disco\n\n(.|\n)*goroutine`},
		"index":  {func(testing.TB) { _ = []int{}[runtime.NumGoroutine()] }, `has panicked at filter_linux_test.go:\d+: runtime error: index out of range`},
		"fatal":  {func(tb testing.TB) { tb.Fatal("said so") }, `said sowire: the filter of filter_linux_test.go:\d+ has called t.FailNow, t.Fatal, t.Skip or runtime.Goexit`},
		"goexit": {func(testing.TB) { runtime.Goexit() }, `has called t.FailNow`},
	} {
		t.Run(name, func(t *testing.T) {
			tb := &failing{TB: t}
			a, b := nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
			w := wire.Join(tb, a, b)
			a.AddAddress("eth0", "192.0.2.1/24")
			b.AddAddress("eth0", "192.0.2.2/24")
			now := false
			w.Filter(func(f *wire.Frame) wire.Verdict {
				if now = now || string(f.Payload()) == "now"; now {
					c.ends(tb)
				}
				return wire.Pass
			})
			got := datagrams{t, w, a, b}.send("before", "now", "after")
			if strings.Join(got, " ") != "before now after" {
				t.Errorf("%q arrived, want all", got)
			}
			tb.mu.Lock()
			defer tb.mu.Unlock()
			if !tb.failed || !regexp.MustCompile(c.want).MatchString(tb.text) {
				t.Errorf("the test has failed: %t, with %q, want %q", tb.failed, tb.text, c.want)
			}
			if n := strings.Count(tb.text, "wire: the filter of"); n != 1 {
				t.Errorf("the filter was called %d times more", n-1)
			}
		})
	}
}

func TestBadInputIsNamed(t *testing.T) {
	a, b := nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
	other := nstest.New(t, gonso.NS_NET, nstest.Named("other"))
	uts := nstest.New(t, gonso.NS_UTS, nstest.Named("uts"))
	for want, try := range map[string]func(tb testing.TB){
		"wire: join a and b: frames of a: loss 2: it is a probability":                              func(tb testing.TB) { wire.Join(tb, a, b, wire.Loss(2)) },
		"wire: join a and b: frames of b: loss -1: it is a probability":                             func(tb testing.TB) { wire.Join(tb, a, b, wire.From(b, wire.Loss(-1))) },
		"wire: join a and b: From: the fixture other is at no end":                                  func(tb testing.TB) { wire.Join(tb, a, b, wire.From(other)) },
		"wire: join a and b: frames of a: delay 20ns: was a unit meant, as in 20*time.Millisecond?": func(tb testing.TB) { wire.Join(tb, a, b, wire.Delay(20)) },
		"wire: join a and b: an MTU of 20: it must be 68 to 65535":                                  func(tb testing.TB) { wire.Join(tb, a, b, wire.MTU(20)) },
		"wire: join a and b: an MTU of 0: it must be 68 to 65535":                                   func(tb testing.TB) { wire.Join(tb, a, b, wire.MTU(0)) },
		"wire: join a and b: an MTU of -1: it must be 68 to 65535":                                  func(tb testing.TB) { wire.Join(tb, a, b, wire.MTU(-1)) },
		"wire: join a and uts: the fixture uts has no net namespace":                                func(tb testing.TB) { wire.Join(tb, a, uts) },
		"wire: set a and b: MTU: it is for Join": func(tb testing.TB) {
			wire.Join(tb, a, b).Set(wire.MTU(1400))
		},
		"wire: Filter: the function is nil":       func(tb testing.TB) { wire.Join(tb, a, b).Filter(nil) },
		"wire: counters: the fixture other is at": func(tb testing.TB) { wire.Join(tb, a, b).Counters(other) },
	} {
		if text := failure.Text(t, try); !strings.HasPrefix(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}

func TestAFilterTakesItselfAway(t *testing.T) {
	w, a, b := joined(t)
	itself := make(chan func(), 1)
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		if f.UDP() == nil {
			return wire.Pass
		}
		(<-itself)()
		return wire.Drop
	})
	itself <- remove
	if arrived := (datagrams{t, w, a, b}).send("one", "two"); fmt.Sprint(arrived) != "[two]" {
		t.Errorf("%q arrive", arrived)
	}
	remove()
}
