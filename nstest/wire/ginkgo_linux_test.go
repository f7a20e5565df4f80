// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// specsVariable has TestSpecs run the specs of this file, which fail.
const specsVariable = "WIRE_TEST_SPECS"

func TestSpecs(t *testing.T) {
	if os.Getenv(specsVariable) != "" {
		RegisterFailHandler(ginkgo.Fail)
		run := ginkgo.RunSpecs // by another name: .ci runs all suites, and this one fails
		run(t, "filters")
	}
}

var _ = ginkgo.Describe("a filter", func() {
	// passes sends a datagram through a filter, which answers for the second one.
	passes := func(judge func(*wire.Frame)) {
		a, b := nstest.New(ginkgo.GinkgoTB(), gonso.NS_NET), nstest.New(ginkgo.GinkgoTB(), gonso.NS_NET)
		w := wire.Join(ginkgo.GinkgoTB(), a, b)
		a.AddAddress("eth0", "192.0.2.1/24")
		b.AddAddress("eth0", "192.0.2.2/24")
		w.Filter(func(f *wire.Frame) wire.Verdict {
			if f.UDP() != nil {
				judge(f)
			}
			return wire.Pass
		})
		to := b.ListenPacket("udp", "192.0.2.2:0")
		from, err := a.DialContext(context.Background(), "udp", to.LocalAddr().(*net.UDPAddr).String())
		Expect(err).NotTo(HaveOccurred())
		defer from.Close()
		for range 2 {
			_, err = from.Write([]byte("go on"))
			Expect(err).NotTo(HaveOccurred())
			_, _, err = to.ReadFrom(make([]byte, 10))
			Expect(err).NotTo(HaveOccurred())
		}
	}
	ginkgo.It("panics", func() { passes(func(*wire.Frame) { panic("at the disco") }) })
	ginkgo.It("is out of range", func() { passes(func(*wire.Frame) { _ = []int{}[runtime.NumGoroutine()] }) })
	ginkgo.It("asserts", func() { passes(func(f *wire.Frame) { Expect(f.Payload()).To(BeEmpty()) }) })
	ginkgo.It("runs after them", func() { passes(func(*wire.Frame) {}) })
})

// What a filter does on the goroutine of its wire fails the spec that runs, at its line, and all others run.
func TestASpecFailsAtTheLineOfItsFilter(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestSpecs$", "-test.timeout=1m", "-ginkgo.no-color", "-ginkgo.seed=1")
	cmd.Env = append(os.Environ(), specsVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Errorf("they end with %v", err)
	}
	source, err := os.ReadFile("ginkgo_linux_test.go")
	if err != nil {
		t.Fatal(err)
	}
	lineOf := func(text string) string {
		before, _, _ := strings.Cut(string(source), text)
		return fmt.Sprintf("ginkgo_linux_test.go:%d", 1+strings.Count(before, "\n"))
	}
	for _, want := range []string{
		`\[FAIL\] a filter \[It\] panics\n.*` + lineOf(`panic("at`) + "\n",
		`\[FAIL\] a filter \[It\] is out of range\n.*` + lineOf("_ = []int{}") + "\n",
		`\[FAIL\] a filter \[It\] asserts\n.*` + lineOf("Expect(f.Payload())") + "\n",
		"wire: the filter of " + lineOf("w.Filter") + " has panicked at " + lineOf(`panic("at`) + ": at the disco",
		`1 Passed \| 3 Failed`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("nothing like %s in\n%s", want, out)
		}
	}
}
