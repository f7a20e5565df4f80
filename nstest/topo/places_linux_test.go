// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"os"
	"regexp"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestInnerHasNoDescriptors(t *testing.T) {
	if !isInner() {
		return
	}
	g := NewWithT(t)
	var before syscall.Rlimit
	g.Expect(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before)).To(Succeed())
	t.Cleanup(func() { g.Expect(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)).To(Succeed()) })
	n := topo.New(t)
	n.Link(n.Host("a"), n.Host("b"))
	free, err := os.Open("/dev/null")
	g.Expect(err).NotTo(HaveOccurred())
	none := syscall.Rlimit{Cur: uint64(free.Fd()), Max: before.Max}
	g.Expect(free.Close()).To(Succeed())
	g.Expect(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none)).To(Succeed())
	n.Up()
}

// What the end of a network fails at was begun by Up.
func TestANetworkThatCannotEndNamesTheTestsLine(t *testing.T) {
	g := NewWithT(t)
	out := failsInside(t, "TestInnerHasNoDescriptors")
	g.Expect(out).To(MatchRegexp(`(?m)^ +places_linux_test\.go:\d+: nstest: names: .*too many open files`))
	g.Expect(regexp.MustCompile(`(?m)^ +[a-z_]+\.go:\d+: nstest: `).FindAllString(out, -1)).To(HaveEach(HavePrefix("    places_linux_test.go:")), out)
}
