// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kept

import (
	"errors"
	"fmt"
	"os"
)

// AwaitResume returns that no test waits: there are no namespaces to look into.
func (f *Folder) AwaitResume(*Entry) (*os.File, error) { return nil, errNoNamespaces }

// Resume returns that no test waits.
func (f *Folder) Resume(*Entry) error { return errNoNamespaces }

var errNoNamespaces = fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)
