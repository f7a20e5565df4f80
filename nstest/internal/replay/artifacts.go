// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// How a process keeps its artifacts (go test -artifacts) where they belong:
//
//  1. The test that it runs, and those below, have folders that the process makes: no other
//     test has them. The lines that tell of them are passed on.
//  2. The tests around have theirs already, in the parent. Those of the process have asked for
//     them again, and got new ones: each becomes a link to the one of the parent, and
//     goes with the test.

// storesArtifacts reports whether artifacts are to be kept.
func storesArtifacts() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// ArtifactDirs returns the folders that the test and those around it have asked for, by name.
func ArtifactDirs(t *testing.T) map[string]string {
	if !storesArtifacts() {
		return map[string]string{}
	}
	return testfield.ArtifactDirs(t)
}

// ShareArtifacts gives the tests around t the folders that they have in the parent, by name, for as long as t runs.
func ShareArtifacts(t *testing.T, folders map[string]string) error {
	var errs []error
	for name, dir := range ArtifactDirs(t) {
		parents, ok := folders[name]
		if !ok {
			continue
		}
		errs = append(errs, os.RemoveAll(dir), os.Symlink(parents, dir))
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("nstest: %v", err)
			}
		})
	}
	return errors.Join(errs...)
}

// sayArtifacts says where the artifacts of a test are, as package testing does: it has no
// method for a folder that somebody else has made.
func sayArtifacts(t *testing.T, dir string) {
	switch flag.Lookup("test.v").Value.String() {
	case "test2json":
		fmt.Printf(mark+"=== ARTIFACTS %s %s\n", t.Name(), dir)
	case "true":
		fmt.Printf("=== ARTIFACTS %s %s\n", t.Name(), dir)
	}
}
