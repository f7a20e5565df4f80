// SPDX-License-Identifier: Apache-2.0

// Command mutants takes out one guard at a time, a line of the code whose loss would
// harm users, and sees a test fail. The guards stand in guards/*.txt, a file for each
// part of the module:
//
//	guard     do-restores
//	protects  Go's threads: one that is not proven to be restored runs nothing else
//	file      set/do.go
//	find      return clean && restore && procns.Restore(moved)
//	replace   procns.Restore(moved)
//	replace   return clean && restore
//	test      ./set TestDoRawReusesTheThreadOnlyWhereThatIsSafe
//	says      is still there
//	short
//
// Several lines of find or replace are several lines of the file, however indented;
// match in place of find is a regular expression, of which $1 in replace is a group.
// Without replace the text is just taken out. A slash in test leads to a subtest, | to
// another one. The test's output has to match says, if that is given. A line env sets a
// variable for the test. Guards that are short run in CI.
//
// A guard that is not found exactly once is an error. A test that does not pass with
// the guard in place shows nothing, and so does one that was skipped, one that did not
// build without the guard, did not end in time, or ended by anything but its failure.
//
// The work tree stays as it is: the changed file reaches the compiler by an overlay (go
// help build), in GOFLAGS, so that programs which the test builds have it too.
//
//	go run ./internal/mutants             all guards
//	go run ./internal/mutants -short      the short ones
//	go run ./internal/mutants do- pool-   those whose names begin so
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	short := flag.Bool("short", false, "only guards that are short")
	timeout := flag.Duration("timeout", 2*time.Minute, "how long a test may take")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	guards, err := load("internal/mutants/guards")
	if err == nil {
		guards, err = choose(guards, *short, flag.Args())
	}
	if err == nil {
		r := &runner{root: ".", timeout: *timeout, out: os.Stdout}
		err = r.run(ctx, guards)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		stop()
		os.Exit(1)
	}
}

// choose returns the guards whose names begin with one of the prefixes, or all.
func choose(guards []guard, short bool, prefixes []string) (chosen []guard, err error) {
	for _, g := range guards {
		begins := func(prefix string) bool { return strings.HasPrefix(g.name, prefix) }
		if (g.short || !short) && (len(prefixes) == 0 || slices.ContainsFunc(prefixes, begins)) {
			chosen = append(chosen, g)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("no such guard")
	}
	return chosen, nil
}
