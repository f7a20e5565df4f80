// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// A daemonLog has what a daemon prints, line by line.
type daemonLog struct {
	to     io.Writer
	prefix string

	mu    sync.Mutex
	parts []*daemonStream
	lines []string            // the last ones
	await map[*condition]bool // whether a line has matched
}

// A daemonStream is the standard output or the standard error, or both.
type daemonStream struct {
	log    *daemonLog
	quiet  bool // it is not for the log of the test
	unread []byte
}

const (
	daemonLines = 20       // are shown where a daemon fails
	longestLine = 64 << 10 // of a log: what is longer is cut into several
)

func newDaemonLog(to io.Writer, d *Daemon) *daemonLog {
	l := &daemonLog{to: to, prefix: fmt.Sprintf("[%s %s] ", d.room.name, d.name), await: make(map[*condition]bool)}
	for _, c := range d.conditions {
		if c.pattern != nil {
			l.await[c] = false
		}
	}
	return l
}

// connect has a command write to the log what its template writes nowhere else.
func (l *daemonLog) connect(cmd, template *set.Cmd) {
	if template.Stdout == nil && template.Stderr == nil {
		cmd.Log = l.stream(false)
		return
	}
	cmd.Stdout, cmd.Stderr = l.beside(template.Stdout), l.beside(template.Stderr)
}

// beside returns a writer to the log, and to the test's own writer.
func (l *daemonLog) beside(own io.Writer) io.Writer {
	if own == nil {
		return l.stream(false)
	}
	return io.MultiWriter(own, l.stream(true))
}

func (l *daemonLog) stream(quiet bool) *daemonStream {
	s := &daemonStream{log: l, quiet: quiet}
	l.parts = append(l.parts, s)
	return s
}

func (s *daemonStream) Write(p []byte) (int, error) {
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
func (s *daemonStream) line(text string) {
	l := s.log
	text = strings.TrimSuffix(text, "\r")
	if !s.quiet {
		fmt.Fprintf(l.to, "%s%s\n", l.prefix, text)
	}
	if l.lines = append(l.lines, text); len(l.lines) > daemonLines {
		l.lines = l.lines[1:]
	}
	for c, seen := range l.await {
		l.await[c] = seen || c.pattern.MatchString(text)
	}
}

// flush takes what has no end of line.
func (l *daemonLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.parts {
		if len(s.unread) > 0 {
			s.line(string(s.unread))
			s.unread = nil
		}
	}
}

// printed reports whether a line has matched the condition's pattern since the start.
func (l *daemonLog) printed(c *condition) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.await[c]
}

// last shows the last lines.
func (l *daemonLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		return "it has printed nothing"
	}
	return "it has printed last:\n" + lines(l.lines)
}
