// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/fixturepool"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leakcheck"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// VerifyNoLeaks fails the test at its end if it leaves behind what [Main] looks for at the end of the run:
// threads in foreign namespaces, namespaces, descriptors, processes and mounts. Call it first, so that it looks
// after all clean-ups of the test:
//
//	func TestRouter(t *testing.T) {
//		nstest.VerifyNoLeaks(t)
//		ns := nstest.New(t, gonso.NS_NET)
//		...
//	}
//
// What is about to end, such as the thread of a goroutine that has ended, has two seconds to do so.
// If the test has failed already, VerifyNoLeaks only logs what outlives the process, as Main does. Do not use it in a test that runs in parallel
// with others: what these make would count, too.
func VerifyNoLeaks(tb testing.TB, opts ...LeakOption) {
	needTest(tb, "VerifyNoLeaks")
	tb.Helper()
	ignored, err := ignoredBy(opts)
	if err != nil {
		tb.Fatalf("nstest: VerifyNoLeaks: %v", err)
	}
	fixturepool.Close()
	check, err := leakcheck.Begin(false)
	if err != nil {
		tb.Fatalf("nstest: VerifyNoLeaks: %v", err)
	}
	tb.Cleanup(func() {
		tb.Helper()
		fixturepool.Close()
		find, report, text := check.Find, tb.Errorf, "nstest: the test left behind:\n%s"
		if tb.Failed() {
			find, report, text = check.FindLasting, tb.Logf, "nstest: the test failed, and left behind what outlives it:\n%s"
		}
		left, err := find(func(r leak.Report) (leak.Report, error) { return r.Without(ignored), nil })
		if err != nil {
			tb.Errorf("nstest: VerifyNoLeaks: %v", err)
		}
		if left != "" {
			report(text, left)
		}
	})
}

// A LeakOption changes what counts as a leak, for [VerifyNoLeaks] and the matchers
// of leaks.
type LeakOption func(*leakConfig)

type leakConfig struct{ patterns []string }

// Ignoring leaves out what matches a regular expression of package regexp. The expression is for lines as Main
// and the matchers print them.
//
//	nstest.VerifyNoLeaks(t, nstest.Ignoring(`^descriptor \d+: /dev/kvm$`), nstest.Ignoring("telemetry.Start"))
func Ignoring(pattern string) LeakOption {
	return func(c *leakConfig) { c.patterns = append(c.patterns, pattern) }
}

// ignoredBy returns which lines the options leave out.
func ignoredBy(opts []LeakOption) (ignored func(line string) bool, err error) {
	var config leakConfig
	if err := option.Apply(&config, opts); err != nil {
		return nil, err
	}
	var patterns []*regexp.Regexp
	for _, pattern := range config.patterns {
		p, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("Ignoring: %w", err)
		}
		patterns = append(patterns, p)
	}
	return func(line string) bool {
		for _, p := range patterns {
			if p.MatchString(line) {
				return true
			}
		}
		return false
	}, nil
}
