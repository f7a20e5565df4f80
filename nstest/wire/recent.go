// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
)

// mostRecent frames are in the log of a test that has failed, of which so many bytes are remembered.
const mostRecent, recentBytes = 30, 128

// recent has the last frames that were sent.
type recent struct {
	frames [mostRecent]past
	count  int
}

// A past is a frame that was sent.
type past struct {
	cable.Event        // with the first bytes
	length      int    // in bytes
	number      uint64 // in its direction
	of          [2]uint64
}

func (r *recent) add(e cable.Event) {
	p := &r.frames[r.count%mostRecent]
	of := r.last().of
	of[e.Direction]++
	r.count++
	data := append(p.Data[:0], e.Data[:min(len(e.Data), recentBytes)]...)
	*p = past{Event: e, length: len(e.Data), number: of[e.Direction], of: of}
	p.Data = data
}

// last returns the last frame, or none.
func (r *recent) last() past {
	if r.count == 0 {
		return past{}
	}
	return r.frames[(r.count-1)%mostRecent]
}

// text lists the frames, by the time before the last one.
func (r *recent) text(a, b string) string {
	if r.count == 0 {
		return ""
	}
	var text strings.Builder
	n := min(r.count, mostRecent)
	fmt.Fprintf(&text, "\n  the last %d frames, by the time before the end:", n)
	end := time.Now()
	for i := r.count - n; i < r.count; i++ {
		p := &r.frames[i%mostRecent]
		from, to := names(p.Direction, a, b)
		f := Frame{data: bytes.Clone(p.Data)}
		fmt.Fprintf(&text, "\n  %9.3fs  frame %d, %s to %s, %s, %d bytes", -end.Sub(p.At).Seconds(), p.number, from, to, f.Summary(), p.length)
		if fate := p.What(); fate != "" {
			fmt.Fprintf(&text, ": %s", fate)
		}
	}
	return text.String()
}
