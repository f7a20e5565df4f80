// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package gons

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// status refuses whatever is asked for. The variables stay where they are: this
// program did not follow them.
var status = refuse()

func refuse() error {
	for _, k := range kind.Table {
		if path, ok := os.LookupEnv(variable(k)); ok {
			return &Error{variable(k), path, "setns", fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)}
		}
	}
	return nil
}
