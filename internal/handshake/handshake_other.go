// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package handshake

import (
	"errors"
	"fmt"
	"os"
)

// Offer makes a ticket for a child; it can do so on Linux only.
func Offer(string, int) (*os.File, string, error) {
	return nil, "", fmt.Errorf("re-executing this program works on Linux only: %w", errors.ErrUnsupported)
}

// Accept returns false: no parent can have offered a ticket.
func Accept(string) (bool, error) { return false, nil }

func closeOnExec(int) {}
