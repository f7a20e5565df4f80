// SPDX-License-Identifier: Apache-2.0

// Command api compares what the public packages export with the record of it in
// api/*.txt, a line for each thing that a program can name, as in Go's own api folder:
//
//	go run ./internal/api          compares, and exits with 1 if something is wrong
//	go run ./internal/api -renew   renews the record first
//
// What the record had on branch main, where this branch left it, and a package no longer
// exports breaks somebody's program. Renewing moves such a line to api/broken.txt, where it
// stays until the next release, and CHANGELOG.md has to name the thing under "Unreleased":
// nstest.Require, or Fixture.Do for a method or a field.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	renew := flag.Bool("renew", false, "renew the record")
	flag.Parse()
	wrong, err := run(".", *renew)
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(2)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, w)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}

// run returns what is wrong in the module at root.
func run(root string, renew bool) (wrong []string, err error) {
	now, err := load(root)
	if err != nil {
		return nil, err
	}
	record, err := readRecord(os.DirFS(root))
	if err != nil {
		return nil, err
	}
	before, ok, err := committed(root)
	if err != nil {
		return nil, err
	}
	if !ok {
		before = record
	}
	if renew {
		record = before.renewed(now)
		if err := record.write(root); err != nil {
			return nil, err
		}
	}
	unreleased, err := readUnreleased(root)
	if err != nil {
		return nil, err
	}
	return append(record.differs(now, before), record.unnamed(now, unreleased)...), nil
}
