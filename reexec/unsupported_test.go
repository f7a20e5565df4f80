// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reexec_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

var nothing = reexec.Func("nothing", func(context.Context, int) (int, error) { return 0, nil })

func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }

func TestActionsNeedLinux(t *testing.T) {
	if _, err := nothing.Run(t.Context(), 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want %v", err, errors.ErrUnsupported)
	}
}
