// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/shardplan"
)

var shardVerb = verb{
	name:    "shard",
	args:    "-times file [flags] [log...]",
	short:   "plan how shards share tests, or check that they ran each test once",
	long:    func() string { return shardLong },
	flags:   shardFlags,
	failure: usageError,
}

const shardLong = `Tests whose TestMain calls nstest.Main run in shards where an engine says so, as Bazel does
by TEST_TOTAL_SHARDS and TEST_SHARD_INDEX (from 0). With NSTEST_TIMES=/path/to/file they go
by how long each test took in an earlier run. That is also the file for -times: what
'go test -json' printed, or a report of 'ginkgo --json-report'.

Without a number of shards it prints how long the longest of 1, 2, 4, 8 and 16 shards
takes, one test after the other; with one, also which tests are in which shard. A test that
the file does not know goes to a shard by its name.

-check reads what the shards printed, in the same form. The exit status is 1 if a test of
the earlier run is missing, or ran in two of them.

`

func shardFlags(flags *flag.FlagSet) action {
	path := flags.String("times", "", "the `file` of an earlier run")
	shards := flags.Int("shards", 0, "a `number` of shards, to print what is in each")
	check := flags.Bool("check", false, "check the logs that follow")
	return func(args []string) int {
		var err error
		switch {
		case *path == "":
			err = errors.New("-times is missing")
		case *shards < 0:
			err = fmt.Errorf("%d shards", *shards)
		case *check && len(args) == 0:
			err = errors.New("-check takes the logs of the shards")
		case *check && *shards != 0:
			err = errors.New("-check and -shards do not go together")
		case !*check && len(args) > 0:
			err = fmt.Errorf("%q is not understood", args)
		}
		if err != nil {
			printError("shard: %v; try: gonso help shard", err)
			return usageError
		}
		times, runs, err := readRun(*path)
		if err == nil && *check {
			err = checkShards(runs, args)
		} else if err == nil {
			printPlan(times, *shards)
		}
		if err != nil {
			printError("shard: %v", err)
			return 1
		}
		return 0
	}
}

// readRun reads what a run printed.
func readRun(path string) (shardplan.Times, map[shardplan.Test]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	times, runs, err := shardplan.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return times, runs, nil
}

func printPlan(times shardplan.Times, shards int) {
	all := []int{1, 2, 4, 8, 16}
	if shards > 0 {
		all = append(all, shards)
		for i, s := range shardplan.New(times, shards).Shards() {
			fmt.Printf("shard %d: %d tests, %s\n", i, len(s.Tests), seconds(s.Time))
			for _, t := range s.Tests {
				fmt.Printf("%10s  %s\n", seconds(times[t]), strings.TrimSpace(t.Package+" "+t.Name))
			}
		}
	}
	fmt.Printf("%6s  %10s\n", "shards", "longest")
	slices.Sort(all)
	for _, n := range slices.Compact(all) {
		longest := time.Duration(0)
		for _, s := range shardplan.New(times, n).Shards() {
			longest = max(longest, s.Time)
		}
		fmt.Printf("%6d  %10s\n", n, seconds(longest))
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// checkShards returns an error that names what did not run in exactly one of the shards.
func checkShards(want map[shardplan.Test]int, logs []string) error {
	in := make(map[shardplan.Test][]string)
	for _, path := range logs {
		_, runs, err := readRun(path)
		if err != nil {
			return err
		}
		for t := range runs {
			in[t] = append(in[t], path)
		}
	}
	var wrong []string
	for t := range want {
		if len(in[t]) == 0 {
			wrong = append(wrong, fmt.Sprintf("%s %s ran in no shard", t.Package, t.Name))
		}
	}
	for t, shards := range in {
		if len(shards) > 1 {
			wrong = append(wrong, fmt.Sprintf("%s %s ran in %s", t.Package, t.Name, strings.Join(shards, " and ")))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return errors.New(strings.TrimSpace(strings.Join(wrong, "\n")))
	}
	fmt.Printf("%d tests, each in one of %d shards\n", len(in), len(logs))
	return nil
}
