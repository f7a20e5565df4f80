// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// answeredFor is how long a process may go on that has printed its result.
var answeredFor = 2 * time.Second

// errAnswered is why such a process is asked to end.
var errAnswered = errors.New("the action has printed its result")

// An answer collects what a registered action prints. It sees where the first JSON
// value ends without waiting for the end of the output, since a process that hangs
// never closes that.
type answer struct {
	printed bytes.Buffer
	over    func() // called once the value is there

	begun           bool
	depth           int // of objects and arrays
	quoted, escaped bool
}

// within returns a context for the process of the action, which ends when that has
// answered and goes on nevertheless, and what is to be called in the end.
func (a *answer) within(ctx context.Context) (context.Context, func()) {
	if a == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var timer *time.Timer
	a.over = sync.OnceFunc(func() {
		timer = time.AfterFunc(answeredFor, func() { cancel(errAnswered) })
	})
	return ctx, func() {
		if timer != nil {
			timer.Stop()
		}
		cancel(nil)
	}
}

// Write never fails.
func (a *answer) Write(text []byte) (int, error) {
	for _, c := range text {
		if a.ends(c) {
			a.over()
		}
	}
	return a.printed.Write(text)
}

// ends takes in one more byte and reports whether the value ends with it. A number does
// where something else begins.
func (a *answer) ends(c byte) bool {
	switch {
	case a.escaped:
		a.escaped = false
	case a.quoted && c == '\\':
		a.escaped = true
	case c == '"':
		a.begun, a.quoted = true, !a.quoted
		return a.depth == 0 && !a.quoted
	case a.quoted:
	case c == '{' || c == '[':
		a.begun = true
		a.depth++
	case c == '}' || c == ']':
		a.depth--
		return a.depth == 0
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		return a.begun && a.depth == 0
	default:
		a.begun = true
	}
	return false
}

// decode puts the value where the caller of [RunReexecAction] wants it.
func (a *answer) decode(result any) error {
	text := a.printed.Bytes()
	if err := json.Unmarshal(text, result); err != nil {
		return fmt.Errorf("%w: %w in %q", ErrResult, err, excerpt(text))
	}
	return nil
}

// excerpt keeps error messages short.
func excerpt(text []byte) []byte {
	const limit = 200
	if len(text) <= limit {
		return text
	}
	return append(bytes.Clone(text[:limit]), "..."...)
}
