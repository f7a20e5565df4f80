// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"sync"
)

// A Verdict is the answer to 'can this process do it?'.
type Verdict int

const (
	// Inconclusive is the answer of the moment: what failed may work soon, such
	// as a file that could not be opened since too many are open.
	Inconclusive Verdict = iota
	No
	Yes
)

func (v Verdict) String() string {
	switch v {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "inconclusive"
}

// MarshalText makes a Verdict a word in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// GoRootless is the remedy for a process that lacks nothing but privileges: it can
// have them in a user namespace. What works in there is another question.
const GoRootless = "gonso exec -- go test ./..."

// A Result is what a check has found.
type Result struct {
	Name string
	OK   Verdict
	// Cause tells why the answer is not yes. It unwraps to the errno.
	Cause error
	// Unexpected says that the kernel is new enough to have what it lacks.
	Unexpected bool
	// Remedy is what to run, or what to add to a command, empty if nothing is
	// known to help.
	Remedy string
}

func (r Result) String() string {
	text := fmt.Sprintf("%s: %v", r.Name, r.OK)
	if r.Cause != nil {
		text += fmt.Sprintf(" (%v)", r.Cause)
	}
	if r.Remedy != "" {
		text += "; try: " + r.Remedy
	}
	return text
}

// A check answers one question. Only the first yes or no is asked for.
type check struct {
	name string
	try  func() Result

	lock   sync.Mutex
	result Result
}

func (c *check) run() Result {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.result.OK == Inconclusive {
		c.result = c.try()
		c.result.Name = c.name
		c.result.Remedy = withoutSudo(c.result.Remedy)
	}
	return c.result
}

// without is the result of a check that needs what another check denies.
func without(r Result) Result {
	r.Cause = fmt.Errorf("it takes %s: %w", r.Name, r.Cause)
	return r
}
