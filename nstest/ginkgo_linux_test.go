// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestGinkgo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "fixtures in Ginkgo")
}

var hostNet string

var _ = BeforeSuite(func() { hostNet = here(Default, "net") })

var _ = Describe("Inside", func() {
	Context("a container", nstest.Inside(set.NS_NET), func() {
		var first, last string
		BeforeEach(func() {
			first = here(Default, "net")
			DeferCleanup(func() { Expect(here(Default, "net")).To(Equal(first)) })
		})
		AfterEach(func() {
			Expect(here(Default, "net")).To(Equal(first))
			last = first
		})
		for range 3 {
			It("runs all nodes of a spec in one fresh Set", func() {
				Expect(here(Default, "net")).To(Equal(first))
				Expect(first).NotTo(SatisfyAny(Equal(hostNet), Equal(last)))
				Eventually(func() string { return here(Default, "net") }).Should(Equal(first))
			})
		}
		Context("with another one in it", nstest.Inside(set.NS_UTS), func() {
			It("adds kinds", func() {
				Expect(here(Default, "net")).To(Equal(first))
				Expect(here(Default, "uts")).NotTo(BeEmpty())
			})
		})
	})

	Context("an Ordered container", Ordered, nstest.Inside(set.NS_NET), func() {
		var all string
		BeforeAll(func() {
			all = here(Default, "net")
			DeferCleanup(func() { Expect(here(Default, "net")).To(Equal(all)) })
		})
		AfterAll(func() { Expect(here(Default, "net")).To(Equal(all)) })
		for range 2 {
			It("shares one Set", func() {
				Expect(here(Default, "net")).To(SatisfyAll(Equal(all), Not(Equal(hostNet))))
			})
		}
	})

	Context("attempts", nstest.Inside(set.NS_NET), func() {
		seen := map[string]bool{}
		It("each get a fresh one", MustPassRepeatedly(3), func() {
			Expect(seen).NotTo(HaveKey(here(Default, "net")))
			seen[here(Default, "net")] = true
		})
	})

	Context("a mount namespace", nstest.Inside(set.NS_MNT|set.NS_NET), func() {
		var before string
		BeforeEach(func() {
			before, _ = os.Getwd()
			DeferCleanup(func() { Expect(os.Getwd()).To(Equal(before)) })
		})
		It("is left alone by the clean-up of TempDir", func() {
			elsewhere := GinkgoT().TempDir()
			Expect(os.WriteFile(elsewhere+"/kept", nil, 0o600)).To(Succeed())
			DeferCleanup(func() { Expect(elsewhere + "/kept").To(BeAnExistingFile()) })
			own, stacked, bound := GinkgoT().TempDir(), GinkgoT().TempDir(), GinkgoT().TempDir()
			Expect(unix.Mount("mine", own, "tmpfs", 0, "")).To(Succeed())
			DeferCleanup(func() { Expect(unix.Unmount(own, 0)).To(Succeed()) })
			GinkgoT().TempDir() // whose clean-up comes before that one
			for range 2 {
				Expect(unix.Mount("mine", stacked, "tmpfs", 0, "")).To(Succeed())
			}
			Expect(unix.Mount(elsewhere, bound, "", unix.MS_BIND, "")).To(Succeed())
		})
		It("keeps the working directory", func() {
			Expect("ginkgo_linux_test.go").To(BeARegularFile())
			GinkgoT().Chdir("/")
		})
	})

	Context("a container that asks", nstest.Inside(set.NS_NET, nstest.Named("outer")), func() {
		BeforeEach(func() { nstest.Here(GinkgoTB()).AddAddress("lo", "192.0.2.1/32") })
		It("is Here", func() {
			ns := nstest.Here(GinkgoTB())
			Expect(ns.ID(set.NS_NET)).To(Equal(here(Default, "net")))
			Expect(ns.Name()).To(Equal("outer"))
			Expect(ns).To(nstest.HaveAddress("192.0.2.1/32"))
			Expect(ns.Command("readlink", "/proc/self/ns/net").Output()).To(BeEquivalentTo(here(Default, "net") + "\n"))
			Expect(ns.Command("sleep", "1000").Start()).To(Succeed())
		})
		Context("with another one in it", nstest.Inside(set.NS_UTS), func() {
			It("is both", func() {
				ns := nstest.Here(GinkgoTB())
				Expect(ns.ID(set.NS_UTS)).To(Equal(here(Default, "uts")))
				Expect(ns.ID(set.NS_NET)).To(Equal(here(Default, "net")))
				ns.AddAddress("lo", "192.0.2.2/32")
			})
		})
	})

	It("leaves specs elsewhere alone", func() { Expect(here(Default, "net")).To(Equal(hostNet)) })
})

var _ = Describe("Each", func() {
	a, b := nstest.Each(set.NS_NET), nstest.Each(set.NS_NET)
	seen := map[string]bool{}
	for range 3 {
		It("gives every spec fresh ones", func() {
			for _, f := range []*nstest.Fixture{a, b} {
				Expect(seen).NotTo(HaveKey(f.ID(set.NS_NET)))
				seen[f.ID(set.NS_NET)] = true
				f.Do(func() { Expect(here(Default, "net")).To(Equal(f.ID(set.NS_NET))) })
			}
		})
	}
})

var _ = Describe("failing inside of Do", func() {
	a := nstest.Each(set.NS_UTS)

	It("is a failure that Gomega reports", func() {
		messages := InterceptGomegaFailures(func() {
			a.Do(func() { Expect("inside").To(Equal("outside")) })
		})
		Expect(messages).To(ConsistOf(ContainSubstring("to equal")))
	})

	It("is a panic with its value", func() {
		boom := errors.New("boom")
		Expect(func() { a.Do(func() { panic(boom) }) }).To(PanicWith(MatchError(boom)))
	})

	It("skips the spec", func() {
		a.Do(func() { Skip("on purpose, from inside") })
		Fail("went on after Skip")
	})
})
