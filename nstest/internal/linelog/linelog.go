// SPDX-License-Identifier: Apache-2.0

// Package linelog passes on what a program prints, line by line, and remembers the last of it.
package linelog

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Log has what a program prints, line by line.
type Log struct {
	to     io.Writer
	prefix string
	hear   func(line string)

	mu      sync.Mutex
	streams []*stream
	lines   []string                // the last ones
	matched map[*regexp.Regexp]bool // whether a line has
}

// A stream is the standard output or the standard error, or both.
type stream struct {
	log    *Log
	quiet  bool // it is not for the log of the test
	unread []byte
}

const (
	lastLines   = 20       // are remembered
	longestLine = 64 << 10 // of a log: what is longer is cut into several
)

// New returns a log that writes each line, after the prefix, to a writer, shows it to hear, and remembers which of the
// patterns a line has matched.
func New(to io.Writer, prefix string, hear func(line string), patterns ...*regexp.Regexp) *Log {
	l := &Log{to: to, prefix: prefix, hear: hear, matched: make(map[*regexp.Regexp]bool)}
	for _, p := range patterns {
		l.matched[p] = false
	}
	return l
}

// Connect has a command write to the log what its template writes nowhere else.
func (l *Log) Connect(cmd, template *set.Cmd) {
	if template.Stdout == nil && template.Stderr == nil {
		cmd.Log = l.newStream(false)
		return
	}
	cmd.Stdout, cmd.Stderr = l.beside(template.Stdout), l.beside(template.Stderr)
}

// beside returns a writer to the log, and to the test's own writer.
func (l *Log) beside(own io.Writer) io.Writer {
	if own == nil {
		return l.newStream(false)
	}
	return io.MultiWriter(own, l.newStream(true))
}

func (l *Log) newStream(quiet bool) *stream {
	s := &stream{log: l, quiet: quiet}
	l.streams = append(l.streams, s)
	return s
}

func (s *stream) Write(p []byte) (int, error) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.unread = append(s.unread, p...)
	for {
		n := bytes.IndexByte(s.unread, '\n')
		if n < 0 {
			break
		}
		s.line(string(s.unread[:n]))
		s.unread = s.unread[n+1:]
	}
	if len(s.unread) > longestLine {
		s.line(string(s.unread))
		s.unread = nil
	}
	return len(p), nil
}

// line takes a line. The log's lock is held.
func (s *stream) line(text string) {
	l := s.log
	text = strings.TrimSuffix(text, "\r")
	if !s.quiet {
		fmt.Fprintf(l.to, "%s%s\n", l.prefix, text)
	}
	l.hear(text)
	if l.lines = append(l.lines, text); len(l.lines) > lastLines {
		l.lines = l.lines[1:]
	}
	for pattern, before := range l.matched {
		l.matched[pattern] = before || pattern.MatchString(text)
	}
}

// Flush takes what has no end of line.
func (l *Log) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if len(s.unread) > 0 {
			s.line(string(s.unread))
			s.unread = nil
		}
	}
}

// Matched reports whether a line has matched one of the patterns.
func (l *Log) Matched(pattern *regexp.Regexp) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.matched[pattern]
}

// Last shows the last lines, and what has no end of line yet.
func (l *Log) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var open []string
	for _, s := range l.streams {
		if len(s.unread) > 0 {
			open = append(open, string(s.unread))
		}
	}
	const unended = ", without an end of line, so that no pattern was tried on it"
	switch {
	case len(l.lines) == 0 && len(open) == 0:
		return "it has printed nothing"
	case len(l.lines) == 0:
		return shown("it has printed last"+unended, open)
	case len(open) == 0:
		return shown("it has printed last", l.lines)
	}
	return shown("it has printed last", l.lines) + "\n" + shown("and then"+unended, open)
}

func shown(heading string, lines []string) string {
	return heading + ":\n" + format.IndentString(strings.Join(lines, "\n"), 1)
}
