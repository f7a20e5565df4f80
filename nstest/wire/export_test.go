// SPDX-License-Identifier: Apache-2.0

package wire

import "github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"

// Rules returns what the wire does to frames in both directions.
func (w *Wire) Rules() [2]impair.Rules {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config.rules
}
