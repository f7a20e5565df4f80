// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Require ends the test unless this machine lets it have namespaces of the kinds. [RequireFeatures] is for
// other things that a test needs.
//
//	nstest.Require(t, gonso.NS_NET|gonso.NS_USER)
//
// Require does not guess: once per process, it makes such a namespace and uses it. If that fails, the test is
// skipped with the cause and what helps; with NSTEST_STRICT=1 it fails instead. One line at the end of the run
// counts the skipped tests; 'go test' shows it for a single package, or with -v or -json. Fixtures require what
// they need by themselves.
//
// If the kernel is new enough for a kind of namespace, but was built without it, the test fails. With
// NSTEST_STRICT=0 it is skipped.
//
// If only privileges are missing, and TestMain does not call [Main], which would give them to the tests in a
// user namespace, the test always fails, and the message says so: 'go test ./...' does not show skipped tests,
// and the author only has to add that line. With NSTEST_ROOTLESS=off the test is skipped even then.
func Require(tb testing.TB, kinds int) {
	needTest(tb, "Require")
	tb.Helper()
	each := set.Kinds(kinds)
	for _, kind := range each {
		kinds &^= kind
	}
	if kinds != 0 || len(each) == 0 {
		tb.Fatalf("nstest: Require: %#x is no kind of namespace: %v", kinds, os.ErrInvalid)
	}
	for _, kind := range each {
		require(tb, probe.Kind(kind))
	}
}

// RequireFeatures ends the test unless this machine has the features, which 'gonso doctor' lists: features of
// the kernel, such as a kind of link, and of the machine's set-up. If one is missing, the test is skipped or
// fails as by [Require].
//
//	nstest.RequireFeatures(t, "veth", "nftables")
func RequireFeatures(tb testing.TB, names ...string) {
	needTest(tb, "RequireFeatures")
	tb.Helper()
	for _, name := range names {
		if !slices.Contains(probe.Names(), name) {
			tb.Fatalf("nstest: RequireFeatures: %q is none of %s: %v", name, strings.Join(probe.Names(), ", "), os.ErrInvalid)
		}
		require(tb, probe.Named(name))
	}
}

// require ends the test unless the result is yes.
func require(tb testing.TB, r probe.Result) {
	tb.Helper()
	switch r.OK {
	case probe.Inconclusive:
		tb.Fatalf("nstest: cannot tell whether this machine has what the test needs: %v", r)
	case probe.No:
		if r.Remedy == probe.GoRootless {
			unprivileged(tb, fmt.Sprintf("this process may not have %s: %v", r.Name, r.Cause), r.Remedy)
		}
		lacks(tb, fmt.Sprintf("this machine lacks %v", r), r)
	}
}

// unavailable ends a test that could not be given its namespaces. If the machine
// does not give them it is skipped, with anything else it fails.
func unavailable(tb testing.TB, flags int, err error) {
	tb.Helper()
	text, skip := err.Error(), lacking(err)
	for _, kind := range set.Kinds(flags) {
		r := probe.Kind(kind)
		if r.OK != probe.No {
			continue
		}
		if r.Remedy == probe.GoRootless {
			unprivileged(tb, text, r.Remedy)
		}
		if r.Unexpected {
			lacks(tb, text, r)
		}
		skip = true
		if r.Remedy != "" && !strings.Contains(text, r.Remedy) {
			text += "; try: " + r.Remedy
		}
	}
	if !skip {
		tb.Fatalf("nstest: %s", text)
	}
	missing(tb, text)
}

// lacking reports whether an error is the machine's: missing privilege or kernel
// feature, not something that is wrong with the test.
func lacking(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EPERM, syscall.EACCES, syscall.ENOSYS, errors.ErrUnsupported,
	}, func(cause error) bool { return errors.Is(err, cause) })
}

// lacks skips a test, or fails it where skips are failures or the kernel should have what it lacks.
func lacks(tb testing.TB, cause string, r probe.Result) {
	tb.Helper()
	if r.Unexpected && os.Getenv(strictVariable) != "0" {
		tb.Fatalf("nstest: %s; this kernel is new enough to have it, so that it is a failure and no skip; NSTEST_STRICT=0 skips all the same", cause)
	}
	missing(tb, cause)
}

// missing skips a test, or fails it where skips are failures.
func missing(tb testing.TB, cause string) {
	tb.Helper()
	if os.Getenv(strictVariable) == "1" {
		tb.Fatalf("nstest: %s", cause)
	}
	if first := skips.count(cause); first && !mainRan.Load() {
		fmt.Fprintf(os.Stderr, "nstest: %s and maybe others are skipped: %s\n", tb.Name(), cause) // nobody will count them
	}
	tb.Skipf("nstest: %s", cause)
}

// skips counts the skipped tests by cause, for one line at the end of the run.
var skips = skipCount{causes: make(map[string]int)}

type skipCount struct {
	sync.Mutex
	causes map[string]int
}

// count returns whether the cause is a new one.
func (s *skipCount) count(cause string) (first bool) {
	s.Lock()
	defer s.Unlock()
	s.causes[cause]++
	return s.causes[cause] == 1
}

// report prints one line that counts the skipped tests by cause.
func (s *skipCount) report() {
	s.Lock()
	defer s.Unlock()
	if len(s.causes) == 0 {
		return
	}
	var causes []string
	for cause, n := range s.causes {
		causes = append(causes, fmt.Sprintf("%d: %s", n, cause))
	}
	slices.Sort(causes)
	fmt.Fprintf(os.Stderr, "nstest: skipped for want of something (NSTEST_STRICT=1 makes that a failure): %s\n", strings.Join(causes, " | "))
}
