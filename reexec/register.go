// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

// Register makes action known under a name that [RunReexecAction] takes. It is
// to be called from an init function, and panics if the name is taken already.
//
// An action registered this way reads its parameter as JSON from standard input
// and prints its result as JSON on standard output. [Func] has types instead.
func Register(name string, action func()) {
	register(name, registration{run: func(context.Context, json.RawMessage) (any, error) {
		action()
		return nil, nil
	}})
}

// RunReexecAction runs a registered action in a new process of this program and
// returns when that process has ended. It fails as [Action.Run] does, and with
// [ErrResult] if [Result] was given and the action printed something else. An
// action that prints nothing needs no Result, and may end with os.Exit(0).
//
// An action that has printed its result should return. If its process still runs two
// seconds later it gets SIGTERM, at which it writes its coverage data and exits, and two
// seconds after that it is killed. The result counts in either case.
func RunReexecAction(name string, opts ...Option) error {
	c := newConfig(opts)
	if c.hasParam {
		if c.stdin != nil {
			return &Error{name, errors.New("Param and Stdin exclude each other")}
		}
		param, err := json.Marshal(c.param)
		if err != nil {
			return &Error{name, fmt.Errorf("parameter: %w", err)}
		}
		c.stdin = bytes.NewReader(param)
	}
	if c.hasResult {
		if c.stdout != os.Stdout {
			return &Error{name, errors.New("Result and Stdout exclude each other")}
		}
		c.answer = new(answer)
		c.stdout = c.answer
	}
	ctx, stop := c.answer.within(c.ctx)
	defer stop()
	if err := c.run(ctx, call{action: name}); err != nil {
		return &Error{name, err}
	}
	if c.hasResult {
		if err := c.answer.decode(c.result); err != nil {
			return &Error{name, err}
		}
	}
	return nil
}

// CheckAction runs the action that this process was started for, and then ends the
// process. In any other process it does nothing.
//
// Every program that runs actions has to call it once, as the first thing in
// main, and in TestMain for its tests (nstest.Main does).
func CheckAction() {
	if code, ran := runAction(nil); ran {
		os.Exit(code)
	}
}

// RunAction is [CheckAction] for programs that have something to do at their end: it
// returns true after the action, and the program should then exit soon, with status 0,
// and not change its working directory any more. A panic of the action is reported to
// the parent, and does not reach the caller.
func RunAction() bool {
	_, ran := runAction(nil)
	return ran
}

// A registration is an action and where it was registered.
type registration struct {
	run func(ctx context.Context, param json.RawMessage) (any, error)
	// patient actions get a context, and so a chance to return when asked to end.
	patient bool
	// tests is an action that runs tests, so it waits for RunTests.
	tests bool
	site  string
}

var registry = struct {
	sync.RWMutex
	actions map[string]registration
}{actions: map[string]registration{}}

// register is to be called by the exported function that the user called.
func register(name string, r registration) {
	r.site = "an unknown place"
	if _, file, line, ok := runtime.Caller(2); ok {
		r.site = fmt.Sprintf("%s:%d", file, line)
	}
	registry.Lock()
	defer registry.Unlock()
	if earlier, ok := registry.actions[name]; ok {
		panic(fmt.Sprintf("gonso: reexec: action %q is registered twice: at %s and at %s", name, earlier.site, r.site))
	}
	registry.actions[name] = r
}

func registered(name string) (registration, bool) {
	registry.RLock()
	defer registry.RUnlock()
	r, ok := registry.actions[name]
	return r, ok
}
