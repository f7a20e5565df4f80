// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

// pair is the smallest network.
func pair(n *topo.Network) (a, b *topo.Host) {
	a, b = n.Host("a"), n.Host("b")
	n.Link(a, b)
	n.Up()
	return a, b
}

func TestTCPGetsByWithoutAnyFrame(t *testing.T) {
	t.Parallel()
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := pair(n)
		l := b.Listen("tcp", ":80")
		served := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				_, err = io.Copy(conn, conn)
				err = errors.Join(err, conn.Close())
			}
			served <- err
		}()
		if err := echoTCP(t.Context(), a, "tcp", net.JoinHostPort(b.Addr4().String(), "80"), 5000); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func echoTCP(ctx context.Context, from *topo.Host, network, address string, size int) error {
	conn, err := from.DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write(make([]byte, size)); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(conn)
	if err == nil && len(got) != size {
		err = fmt.Errorf("%d bytes come back, want %d", len(got), size)
	}
	return err
}

// ask sends datagrams, each when the one before was answered, and gives up when one is not.
func ask(t *testing.T, n *topo.Network, count int) {
	a, b := pair(n)
	askFrom(t, a, b, count)
}

func askFrom(t *testing.T, a, b *topo.Host, count int) {
	server := b.ListenPacket("udp", ":5000")
	go func() {
		for buf := make([]byte, 100); ; {
			size, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(buf[:size], from) // who misses it says so
		}
	}()
	conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "5000"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range count {
		if err := conn.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		_, writeErr := conn.Write([]byte{byte(i)})
		size, readErr := conn.Read(buf)
		if err := errors.Join(writeErr, readErr); err != nil || size != 1 || buf[0] != byte(i) {
			t.Errorf("answer %d is %v, %v", i, buf[:size], err)
		}
	}
}

// innerVariable has the tests that are to fail run.
const innerVariable = "TOPO_TEST_INNER"

func isInner() bool { return os.Getenv(innerVariable) != "" }

// inner runs a test in a process of its own, and returns what it prints. What begins with a dash is an argument, all else is for
// the environment.
func inner(t *testing.T, test string, more ...string) (out string, passes bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), innerVariable+"=1", "TMPDIR="+t.TempDir())
	for _, word := range more {
		if strings.HasPrefix(word, "-") {
			cmd.Args = append(cmd.Args, word)
		} else {
			cmd.Env = append(cmd.Env, word)
		}
	}
	all, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(all), err == nil
}

// failsInside is for an inner test that fails.
func failsInside(t *testing.T, test string, more ...string) string {
	t.Helper()
	out, passes := inner(t, test, more...)
	if passes {
		t.Fatalf("%s passes:\n%s", test, out)
	}
	return out
}

func TestInnerAsks(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) { ask(t, n, 3) })
	}
}

func TestEveryFrameIsLostOnce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerAsks")
	for frame, line := range []string{1: "a to b, UDP 10.0.0.1:* > 10.0.0.2:5000", 2: "b to a, UDP 10.0.0.2:5000 > 10.0.0.1:*", 6: "b to a, UDP 10.0.0.2:5000 > 10.0.0.1:*"} {
		if line != "" {
			g.Expect(out).To(ContainSubstring(fmt.Sprintf("topo: frame %d, %s, was lost; this run alone is\n", frame, line)))
			g.Expect(out).To(ContainSubstring(fmt.Sprintf("NSTEST_LOSE=TestInnerAsks:%d go test -run '^TestInnerAsks$' github.com/seed-1bc5c4a2/gonso/nstest/topo", frame)))
		}
	}
	g.Expect(out).To(ContainSubstring("topo: each of 6 frames was lost once: the test fails for\n"))
}

func TestOneRunIsRepeated(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerAsks", "NSTEST_LOSE=TestInnerAsks:4")
	g.Expect(out).To(And(ContainSubstring("topo: frame 4 of 6 was lost: the test fails for\n"), ContainSubstring("--- FAIL: TestInnerAsks/frame_4_lost"), Not(ContainSubstring("/frame_3_lost"))))
	g.Expect(failsInside(t, "TestInnerAsks", "NSTEST_LOSE=TestInnerAsks:7")).To(ContainSubstring("NSTEST_LOSE has frame 7, and there are 6"))
	g.Expect(failsInside(t, "TestInnerAsks", "NSTEST_LOSE=TestInnerAsks")).To(ContainSubstring(`NSTEST_LOSE is "TestInnerAsks": it must be the name of a test, a colon and the number of a frame`))
}

func TestInnerFails(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			ask(t, n, 1)
			t.Error("on purpose")
		})
	}
}

func TestInnerIsSilent(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(_ *testing.T, n *topo.Network) { pair(n) })
	}
}

func TestInnerIsParallel(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			t.Parallel()
			ask(t, n, 1)
		})
	}
}

func TestInnerSkips(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, _ *topo.Network) { t.Skip("there is no server here") })
		t.Error("WRONG: went on")
	}
}

// As where a machine lets nobody have namespaces.
func TestATestThatSkipsAsItIsIsSkipped(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, passes := inner(t, "TestInnerSkips")
	g.Expect(passes).To(BeTrue(), out)
	g.Expect(out).To(SatisfyAll(ContainSubstring("there is no server here"), ContainSubstring("--- SKIP: TestInnerSkips (")))
	g.Expect(out).To(MatchRegexp(`each_linux_test\.go:\d+: topo: the test is skipped as it is, without any frame lost`))
}

