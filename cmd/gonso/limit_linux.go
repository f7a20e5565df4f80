// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"syscall"
)

// restoreFileLimit gives this process the soft limit of open files back that it was started with, since
// that is the program's. Go raises it to the hard limit, and only package syscall knows what it was; it
// puts it back right before execve(2) (go.dev/issue/46279, syscall.Exec). So an execve is tried that can
// only fail: no program has an empty name (path_resolution(7), "Empty pathname").
func restoreFileLimit() error {
	if err := syscall.Exec("", nil, nil); !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("execve of no program: %w", err)
	}
	return nil
}
