// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"runtime"
	"sync"
)

// seen counts the frames that each line of the test has asked about.
type seen struct {
	mu    sync.Mutex
	calls map[string]*call // by file and line
}

type call struct {
	last  *Frame
	count int
}

// Seen returns how many frames this line of the test has asked Seen about, f included. In a condition, that is how often there was a
// frame for which everything before it is true:
//
//	if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 { // the first SYN on this wire, and no other frame
//
// The same frame counts once. Each line counts for itself, and for both directions together: to count those of one sender, compare
// f.From before.
func (w *Wire) Seen(f *Frame) int {
	var pcs [1]uintptr
	runtime.Callers(2, pcs[:])
	frame, _ := runtime.CallersFrames(pcs[:]).Next()
	at := fmt.Sprintf("%s:%d", frame.File, frame.Line)
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	c := w.seen.calls[at]
	if c == nil {
		c = new(call)
		w.seen.calls[at] = c
	}
	if c.last != f {
		c.last = f
		c.count++
	}
	return c.count
}
