// SPDX-License-Identifier: Apache-2.0

package packets_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
)

// What a capture adds to a fixture.
func BenchmarkOpenAndClose(b *testing.B) {
	f := nstest.New(b, gonso.NS_NET)
	for b.Loop() {
		r, err := packets.Open(f.Set(), packets.Sink{Show: func(*packets.Packet) {}})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
