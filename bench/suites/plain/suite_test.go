// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"strconv"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/bench/suites/work"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) { nstest.Main(m) }

func TestSuite(t *testing.T) {
	for i := range work.Tests() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			if work.Parallel() {
				t.Parallel()
			}
			nstest.New(t, gonso.NS_NET).Do(func() {
				if err := work.Do(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
