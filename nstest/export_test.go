// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

// Lacks is lacks without a line at the end of the run.
func Lacks(tb testing.TB, cause string, r probe.Result) {
	lacks(tb, cause, r)
	skips.Lock()
	defer skips.Unlock()
	delete(skips.causes, cause)
}
