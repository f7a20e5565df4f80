// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"errors"
	"fmt"
)

func execOutside(*plan, []string) int {
	printError("exec: %v", hostLikeNetwork())
	return ownFailure
}

func hostLikeNetwork() error {
	return fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)
}
