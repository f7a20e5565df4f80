// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"flag"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/onsi/gomega/format"
)

// What hangs fails no test, and package testing ends the process when the time of -test.timeout
// is up, on a goroutine of its own: no clean-up runs and no log is printed. So the state of the
// fixtures is printed a little before.

// hangNotice is how long before the end that is, at most; it is not more than half of the time.
const hangNotice = 2 * time.Second

// WatchTimeout is called when package testing is about to begin to count. It returns what ends
// the watch when the tests have ended. A timer is no goroutine, so that nobody looking for those
// finds it.
func WatchTimeout() (stop func()) {
	limit := durationFlag("test.timeout")
	if limit <= 0 {
		return func() {}
	}
	notice := min(hangNotice, limit/2)
	timer := time.AfterFunc(limit-notice, func() { printHanging(limit, notice) })
	return func() { timer.Stop() }
}

// durationFlag returns the value of a flag, or 0 if there is none.
func durationFlag(name string) time.Duration {
	f := flag.Lookup(name)
	if f == nil {
		return 0
	}
	if !flag.Parsed() {
		flag.Parse() // as testing.M.Run does
	}
	limit, _ := f.Value.(flag.Getter).Get().(time.Duration)
	return limit
}

// processStart is a little before package testing, or Ginkgo, begins to count.
var processStart = time.Now()

// cleanTime is how long before the notice a test that waits goes on, at most: it has to clean up.
const cleanTime = 3 * time.Second

// WaitUntil returns until when the test may wait, if there is a limit: so long that it can clean up before
// -test.timeout ends the process, and Ginkgo's own limit the suite.
func (t *Test) WaitUntil() (until time.Time, limited bool) {
	limit := durationFlag("test.timeout")
	if t.tb == nil {
		if suite := durationFlag("ginkgo.timeout"); suite > 0 && (limit <= 0 || suite < limit) {
			limit = suite
		}
	}
	if limit <= 0 {
		return time.Time{}, false
	}
	left := limit - min(hangNotice, limit/2)
	return processStart.Add(left - min(cleanTime, left/2)), true
}

// printHanging prints each instance as soon as it is read: the process ends in a moment.
func printHanging(limit, notice time.Duration) {
	when := fmt.Sprintf("%v before -test.timeout=%v is over", notice, limit)
	var describing sync.WaitGroup
	for _, t := range openTests() {
		describing.Go(func() {
			observe(func(o Observer) { o.Hangs(t) })
			for _, text := range t.describeOpen(when, notice) {
				fmt.Fprintln(os.Stderr, text)
			}
		})
	}
	describing.Wait()
}

// openTests lists those with instances that may be open.
func openTests() (all []*Test) {
	tests.Lock()
	defer tests.Unlock()
	for _, t := range tests.of {
		all = append(all, t)
	}
	if len(specs.Instances()) > 0 {
		all = append(all, specs)
	}
	return all
}

// describeOpen reads the first of the test's instances, in at most the given time, and yields what each is like
// once it is read, by its number.
func (t *Test) describeOpen(when string, limit time.Duration) iter.Seq2[int, string] {
	instances := slices.DeleteFunc(t.Instances(), func(in *Instance) bool { return in.silent })
	all := sets(instances)
	more := max(0, len(instances)-most)
	instances = instances[:len(instances)-more]
	type numbered struct {
		i    int
		text string
	}
	texts := make(chan numbered, len(instances))
	for i, in := range instances {
		go func() {
			owner := cmp.Or(in.Owner, "the suite")
			heading, text := in.describe(fmt.Sprintf("of %s, %s", owner, when), in.read(all, limit))
			texts <- numbered{i, heading + "\n" + format.IndentString(text, 1)}
		}()
	}
	return func(yield func(int, string) bool) {
		for range instances {
			if next := <-texts; !yield(next.i, next.text) {
				return
			}
		}
		if more > 0 {
			yield(most, fmt.Sprintf("nstest: %d other fixtures are left out here", more))
		}
	}
}
