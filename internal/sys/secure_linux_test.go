// SPDX-License-Identifier: Apache-2.0

package sys_test

import (
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func TestSecureExecFailsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		auxv         [][2]uintptr
		err          error
		want, unsure bool
	}{
		"ordinary":      {[][2]uintptr{{6, 4096}, {23, 0}, {0, 0}}, nil, false, false},
		"set-user-ID":   {[][2]uintptr{{6, 4096}, {23, 1}, {0, 0}}, nil, true, false},
		"no such entry": {[][2]uintptr{{6, 4096}, {0, 0}}, nil, true, true},
		"no vector":     {nil, nil, true, true},
		"unreadable":    {[][2]uintptr{{23, 0}}, syscall.EACCES, true, true},
	} {
		if got, err := sys.SecureExecOf(c.auxv, c.err); got != c.want || (err != nil) != c.unsure {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
	if secure, err := sys.SecureExec(); secure || err != nil {
		t.Errorf("this test: %t, %v", secure, err)
	}
}
