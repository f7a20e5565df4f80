// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestSpecs(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "specs")
}

var _ = BeforeSuite(func() { nstest.New(GinkgoTB(), gonso.NS_UTS, nstest.Named("shared")) })

var _ = Describe("New", func() {
	It("passes", func() { nstest.New(GinkgoTB(), gonso.NS_UTS, nstest.Named("own")) })
	It("fails", func() {
		nstest.New(GinkgoTB(), gonso.NS_UTS, nstest.Named("own")).Do(func() {
			name("{{red}}")
			Fail("on purpose")
		})
	})
})

func name(host string) {
	GinkgoHelper()
	Expect(syscall.Sethostname([]byte(host))).To(Succeed())
}

var _ = Describe("Each", func() {
	a, b := nstest.Each(gonso.NS_NET, nstest.Named("alice")), nstest.Each(gonso.NS_UTS, nstest.Named("bob"))
	BeforeEach(func() { furnish(GinkgoTB(), a, "eth0") })
	It("panics in it", func() {
		b.Do(func() { panic("on purpose") }) // line of the panic
	})
	if os.Getenv("SUITE_TOO_LATE") != "" {
		It("makes one too late", func() {
			nstest.Each(gonso.NS_UTS) // line of Each
		})
	}
	AfterEach(func() {
		link, err := a.Netlink().LinkByName("eth0")
		Expect(err).NotTo(HaveOccurred())
		Expect(a.Netlink().LinkDel(link)).To(Succeed())
	})
	It("passes", func() {})
	It("fails", func() {
		b.Do(func() { name("bobs-host") })
		Fail("on purpose")
	})
	It("fails in clean-up", func() {
		DeferCleanup(func() { Fail("on purpose") })
	})
	It("leaves a process", func() {
		cmd := b.Set().Command(GinkgoTB().Context(), "sleep", "1000")
		cmd.Cancel = func() error { return nil }
		Expect(cmd.Start()).To(Succeed())
	})
})

var _ = Describe("Inside", nstest.Inside(gonso.NS_UTS, nstest.Named("room")), func() {
	BeforeEach(func() { name("inside") })
	AfterEach(func() { name("cleaned-up") })
	ReportAfterEach(func(report SpecReport) {
		if report.State == types.SpecStateSkipped {
			return
		}
		inside, err := os.Hostname()
		Expect(err).NotTo(HaveOccurred())
		Expect(inside).To(Equal("cleaned-up"), "nodes that report run inside, too")
	})
	It("passes", func() {})
	It("fails", func() { Expect(1).To(Equal(2)) })
	It("panics", func() { panic("on purpose") })
	It("fails in DeferCleanup", func() { DeferCleanup(func() { Fail("on purpose") }) })
	It("leaves a process", func() {
		cmd := leave()
		DeferCleanup(func() { GinkgoWriter.Println("still there", cmd) })
	})
	It("goes on", func() {})
	Context("in another", nstest.Inside(gonso.NS_NET, nstest.Named("inner")), func() {
		It("fails", func() { Fail("on purpose") })
	})
})

var _ = Describe("Goes on", Ordered, ContinueOnFailure, nstest.Inside(gonso.NS_UTS, nstest.Named("all")), func() {
	BeforeAll(func() { name("begins") })
	It("one", func() { name("one"); Fail("on purpose") })
	It("two", func() { name("two"); Fail("on purpose") })
	It("three", func() { name("three") })
})

var _ = Describe("Cleans up", Ordered, nstest.Inside(gonso.NS_UTS, nstest.Named("all")), func() {
	BeforeAll(func() {
		cmd := leave()
		DeferCleanup(func() { end(cmd) })
	})
	It("runs a process", func() {})
	It("runs it still", func() {})
})

var _ = Describe("Leaves one", Ordered, nstest.Inside(gonso.NS_UTS, nstest.Named("all")), func() {
	BeforeAll(func() { leave() })
	It("one", func() {})
	It("two", func() {})
})

// Ginkgo has no clean-up here that comes after the second spec.
var _ = Describe("Leaves one at last", Ordered, nstest.Inside(gonso.NS_UTS, nstest.Named("all")), func() {
	It("one", func() { leave() })
	It("two", func() {})
})

var _ = Describe("Hangs", func() {
	slow := nstest.Each(gonso.NS_UTS, nstest.Named("slow"))
	BeforeEach(func() { slow.Do(func() { name("inside") }) })
	It("waits for too long", func(ctx SpecContext) { <-ctx.Done() }, NodeTimeout(time.Millisecond))
})
