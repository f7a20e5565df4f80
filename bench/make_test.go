// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/vishvananda/netns"
)

// BenchmarkMake makes a net namespace and lets go of it.
func BenchmarkMake(b *testing.B) {
	for _, who := range []struct {
		name string
		make func() error
	}{
		{"gonso", func() error {
			s, err := gonso.Unshare(gonso.NS_NET)
			check(b, err)
			return s.Close()
		}},
		{"CNI", func() error { drop(b, newNS(b)); return nil }},
	} {
		b.Run("who="+who.name, func(b *testing.B) {
			settle(b)
			for b.Loop() {
				check(b, who.make())
			}
		})
	}
	// On one thread, for as long as the benchmark lasts.
	for _, who := range []struct {
		name string
		make func() error
	}{
		{"floor", newNamespace},
		{"netns", func() error {
			peer, err := netns.New()
			if err != nil {
				return err
			}
			return peer.Close()
		}},
	} {
		b.Run("who="+who.name, func(b *testing.B) {
			settle(b)
			check(b, onThread(func() (err error) {
				for b.Loop() {
					if e := who.make(); e != nil {
						err = e
					}
				}
				return err
			}))
		})
	}
}
