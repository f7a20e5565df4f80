// SPDX-License-Identifier: Apache-2.0

package testfield_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

func TestSubtestsAreNoticed(t *testing.T) {
	if testfield.HasSubtests(t) {
		t.Error("it has none yet")
	}
	t.Run("one", func(t *testing.T) {
		if testfield.HasSubtests(t) {
			t.Error("it has none")
		}
	})
	if !testfield.HasSubtests(t) {
		t.Error("it has one, and this version of Go does not say so")
	}
}

func TestArtifactFoldersAreThoseAskedFor(t *testing.T) {
	if dirs := testfield.ArtifactDirs(t); len(dirs) != 0 {
		t.Errorf("%v, and none was asked for", dirs)
	}
	want := t.ArtifactDir()
	t.Run("one", func(t *testing.T) {
		if dirs := testfield.ArtifactDirs(t); len(dirs) != 1 || dirs["TestArtifactFoldersAreThoseAskedFor"] != want {
			t.Errorf("%v, want %s", dirs, want)
		}
	})
}
