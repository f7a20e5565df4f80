// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A test that waits for what was lost.
func TestInnerHangs(t *testing.T) {
	if !isInner() {
		return
	}
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := pair(n)
		server := b.ListenPacket("udp", ":5000")
		conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "5000"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		_, _, _ = server.ReadFrom(make([]byte, 5))
	})
}

func TestARunThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	out := ""
	for limit := 4 * time.Second; !strings.Contains(out, "frame_1_lost has not returned"); limit *= 2 { // until it gets that far in time
		if limit > 20*time.Second {
			t.Fatalf("the run that hangs is not named:\n%s", out)
		}
		out = failsInside(t, "TestInnerHangs", fmt.Sprintf("-test.timeout=%v", limit))
	}
	NewWithT(t).Expect(out).To(MatchRegexp(`topo: TestInnerHangs/frame_1_lost has not returned \(each_newcomer_linux_test.go:\d+\): connections need deadlines.*
  of 1 frames that it has sent the last one was a to b, UDP 10.0.0.1:\* > 10.0.0.2:5000
  frame 1, a to b, UDP 10.0.0.1:\* > 10.0.0.2:5000, was lost; this run alone is
NSTEST_LOSE=TestInnerHangs:1 go test -run '\^TestInnerHangs\$'`))
}

func TestARunToRepeatThatIsOfNoTestIsNamed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerPasses", "NSTEST_LOSE=TestInnerPases:3")
	g.Expect(out).To(And(ContainSubstring("--- PASS: TestInnerPasses "),
		ContainSubstring("topo: NSTEST_LOSE=TestInnerPases:3 has repeated nothing: no test of that name has called LoseEach or Each; those that have are TestInnerPasses\n")))
	out, passes := inner(t, "TestInner(Passes|Asks)", "NSTEST_LOSE=TestInnerPasses:1", "-test.short")
	g.Expect(passes).To(BeFalse(), "TestInnerAsks fails")
	g.Expect(out).NotTo(ContainSubstring("has repeated nothing"))
	out, passes = inner(t, "TestInnerPasses", "NSTEST_LOSE=TestInnerAsks:1", "TEST_TOTAL_SHARDS=1", "TEST_SHARD_INDEX=0")
	g.Expect(passes).To(BeTrue(), out)
}

// A run of many packages has a test of that name in one of them: in the others nothing is wrong.
func TestARunToRepeatOfATestWithoutRunsIsNamed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerHasANetwork", "NSTEST_LOSE=TestInnerHasANetwork:3")
	g.Expect(out).To(And(ContainSubstring("--- PASS: TestInnerHasANetwork "),
		ContainSubstring("topo: NSTEST_LOSE=TestInnerHasANetwork:3 has repeated nothing: no test of that name has called LoseEach or Each\n")))
	out, passes := inner(t, "TestInnerHasANetwork", "NSTEST_LOSE=TestInnerHasNoNetwork:3")
	g.Expect(passes).To(BeTrue(), out)
}

func TestInnerHasANetwork(t *testing.T) {
	if isInner() {
		topo.New(t)
	}
}

func TestInnerPasses(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			a, b := pair(n)
			conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "5000"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("hello")); err != nil {
				t.Error(err)
			}
			if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
				t.Error(err)
			}
			_, _ = conn.Read(make([]byte, 1)) // that nobody listens, or nothing
		})
	}
}

// Subtests cannot be chosen by -run: each depends on the first one.
func TestRunsThatAreLeftOutAreNamed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerPasses", "-test.run=^TestInnerPasses$/frame_1_lost")
	g.Expect(out).To(And(MatchRegexp(`each_newcomer_linux_test.go:\d+: topo: -run or -skip leaves out TestInnerPasses/as_it_is, with which all other runs are compared`),
		ContainSubstring("NSTEST_LOSE=TestInnerPasses:N go test -run '^TestInnerPasses$' github.com/"), Not(ContainSubstring("t.Parallel"))))
	out, passes := inner(t, "TestInnerPasses", "-test.skip=^TestInnerPasses$/frame_1_lost")
	g.Expect(passes).To(BeTrue(), out)
	g.Expect(out).To(ContainSubstring("topo: 1 of 2 frames were lost, each in a run of its own: the test passes"))
}

// The links of a test may lose frames by themselves, too.
func TestInnerIsRandom(t *testing.T) {
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			n.Link(n.Host("c"), n.Host("d"), topo.Loss(0.5))
			ask(t, n, 1)
		})
	}
}

func TestALogOfEachNamesLinesAndSeedsOfTheTest(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerIsRandom", "NSTEST_SEED=17")
	g.Expect(out).To(ContainSubstring("its links lose the same frames again with NSTEST_SEED=17"))
	g.Expect(out).To(MatchRegexp(`each_newcomer_linux_test.go:\d+: topo: frame 1, a to b, UDP .*, was lost; this run alone is\n        NSTEST_LOSE=`))
	g.Expect(out).NotTo(MatchRegexp(`(?m)^ +each[a-z_]*[^t].go:|topo.Seed`))
}
