// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"golang.org/x/sys/unix"
)

var clocks = []int32{unix.CLOCK_BOOTTIME, unix.CLOCK_MONOTONIC, unix.CLOCK_REALTIME}

func init() {
	children["clocks"] = func() {
		for _, clock := range clocks {
			fmt.Println(clockNow(clock))
		}
	}
}

func clockNow(clock int32) int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(clock, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

func TestProgramsOfAHostHaveOtherClocks(t *testing.T) {
	g := NewWithT(t)
	const offset = 1000 * time.Hour
	n := topo.New(t)
	later, usual, server := n.Host("later", topo.ClockOffset(offset)), n.Host("usual"), n.Host("server")
	s := n.Switch("s")
	for _, node := range []topo.Node{later, usual, server} {
		n.Link(s, node)
	}
	n.Up()
	self, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	for _, h := range []*topo.Host{later, usual} {
		wants := []time.Duration{0, 0, 0}
		if h == later {
			wants = []time.Duration{offset, offset, 0}
		}
		var before, printed, after [3]int64
		for i, clock := range clocks {
			before[i] = clockNow(clock)
		}
		cmd := h.Command(self)
		cmd.Env = append(cmd.Environ(), childVariable+"=clocks")
		out, err := cmd.Output()
		g.Expect(err).NotTo(HaveOccurred())
		for i, clock := range clocks {
			after[i] = clockNow(clock)
		}
		_, err = fmt.Sscan(string(out), &printed[0], &printed[1], &printed[2])
		g.Expect(err).NotTo(HaveOccurred())
		for i, want := range wants {
			g.Expect(printed[i]-int64(want)).To(And(BeNumerically(">=", before[i]), BeNumerically("<=", after[i])), "%s: clock %d", h.Name(), clocks[i])
		}
	}

	// Such a program is on the host in all other ways.
	daemon := later.Start(later.Command("sh", "-c", "uname -n; grep server /etc/hosts; cat /proc/net/fib_trie | grep 10.0.0.1; exec sleep infinity"),
		nstest.Printing(`10\.0\.0\.1`))
	daemon.Stop()
	serve(server)
	g.Expect(get(t, later, "server")).To(Succeed())
}

func TestAClockIsNotBeforeTheBoot(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) { topo.New(tb).Host("h", topo.ClockOffset(-1e6*time.Hour)) })
	NewWithT(t).Expect(text).To(ContainSubstring("numerical result out of range (no clock may be before this machine has booted, or 146 years after that)"))
}

func TestEachNodeHasItsOwnHostName(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Router("b", topo.ClockOffset(time.Hour))
	for name, h := range map[string]*topo.Host{"a": a, "b": &b.Host} {
		out, err := h.Command("uname", "-n").Output()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(out)).To(Equal(name + "\n"))
		h.Do(func() {
			inside, err := os.Hostname()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(inside).To(Equal(name))
		})
	}
}
