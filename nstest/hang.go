// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega/format"
)

// What hangs fails no test, and package testing ends the process when the time of -test.timeout
// is up, on a goroutine of its own: no clean-up runs and no log is printed. So the state of the
// fixtures is printed a little before.

// hangNotice is how long before the end that is, at most; it is not more than half of the time.
const hangNotice = 2 * time.Second

// watchTimeout is called when package testing is about to begin to count. It returns what ends
// the watch when the tests have ended. A timer is no goroutine, so that nobody looking for those
// finds it.
func watchTimeout() (stop func()) {
	f := flag.Lookup("test.timeout")
	if f == nil {
		return func() {}
	}
	if !flag.Parsed() {
		flag.Parse() // as testing.M.Run does
	}
	limit, ok := f.Value.(flag.Getter).Get().(time.Duration)
	if !ok || limit <= 0 {
		return func() {}
	}
	notice := min(hangNotice, limit/2)
	timer := time.AfterFunc(limit-notice, func() { printHanging(limit, notice) })
	return func() { timer.Stop() }
}

// printHanging prints each fixture as soon as it is read: the process ends in a moment.
func printHanging(limit, notice time.Duration) {
	when := fmt.Sprintf("%v before -test.timeout=%v is over", notice, limit)
	var reading sync.WaitGroup
	for _, g := range openGroups() {
		reading.Go(func() { g.describeOpen(when, notice, func(text string) { fmt.Fprintln(os.Stderr, text) }) })
	}
	reading.Wait()
}

// In Ginkgo, each progress report has the fixtures of the spec that runs: those that come with a
// timeout of a node, a spec or the suite, and those that somebody asks for.
var _ = ginkgo.AttachProgressReporter(func() string {
	var all []string
	for _, g := range openSpec() {
		g.describeOpen("at this moment", readTime, func(text string) { all = append(all, text) })
	}
	return strings.Join(all, "\n")
})

// openGroups lists those with fixtures that may be open.
func openGroups() (all []*group) {
	groups.Lock()
	defer groups.Unlock()
	for _, g := range groups.of {
		all = append(all, g)
	}
	return append(all, openSpec()...)
}

func openSpec() []*group {
	running.Lock()
	defer running.Unlock()
	if running.spec == nil {
		return []*group{&ofSuite}
	}
	return []*group{&ofSuite, &running.spec.group}
}

// describeOpen reads the group's fixtures, in at most the given time, and tells what each is like
// once it is read.
func (g *group) describeOpen(when string, limit time.Duration, tell func(text string)) {
	g.mu.Lock()
	instances := slices.Clone(g.instances)
	g.mu.Unlock()
	all, texts := sets(instances), make(chan string)
	for _, in := range instances {
		go func() {
			owner := "the suite"
			if g != &ofSuite {
				owner = in.tb.Name()
			}
			heading, text := in.describe(fmt.Sprintf("of %s, %s", owner, when), in.read(all, limit))
			texts <- heading + "\n" + format.IndentString(text, 1)
		}()
	}
	for range instances {
		tell(<-texts)
	}
}
