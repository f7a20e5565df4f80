// SPDX-License-Identifier: Apache-2.0

package captured

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestSpecs(t *testing.T) {
	if os.Getenv("SUITE_GINKGO") == "" {
		return
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "captured")
}

var _ = Describe("captured", func() {
	f := nstest.Each(set.NS_NET, nstest.Named("each"))
	for i := range 8 {
		It(fmt.Sprintf("spec %d", i), func() {
			say(GinkgoTB(), f, f, "127.0.0.1", fmt.Sprintf("of spec %d", i))
			Expect(i%4).NotTo(Equal(3), "on purpose")
		})
	}
	Context("in order", Ordered, func() {
		var shared *nstest.Fixture
		BeforeAll(func() { shared = nstest.New(GinkgoTB(), set.NS_NET, nstest.Named("shared")) })
		It("passes", func() { say(GinkgoTB(), shared, shared, "127.0.0.1", "first") })
		It("fails", func() {
			say(GinkgoTB(), shared, shared, "127.0.0.1", "second")
			Fail("on purpose")
		})
	})
})
