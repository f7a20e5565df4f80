// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"sync"
)

// afterTests has what is to be checked when all tests of this process have ended.
var afterTests struct {
	sync.Mutex
	checks []func() error
}

// AfterTests has check called when all tests of this process have ended, if Main runs them. The run fails if it returns an
// error, which is printed.
func AfterTests(check func() error) {
	afterTests.Lock()
	defer afterTests.Unlock()
	afterTests.checks = append(afterTests.checks, check)
}

// CheckAfterTests returns what the checks of [AfterTests] have found.
func CheckAfterTests() error {
	afterTests.Lock()
	defer afterTests.Unlock()
	var errs []error
	for _, check := range afterTests.checks {
		errs = append(errs, check())
	}
	return errors.Join(errs...)
}
