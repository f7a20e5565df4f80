// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// What a plain test logs, and which of it is a failure:
//
//   - With -test.v package testing prints each line at once, on the goroutine of the test: it is known by which method.
//   - Otherwise it has a buffer, and a mark that the test has failed. Both are looked at now and then. What was logged when the mark
//     came is the failure; if that is several things, it is the one whose line in the source looks like one.

// lookAgain is how often the buffer is looked at: the times of what is logged are as exact as that.
const lookAgain = 20 * time.Millisecond

// A testLog is what is known of a test's log.
type testLog struct {
	mu     sync.Mutex
	timer  *time.Timer // nil if the log is printed
	over   bool
	read   int   // bytes of the buffer
	last   *said // what is not written down yet, or what was written last
	failed bool  // the test has
	since  int64 // when it was seen to have failed without a failure in the log, or 0
}

// A said thing is what one call has logged.
type said struct {
	at    int64
	lines []string
	where tracedata.Place
	fails bool
}

func (l *testLog) begin(r *recorder) {
	if testfield.Listen(r.tb, hearLog) {
		return
	}
	l.mu.Lock() // the timer may be early
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(lookAgain, func() {
		r.lookAtLog()
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.over {
			l.timer.Reset(lookAgain)
		}
	})
}

// end writes down what is left.
func (l *testLog) end(r *recorder) {
	r.lookAtLog()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.timer != nil {
		l.timer.Stop()
		if l.since > 0 && l.last != nil { // better than nothing
			r.fail(l.since, l.last.message(), l.last.where)
		}
		return
	}
	l.write(r)
}

// hearLog hears each line that is printed with -test.v. The lock of the test is held.
func hearLog(test, text string, fails bool) {
	r := recorderNamed(test)
	if r == nil {
		return
	}
	l := &r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	for _, s := range parse(text, r.at(time.Now())) {
		if s.where == (tracedata.Place{}) && strings.HasPrefix(s.lines[0], "    ") && l.last != nil {
			l.last.lines = append(l.last.lines, s.lines...)
			continue
		}
		l.write(r)
		if s.fails = fails; fails {
			r.noteFailing(s.at)
		}
		l.last = &s
	}
}

// write writes down what was heard last. The log's lock is held.
func (l *testLog) write(r *recorder) {
	if l.last != nil {
		r.writeSaid(l.last)
	}
	l.last = nil
}

// lookAtLog takes what has come into the buffer, or what was heard last: the test does not go on with it meanwhile.
func (r *recorder) lookAtLog() {
	l := &r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if l.timer == nil {
		l.write(r)
		return
	}
	text, failed, _ := testfield.Output(r.tb, l.read)
	l.read += len(text)
	now := r.at(time.Now())
	list := parse(text, now)
	if failed && !l.failed {
		l.failed, l.since = true, max(now, 1)
	}
	for i := range list {
		s := &list[i]
		looks, isKnown := looksLikeFailure(s.where)
		// Of a line that cannot be read it is a guess, for want of another.
		if s.fails = failed && (looks || !isKnown && s.where != (tracedata.Place{}) && l.since > 0); s.fails && l.since > 0 {
			s.at, l.since = l.since, 0
		}
		r.writeSaid(s)
		l.last = s
	}
}

// writeSaid writes down what one call has logged.
func (r *recorder) writeSaid(s *said) {
	for i, line := range s.lines {
		l := tracedata.Line{At: s.at, Text: line, Bad: s.fails}
		if i == 0 {
			l.Where = s.where
		}
		r.file.Add(tracefile.Record{Line: &l})
	}
	if s.fails {
		r.fail(s.at, s.message(), s.where)
	}
}

// message is what was logged without the place.
func (s *said) message() string {
	text := strings.Join(s.lines, "\n")
	if place := placed().FindString(text); place != "" {
		text = text[len(place):]
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "\n    ", "\n"))
}

// withoutTitles takes what testify has found, and what the test says to that, out of a message of testify, whose blocks have titles.
func withoutTitles(message string) string {
	if !strings.HasPrefix(message, "Error Trace:") {
		return message
	}
	blocks, title := make(map[string][]string), ""
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		for _, t := range []string{"Error Trace:", "Error:", "Test:", "Messages:"} {
			if rest, ok := strings.CutPrefix(line, t); ok {
				title, line = t, strings.TrimSpace(rest)
				break
			}
		}
		blocks[title] = append(blocks[title], line)
	}
	return strings.TrimSpace(strings.Join(append(blocks["Error:"], blocks["Messages:"]...), "\n"))
}

// placed is the beginning of what a call has logged: in a subtest there are more spaces before it.
var placed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^ *([^\s:]+\.go):(\d+): ?`) })

const indent = "    "

// parse takes apart what is in the log.
func parse(text string, at int64) (list []said) {
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), indent)
		found := placed().FindStringSubmatch(line)
		if found == nil && len(list) > 0 && strings.HasPrefix(line, indent) && !strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			before := &list[len(list)-1]
			before.lines = append(before.lines, line)
			continue
		}
		s := said{at: at, lines: []string{line}}
		if found != nil {
			s.where = placeOf(found[1], found[2])
		}
		list = append(list, s)
	}
	return list
}

// home is the folder of the package's sources, in which go test runs the tests.
var home, _ = os.Getwd() // without it, places are shorter

// placeOf is the place that the log names: without -test.fullpath it has the last part of the file's name.
func placeOf(file, line string) tracedata.Place {
	number, err := strconv.Atoi(line)
	if err != nil {
		return tracedata.Place{}
	}
	if full := filepath.Join(home, file); !filepath.IsAbs(file) {
		if _, err := os.Stat(full); err == nil {
			file = full
		}
	}
	return tracedata.Place{File: file, Line: number}
}

// failing is what a line looks like that fails a test.
var failing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\.(Error|Errorf|Fatal|Fatalf|Fail|FailNow|Expect|ExpectWithOffset|Should|ShouldNot|To|NotTo|ToNot)\(|\b(Expect|Eventually|Consistently|Ω|Fail)\(|\b(assert|require|must|is)\.`)
})

// looksLikeFailure reports whether the line at a place does, and whether the line is known: its file is there.
func looksLikeFailure(where tracedata.Place) (looks, isKnown bool) {
	text, err := os.ReadFile(where.File)
	if err != nil {
		return false, false
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		if number++; number == where.Line {
			return failing().MatchString(line), true
		}
	}
	return false, false
}

// longest is how long the headline of a failure is.
const longest = 200

// headline makes a line of a message.
func headline(message string) string {
	var words []string
	for line := range strings.Lines(message) {
		words = append(words, strings.Fields(line)...)
	}
	text := strings.Join(words, " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "..."
	}
	return text
}
