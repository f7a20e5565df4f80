// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"os/exec"
	"testing"
	"testing/synctest"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A bubble ends only when its goroutines have, and nothing outside may depend on them.
func TestSetsInBubbles(t *testing.T) {
	nstest.Require(t, set.NS_NET|set.NS_PID)
	everything := func(t *testing.T) {
		g := NewWithT(t)
		s, err := set.Unshare(set.NS_NET | set.NS_PID)
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { g.Expect(s.Close()).To(Succeed()) }()
		g.Expect(s.Command(context.Background(), "true").Run()).To(Succeed())
		ctx, cancel := context.WithCancel(t.Context())
		long := s.Command(ctx, "sleep", "1000")
		g.Expect(long.Start()).To(Succeed())
		cancel()
		g.Expect(long.Wait()).To(BeAssignableToTypeOf(&exec.ExitError{}))
		net, err := s.Dup(set.NS_NET)
		g.Expect(err).NotTo(HaveOccurred())
		defer net.Close()
		g.Expect(net.Do(func() {})).To(Succeed())
	}
	for range 2 {
		synctest.Test(t, everything)
		everything(t)
	}
}
