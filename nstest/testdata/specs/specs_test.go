// SPDX-License-Identifier: Apache-2.0

// Package specs is a Ginkgo suite that the tests of nstest run in a process of its
// own.
package specs

import (
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/testdata/rulesgo"
)

func TestMain(m *testing.M) {
	rulesgo.DealOut(m)
	nstest.Main(m)
}

func TestSpecs(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "specs")
}

var _ = Describe("dealt out", func() {
	for i := range 20 {
		It(fmt.Sprintf("number %d", i), func() { fmt.Printf("ran %d\n", i) })
	}
	It("alone", Serial, func() { fmt.Println("ran alone") })
	Context("as one", Ordered, func() {
		It("begins", func() { fmt.Println("ran begins") })
		It("ends", func() { fmt.Println("ran ends") })
	})
})

var _ = Describe("in order", Ordered, func() {
	for i := range 5 {
		Context(fmt.Sprintf("part %d", i), func() {
			It("comes after the others", func() {
				Expect(parts).To(Equal(i), "those before it ran, here")
				parts++
				fmt.Printf("ran part%d\n", i)
			})
		})
	}
})

// parts is how many specs of an Ordered container ran.
var parts int
