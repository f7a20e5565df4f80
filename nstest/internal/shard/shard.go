// SPDX-License-Identifier: Apache-2.0

// Package shard runs a part of the tests of a package, so that several machines can share them.
package shard

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/internal/shardplan"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/runpattern"
)

// A shard is one of several machines, or jobs, that share the tests of a package,
// as Bazel and CI matrices have them. The test functions are dealt out in turn, or by how
// long they took in an earlier run. A package with one test function runs it everywhere and
// deals out its Ginkgo specs; those of an outermost container stay together if they are in an
// Ordered one.
type shard struct {
	index, total int
	plan         *shardplan.Plan // nil for test functions that are dealt out in turn
}

// The environment variables of a shard (Bazel's Test Encyclopedia, "Test sharding").
const (
	total  = "TEST_TOTAL_SHARDS"
	index  = "TEST_SHARD_INDEX"
	status = "TEST_SHARD_STATUS_FILE"
)

// TimesVariable names a file with the times of an earlier run.
const TimesVariable = "NSTEST_TIMES"

// Variables are those that say which tests a run has.
var Variables = []string{total, index, TimesVariable}

// ofSpecs deals out the specs, unless its total is 0.
var ofSpecs shard

// isShard is set where the engine says that there are shards.
var isShard bool

// IsShard reports whether tests of this run may be in another shard.
func IsShard() bool { return isShard }

// Apply restricts this run to its shard's share. What its tests start has no part of that: a test that runs its own
// binary again, for one test, would find that test dealt out to another shard.
func Apply() error {
	s, err := read()
	if err != nil || s.total == 0 {
		return err
	}
	isShard = true
	if err := errors.Join(os.Unsetenv(total), os.Unsetenv(totalAgain)); err != nil || s.total == 1 {
		return err
	}
	if !flag.Parsed() {
		flag.Parse()
	}
	names, err := testNames()
	if err != nil {
		return fmt.Errorf("list the tests to share: %w", err)
	}
	if len(names) == 1 {
		if s.plan == nil {
			s.plan = shardplan.New(nil, s.total)
		}
		ofSpecs = s
		return nil
	}
	inPackage := packagePath()
	pattern, err := runpattern.Parse(flag.Lookup("test.run").Value.String())
	if err != nil {
		return err
	}
	var mine []string
	matched := 0
	for _, name := range names {
		if !pattern.Matches(name) {
			continue
		}
		in := matched % s.total
		if s.plan != nil {
			in = s.plan.Of(shardplan.Test{Package: inPackage, Name: name})
		}
		if in == s.index {
			mine = append(mine, name)
		}
		matched++
	}
	return flag.Set("test.run", pattern.Functions(mine))
}

// read tells Bazel that sharding is understood, and reads which shard this
// is.
func read() (s shard, err error) {
	shards := cmp.Or(os.Getenv(total), os.Getenv(totalAgain))
	if shards == "" {
		return s, nil
	}
	if path := os.Getenv(status); path != "" {
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			return s, err
		}
	}
	var indexErr error
	s.total, err = strconv.Atoi(shards)
	s.index, indexErr = strconv.Atoi(os.Getenv(index))
	switch err = errors.Join(err, indexErr); {
	case err == nil && s.total < 1:
		err = errors.New("the total is 1 or more")
	case err == nil && (s.index < 0 || s.index >= s.total):
		err = fmt.Errorf("they are numbered from 0 to %d", s.total-1)
	}
	if err != nil {
		return s, fmt.Errorf("%s=%q and %s=%q name no shard: %w", total, shards, index, os.Getenv(index), err)
	}
	if path := os.Getenv(TimesVariable); path != "" {
		times, err := readTimes(path)
		if err != nil {
			return s, fmt.Errorf("%s=%s: %w", TimesVariable, path, err)
		}
		s.plan = shardplan.New(times, s.total)
	}
	return s, nil
}

func readTimes(path string) (shardplan.Times, error) {
	if !filepath.IsAbs(path) {
		return nil, errors.New("a test runs in the folder of its package, so give the whole path, from / on")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	times, _, err := shardplan.Read(f)
	return times, errors.Join(err, f.Close())
}

// packagePath returns the import path of the package whose tests these are, or "" where the build does not say it.
func packagePath() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return strings.TrimSuffix(info.Path, ".test")
}

// testNames asks this test binary for its tests: package testing tells nobody
// else.
func testNames() ([]string, error) {
	cmd := exec.Command("/proc/self/exe", "-test.list=.")
	cmd.Env = append(os.Environ(), total+"=", totalAgain+"=", "NSTEST_ROOTLESS=off")
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSpace(line)
		if strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Example") || strings.HasPrefix(name, "Fuzz") {
			names = append(names, name)
		}
	}
	return names, nil
}

// SkipOthers skips the running spec if it is in another shard. It is called by the first node of each spec.
func SkipOthers() {
	if ofSpecs.total == 0 {
		return
	}
	r := ginkgo.CurrentSpecReport()
	if ofSpecs.plan.Of(shardplan.Spec(r.ContainerHierarchyTexts, r.LeafNodeText, r.IsInOrderedContainer)) != ofSpecs.index {
		ginkgo.Skip(shardplan.Elsewhere)
	}
}
