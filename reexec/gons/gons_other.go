// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package gons

import (
	"errors"
	"fmt"
	"os"
)

// status refuses whatever is asked for. The variables stay where they are: this
// program did not follow them.
var status = refuse()

func refuse() error {
	for _, k := range kinds {
		if path, ok := os.LookupEnv(k.variable()); ok {
			return &Error{k.variable(), path, "setns", fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)}
		}
	}
	return nil
}
