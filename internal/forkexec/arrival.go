// SPDX-License-Identifier: Apache-2.0

package forkexec

import "errors"

// arrivals are called when this process has gone to the root directory that it is to have.
var arrivals []func() error

// OnArrival registers what was read of this process's surroundings while packages were
// initialised, and is to be read again where a [Program] goes to another root directory.
func OnArrival(f func() error) { arrivals = append(arrivals, f) }

// Arrived is called by such a program when it is there.
func Arrived() error {
	var errs []error
	for _, f := range arrivals {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
