// SPDX-License-Identifier: Apache-2.0

// Command verdict reads what 'go test -json' prints and prints what 'go test'
// does: a line for each package and, where one failed, what those of its tests
// said that did not pass. The tests that were skipped it lists at the end, each
// with its reason. It exits with 1 if there are such, or if something failed.
//
//	go test -json ./... | go run ./internal/verdict
package main

import (
	"fmt"
	"os"
)

func main() {
	good, err := judge(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "verdict:", err)
	}
	if !good || err != nil {
		os.Exit(1)
	}
}
