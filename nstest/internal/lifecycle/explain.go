// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "fmt"

// ExplainBy has why say what may be wrong with the network of the instance, or nil, when something fails in there. The instance
// may be nil.
func (in *Instance) ExplainBy(why func() error) {
	if in == nil {
		return
	}
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	in.why = why
}

// Explain adds to an error what is known of why the network of the instance cannot be used.
func (in *Instance) Explain(err error) error {
	in.test.mu.Lock()
	why := in.why
	in.test.mu.Unlock()
	if err == nil || why == nil {
		return err
	}
	if cause := why(); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