func TestMisuseOfEachIsNamed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	g.Expect(failsInside(t, "TestInnerFails")).To(And(ContainSubstring("topo: the test fails as it is, without any frame lost"), Not(ContainSubstring("frame_1"))))
	g.Expect(failsInside(t, "TestInnerIsSilent")).To(And(ContainSubstring("topo: no frame that counts was sent after Up"),
		ContainSubstring("may still wait for the neighbour's hardware address")))
	g.Expect(failsInside(t, "TestInnerIsParallel")).To(ContainSubstring("topo: the function must not call t.Parallel"))
	g.Expect(failsInside(t, "TestInnerMisuse")).To(And(
		ContainSubstring("the function is nil"), ContainSubstring("a Limit of 0: it must be 1 at least"), ContainSubstring("a Fault is made by a function"),
		MatchRegexp(`each_linux_test\.go:\d+: topo: topo\.Delayed: delay 0s: no frame would have a fault`),
		ContainSubstring("topo: topo.Delayed: delay -1s: it must be 0s to 1h0m0s"), ContainSubstring("topo: topo.Delayed: delay 2h0m0s: it must be"),
		ContainSubstring("topo: topo.Delayed: delay 20ns: was a unit meant, as in 20*time.Millisecond?")))
}

func TestInnerMisuse(t *testing.T) {
	if !isInner() {
		return
	}
	nothing := func(*testing.T, *topo.Network) {}
	t.Run("function", func(t *testing.T) { topo.LoseEach(t, nil) })
	t.Run("limit", func(t *testing.T) { topo.LoseEach(t, nothing, topo.Limit(0)) })
	t.Run("fault", func(t *testing.T) { topo.Each(t, topo.Fault{}, nothing) })
	for _, d := range []time.Duration{0, -time.Second, 2 * time.Hour, 20} {
		t.Run("delay", func(t *testing.T) { topo.Each(t, topo.Delayed(d), nothing) })
	}
}

// A run may do something else than the first one: here each second one begins by another port.
func TestInnerDiverges(t *testing.T) {
	if !isInner() {
		return
	}
	var runs atomic.Int32
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := pair(n)
		port := "7"
		if runs.Add(1) > 1 {
			port = "9"
		}
		conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		// The answer is that the port is unreachable, or nothing.
		if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		_, _ = conn.Read(make([]byte, 1))
	})
}

func TestARunThatDivergesSaysSo(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, passes := inner(t, "TestInnerDiverges")
	g.Expect(passes).To(BeTrue(), out)
	g.Expect(out).To(ContainSubstring("--- PASS: TestInnerDiverges/frame_1_lost,_attempt_3"))
	g.Expect(out).To(ContainSubstring("Runs that went another way than the first one, so that another frame was lost than is said, or none:"))
	g.Expect(out).To(ContainSubstring("frame 1: where it was a to b, UDP 10.0.0.1:* > 10.0.0.2:7, it is a to b, UDP 10.0.0.1:* > 10.0.0.2:9"))
}

// Each fault is seen by who receives.
func TestFaultsOfEach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault topo.Fault
		frame int // that has it, from 0
		want  string
	}{
		"lost":       {topo.Lost(), 1, "0 2 3"},
		"duplicated": {topo.Duplicated(), 1, "0 1 1 2 3"},
		"delayed":    {topo.Delayed(100 * time.Millisecond), 1, "0 2 3 1"},
		"swapped":    {topo.Swapped(), 1, "0 2 1 3"},
		"the last":   {topo.Swapped(), 3, "0 1 2 3"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []string // by each run
			first := true
			topo.Each(t, c.fault, func(t *testing.T, n *topo.Network) {
				a, b := pair(n)
				know(t, a, b) // or the kernel sends what waits for ARP while it sends what does not have to
				server := b.ListenPacket("udp", ":5000")
				conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "5000"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				for i := range 4 {
					if _, err := conn.Write([]byte{byte('0' + i)}); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				expected := 4
				if first {
					first = false
				} else {
					expected = len(strings.Fields(c.want))
				}
				mu.Unlock()
				var arrived []string
				if err := server.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
					t.Fatal(err)
				}
				for buf := make([]byte, 1); len(arrived) < expected; {
					if _, _, err := server.ReadFrom(buf); err != nil {
						t.Fatalf("after %v: %v", arrived, err)
					}
					arrived = append(arrived, string(buf))
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, strings.Join(arrived, " "))
			})
			g := NewWithT(t)
			g.Expect(got).To(HaveLen(5))
			g.Expect(got[0]).To(Equal("0 1 2 3"))
			g.Expect(got).To(ContainElement(c.want))
		})
	}
}

// know has a host know the hardware address of another one.
func know(t *testing.T, a, b *topo.Host) {
	far, err := b.Netlink().LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	near, err := a.Netlink().LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Netlink().NeighSet(&netlink.Neigh{
		LinkIndex: near.Attrs().Index, IP: b.Addr4().AsSlice(), HardwareAddr: far.Attrs().HardwareAddr, State: netlink.NUD_PERMANENT,
	}); err != nil {
		t.Fatal(err)
	}
}

// What is printed to repeat a run is typed into a shell.
func TestALineToRepeatARunCanBeTyped(t *testing.T) {
	for test, want := range map[string]string{
		"TestX":           `TestX:2 -run '^TestX$'`,
		"TestX/a_b":       `TestX/a_b:2 -run '^TestX$/^a_b$'`,
		"TestX/a+b":       `'TestX/a+b:2' -run '^TestX$/^a\+b$'`,
		"TestX/it's_(5)$": `'TestX/it'\''s_(5)$:2' -run '^TestX$/^it'\''s_\(5\)\$$'`,
	} {
		if got := topo.Quoted(test+":2") + " -run " + topo.Quoted(topo.Pattern(test)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
