// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// What a mark costs where nothing is traced.
func BenchmarkMarkUntraced(b *testing.B) {
	for b.Loop() {
		nstest.Mark(b, "nobody sees this")
	}
}
