// SPDX-License-Identifier: Apache-2.0

package linelog_test

import (
	"io"
	"regexp"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/linelog"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A prompt is what people look for, and no line.
func TestWhatHasNoEndOfLineIsShownAndSaidSo(t *testing.T) {
	prompt := regexp.MustCompile("ready$")
	l := linelog.New(io.Discard, "", func(string) {}, prompt)
	cmd := new(set.Cmd)
	l.Connect(cmd, new(set.Cmd))
	for _, c := range []struct{ written, want string }{
		{"", "it has printed nothing"},
		{"ready", "it has printed last, without an end of line, so that no pattern was tried on it:\n    ready"},
		{"\nso", "it has printed last:\n    ready\nand then, without an end of line, so that no pattern was tried on it:\n    so"},
		{"\n", "it has printed last:\n    ready\n    so"},
	} {
		if _, err := io.WriteString(cmd.Log, c.written); err != nil {
			t.Fatal(err)
		}
		if got := l.Last(); got != c.want {
			t.Errorf("after %q it says %q, want %q", c.written, got, c.want)
		}
		if got, want := l.Matched(prompt), c.written != "" && c.written != "ready"; got != want {
			t.Errorf("after %q it has matched: %v", c.written, got)
		}
	}
}
