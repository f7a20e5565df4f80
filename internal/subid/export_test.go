// SPDX-License-Identifier: Apache-2.0

package subid

import "time"

// SetLimit sets how long a helper may take, until restore is called.
func SetLimit(d time.Duration) (restore func()) {
	old := limit
	limit = d
	return func() { limit = old }
}
