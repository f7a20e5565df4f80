// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reexec

import (
	"errors"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

const selfPath = ""

func openSelf() (*os.File, error) { return nil, errors.ErrUnsupported }

func (c *config) become(*forkexec.Attr) {}
