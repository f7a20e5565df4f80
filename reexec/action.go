// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"encoding/json"
	"fmt"
)

// An Action is a function that runs in a process of its own. Its parameter and
// its result travel as JSON, with the rules of encoding/json, on descriptors of
// their own: standard input, output and error are the action's to use.
type Action[P, R any] struct{ name string }

// Func makes an action of f. It is to be called where a package variable is
// initialised, since the child has to know the action by the time it calls
// [CheckAction], and panics if the name is taken already.
func Func[P, R any](name string, f func(ctx context.Context, param P) (R, error)) *Action[P, R] {
	register(name, registration{patient: true, run: func(ctx context.Context, raw json.RawMessage) (any, error) {
		param, err := parameter[P](raw)
		if err != nil {
			return nil, err
		}
		return f(ctx, param)
	}})
	return &Action[P, R]{name: name}
}

func parameter[P any](raw json.RawMessage) (param P, err error) {
	if err := json.Unmarshal(raw, &param); err != nil {
		return param, fmt.Errorf("parameter: %w", err)
	}
	return param, nil
}

// Name returns the name of the action.
func (a *Action[P, R]) Name() string { return a.name }

// Run starts this program again, has the new process call the action with param, and
// returns what the action returns. A failure is an [*Error].
//
// When ctx ends, the child gets SIGTERM, which ends the context that the action was
// called with. An action that does not return within a second is ended, and a process
// that is still there after two is killed; the error then wraps the context's. The
// child also ends when this process does, however that happens. If the action leaves
// processes behind, their output is read for two more seconds at most.
func (a *Action[P, R]) Run(ctx context.Context, param P, opts ...Option) (R, error) {
	var result R
	c := newConfig(opts)
	if c.hasParam || c.hasResult {
		return result, &Error{a.name, errValuesOfTyped}
	}
	raw, err := json.Marshal(param)
	if err != nil {
		return result, &Error{a.name, fmt.Errorf("parameter: %w", err)}
	}
	if err := c.run(ctx, call{action: a.name, param: raw, result: &result}); err != nil {
		var none R
		return none, &Error{a.name, err}
	}
	return result, nil
}
