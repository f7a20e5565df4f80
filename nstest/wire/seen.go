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

// Seen returns for how many frames this line of the test has called Seen, f included. At the end of a
// condition, it is the number of frames so far for which the rest of the condition was true:
//
//	if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 { // the first SYN on this wire, and no other frame
//
// The same frame counts once. Each line of the test has its own count, of both directions together: to count
// the frames of one sender, compare f.From in the condition before Seen.
func (w *Wire) Seen(f *Frame) int { return w.filters.Seen(f) }

// count counts a frame for the line that has called so many functions.
func (s *seen) count(f *Frame, skip int) int {
	var pcs [1]uintptr
	runtime.Callers(skip+1, pcs[:])
	frame, _ := runtime.CallersFrames(pcs[:]).Next()
	at := fmt.Sprintf("%s:%d", frame.File, frame.Line)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[at]
	if c == nil {
		c = new(call)
		if s.calls == nil {
			s.calls = make(map[string]*call)
		}
		s.calls[at] = c
	}
	if c.last != f {
		c.last = f
		c.count++
	}
	return c.count
}
