// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// It was a filler that made it, of which nobody has heard.
func TestASetIsThatOfWhoTookIt(t *testing.T) {
	g := NewWithT(t)
	creation.Watch(true)
	defer creation.Watch(false)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 1)
	defer stop()
	g.Eventually(p.Len).Should(Equal(1))
	s, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	defer s.Close()
	var known []string
	for n := range 1024 {
		known = append(known, creation.Of(creation.Descriptor(n)))
	}
	g.Expect(known).To(ContainElement(MatchRegexp(
		`^a Set taken from a pool at creation_linux_test\.go:\d+ in pool_test\.TestASetIsThatOfWhoTookIt$`)))
}
