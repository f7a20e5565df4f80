// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

func init() {
	reexec.Register("answertoeverything", func() {
		fmt.Fprintln(os.Stdout, `42`)
	})
}

// The program that gons begins with. Its main starts with reexec.CheckAction(),
// which TestMain does here.
func ExampleRunReexecAction() {
	var answer int
	if err := reexec.RunReexecAction("answertoeverything", reexec.Result(&answer)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("answer: %d\n", answer)
	// Output: answer: 42
}
