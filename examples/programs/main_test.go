// SPDX-License-Identifier: Apache-2.0

package programs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// write makes a configuration file, in which each verb %[1]s is a folder for the program's own files.
func write(t *testing.T, name, text string, args ...any) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, text, append([]any{dir}, args...)...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
