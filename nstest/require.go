// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// strict tells whether a test that cannot have what it needs fails.
func strict() bool { return os.Getenv("NSTEST_STRICT") == "1" }

// unavailable ends a test that cannot have its namespaces: a machine that does
// not give them skips it, anything else is a failure.
func unavailable(tb testing.TB, flags int, err error) {
	tb.Helper()
	if !lacking(err) || strict() {
		tb.Fatalf("nstest: %v", err)
	}
	skips.count(err.Error())
	tb.Skipf("nstest: %v", err)
}

// lacking tells whether an error is the machine's: missing privilege or kernel
// feature, not something that is wrong in the test.
func lacking(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EPERM, syscall.EACCES, syscall.ENOSYS, errors.ErrUnsupported,
	}, func(cause error) bool { return errors.Is(err, cause) })
}

// skips counts the skipped tests by cause, for one line at the end of the run.
var skips = skipCount{causes: make(map[string]int)}

type skipCount struct {
	sync.Mutex
	causes map[string]int
}

func (s *skipCount) count(cause string) {
	s.Lock()
	defer s.Unlock()
	s.causes[cause]++
}
