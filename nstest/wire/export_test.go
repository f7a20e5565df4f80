// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Rules returns what the wire does to frames in both directions.
func (w *Wire) Rules() [2]impair.Rules {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config.rules
}

// NewJudge returns what a wire would ask of each frame that has this filter.
func NewJudge(tb testing.TB, judge func(*Frame) Verdict) func(frame []byte) {
	fs := &filters{tb: tb}
	fs.Add(judge, callsite.PlaceOutside(thisPackage))
	return func(frame []byte) { fs.Judge(cable.Frame{Data: frame}) }
}

// SetSlowFilter sets how long a filter may run before a line says so.
func SetSlowFilter(d time.Duration) { slowFilter = d }
