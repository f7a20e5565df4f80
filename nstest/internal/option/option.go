// SPDX-License-Identifier: Apache-2.0

// Package option applies the options of functions.
package option

import (
	"errors"
	"fmt"
	"os"
)

// Apply has options change a configuration. Its error says which of them are nil.
func Apply[C any, O ~func(C)](to C, opts []O) error {
	var errs []error
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, Nil(i))
			continue
		}
		opt(to)
	}
	return errors.Join(errs...)
}

// Nil is the error of an option that is nil, by its index.
func Nil(i int) error { return fmt.Errorf("option %d is nil: %w", i+1, os.ErrInvalid) }
