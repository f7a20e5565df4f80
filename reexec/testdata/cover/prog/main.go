// SPDX-License-Identifier: Apache-2.0

// Prog runs the actions that its arguments name, as NAME=ROOT, and says so.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/reexec/testdata/cover/actions"
)

func main() {
	reexec.CheckAction()
	for _, arg := range os.Args[1:] {
		name, root, _ := strings.Cut(arg, "=")
		if err := actions.Run(name, root); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}
