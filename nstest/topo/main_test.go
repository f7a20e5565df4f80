// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/tempdir"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// children are what this test binary does as a child of a test, by the value of childVariable.
var children = map[string]func(){}

const childVariable = "TOPO_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVariable)]; child != nil {
		child()
		return
	}
	nstest.Main(nstest.RunFunc(func() int { return tempdir.Run(m.Run) }))
}
