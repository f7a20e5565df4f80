// SPDX-License-Identifier: Apache-2.0

package actions_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/reexec/testdata/cover/actions"
)

func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }

// COVER_ACTIONS names what to run, as NAME=ROOT; one that is called Broken fails
// the suite.
func TestActions(t *testing.T) {
	for _, arg := range strings.Fields(os.Getenv("COVER_ACTIONS")) {
		name, root, _ := strings.Cut(arg, "=")
		if name == "Broken" {
			t.Error("this suite is to fail")
			continue
		}
		if err := actions.Run(name, root); err != nil {
			t.Error(err)
		}
	}
}
