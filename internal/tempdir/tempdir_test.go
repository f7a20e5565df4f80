// SPDX-License-Identifier: Apache-2.0

package tempdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/tempdir"
)

func TestWhatIsLeftFailsARunThatHasPassed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	outside := os.TempDir()
	for name, c := range map[string]struct {
		leaves     bool
		code, want int
	}{
		"passes":            {want: 0},
		"passes, leaves":    {leaves: true, want: 1},
		"fails":             {code: 3, want: 3},
		"fails, and leaves": {leaves: true, code: 3, want: 3},
	} {
		code := tempdir.Run(func() int {
			if filepath.Dir(os.TempDir()) != outside {
				t.Errorf("%s: the folder is %s, want one below %s", name, os.TempDir(), outside)
			}
			if c.leaves {
				if _, err := os.MkdirTemp("", "left"); err != nil {
					t.Error(err)
				}
			}
			return c.code
		})
		if code != c.want {
			t.Errorf("%s: %d, want %d", name, code, c.want)
		}
		if left, err := os.ReadDir(outside); err != nil || len(left) > 0 || os.TempDir() != outside {
			t.Errorf("%s: %v, %v are left, and the folder is %s", name, left, err, os.TempDir())
		}
	}
}
