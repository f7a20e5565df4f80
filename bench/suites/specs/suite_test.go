// SPDX-License-Identifier: Apache-2.0

package specs

import (
	"strconv"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/bench/suites/work"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) { nstest.Main(m) }

func TestSuite(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "suite")
}

var _ = Describe("suite", func() {
	for i := range work.Tests() {
		It(strconv.Itoa(i), func() {
			nstest.New(GinkgoTB(), gonso.NS_NET).Do(func() {
				Expect(work.Do()).To(Succeed())
			})
		})
	}
})
