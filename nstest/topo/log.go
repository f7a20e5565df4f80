// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// An event is something that the test did to the network.
type event struct {
	at    time.Duration // since Up
	what  string
	where string // the caller's file and line
}

// note remembers a change of the network for the log of a test that fails. It is called with the
// lock held.
func (n *Network) note(what string) { n.noteOf(what, caller()) }

func (n *Network) noteOf(what, where string) {
	n.events = append(n.events, event{time.Since(n.upAt), what, where})
}

// caller returns the line that has called this package.
func caller() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, thisPackage) || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest/topo."

// logFailure tells a test that has failed what was done to its network.
func (n *Network) logFailure() {
	n.tb.Helper()
	if !n.tb.Failed() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.events) > 0 {
		n.tb.Log(n.eventText(time.Since(n.upAt)))
	}
}

// mostEvents are in a log: the last ones.
const mostEvents = 50

func (n *Network) eventText(now time.Duration) string {
	var text strings.Builder
	text.WriteString("topo: what was done to the network, by the time since Up:")
	events := n.events
	if left := len(events) - mostEvents; left > 0 {
		fmt.Fprintf(&text, "\n  %8s   %d events, left out here", "", left)
		events = events[left:]
	}
	for _, e := range append(slices.Clone(events), event{at: now, what: "the test failed, and ends"}) {
		fmt.Fprintf(&text, "\n  %8.3fs  %s", e.at.Seconds(), e.what)
		if e.where != "" {
			fmt.Fprintf(&text, " (%s)", e.where)
		}
	}
	return text.String()
}
