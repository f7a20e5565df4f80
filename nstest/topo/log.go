// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// An event is something that the test did to the network.
type event struct {
	at    time.Duration // since Up
	what  string
	where string // the caller's file and line
}

// note remembers a change of the network for the log of a test that fails. It is called with the
// lock held.
func (n *Network) note(what string) { n.noteLink(what, nil) }

// noteLink is note for a change of one link.
func (n *Network) noteLink(what string, l *Link) {
	n.noteOf(what, caller())
	n.tell(what, l)
}

func (n *Network) noteOf(what, where string) {
	n.events = append(n.events, event{time.Since(n.upAt), what, where})
}

// caller returns the line that has called this package.
func caller() string { return callsite.Outside(thisPackage) }

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest/topo"

// logFailure tells a test that has failed what its network was like, and what was done to it.
func (n *Network) logFailure() {
	n.tb.Helper()
	if !lifecycle.Failed(n.tb) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.links) > 0 {
		n.tb.Log("topo: the network as the test failed:" + n.text() + n.seedText() + n.keepPicture())
	}
	if len(n.events) > 0 {
		n.tb.Log(n.eventText(time.Since(n.upAt)))
	}
}

// keepPicture writes the picture of a test that has failed beside its other artifacts, if there are to
// be any (go test -artifacts), and returns the line that names it. It is called with the lock held.
func (n *Network) keepPicture() string {
	keeps := flag.Lookup("test.artifacts")
	if keeps == nil || keeps.Value.String() != "true" || len(n.links) == 0 {
		return ""
	}
	dir := n.tb.ArtifactDir()
	for i := 1; ; i++ { // a test may have several networks
		path := filepath.Join(dir, "network.svg")
		if i > 1 {
			path = filepath.Join(dir, fmt.Sprintf("network-%d.svg", i))
		}
		switch err := create(path, n.svg()); {
		case err == nil:
			return "\n  drawn in " + path
		case !errors.Is(err, fs.ErrExist):
			return fmt.Sprintf("\n  which could not be drawn: %v", err)
		}
	}
}

func create(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
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
