// SPDX-License-Identifier: Apache-2.0

// Figures reads what several runs of the benchmarks of package bench have printed, one
// run after the other, and writes RESULTS.md and results.svg into the current folder.
//
//	go test -c -o bench.test . && for i in 1 2 3; do ./bench.test -test.bench=.; done | go run ./figures
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, args []string) error {
	if len(args) != 0 {
		return fmt.Errorf("%q: there are no arguments, what is read is standard input", args)
	}
	runs, err := read(in)
	if err != nil {
		return err
	}
	lines, err := judge(runs)
	if err != nil {
		return err
	}
	machine, err := machineOf(runs)
	if err != nil {
		return err
	}
	if err := os.WriteFile("RESULTS.md", table(runs, machine, lines), 0o666); err != nil {
		return err
	}
	return os.WriteFile("results.svg", picture(lines), 0o666)
}
