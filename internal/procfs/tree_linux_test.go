// SPDX-License-Identifier: Apache-2.0

package procfs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fileMarker = regexp.MustCompile(`(?m)^-- (\S+) --\n`)

// tree lays testdata/proc.txtar out and returns where.
func tree(t *testing.T) string {
	t.Helper()
	archive, err := os.ReadFile("testdata/proc.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	names := fileMarker.FindAllStringSubmatch(string(archive), -1)
	for i, text := range fileMarker.Split(string(archive), -1)[1:] {
		name := filepath.Join(root, names[i][1])
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("~\n", "\x00", "~", "\x00").Replace(text)
		if target, isLink := strings.CutPrefix(text, "-> "); isLink {
			err = os.Symlink(strings.TrimSuffix(target, "\n"), name)
		} else {
			err = os.WriteFile(name, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}
