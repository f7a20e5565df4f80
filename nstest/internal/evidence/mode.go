// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// A Mode says of which tests something is kept.
type Mode uint8

// The modes.
const (
	Never Mode = iota
	IfFailed
	Always
)

// ModeOf returns what an environment variable says: failed or all, nothing for no test.
func ModeOf(variable string) (Mode, error) {
	switch value := os.Getenv(variable); value {
	case "":
		return Never, nil
	case "failed":
		return IfFailed, nil
	case "all":
		return Always, nil
	default:
		return Never, fmt.Errorf("%s is %q: it is failed, for the tests that fail, or all", variable, value)
	}
}

// Variables are those that say of which tests something is kept. Each needs a package that tests need not link.
var Variables = []string{"NSTEST_PCAP", "NSTEST_TRACE"}

var provided sync.Map

// Provide says that the package is linked that does what the variable wants.
func Provide(variable string) { provided.Store(variable, true) }

// Unheard says which variables are set in vain, and what helps, or nothing.
func Unheard() string {
	var texts []string
	for _, variable := range Variables {
		if _, ok := provided.Load(variable); !ok && os.Getenv(variable) != "" {
			texts = append(texts, fmt.Sprintf("nstest: %s is set, and these tests do not link what it needs; add to a _test.go file:\n"+
				"\timport _ \"github.com/seed-1bc5c4a2/gonso/nstest/trace\"\n", variable))
		}
	}
	return strings.Join(texts, "")
}

// CheckVariables returns what is wrong with the variables, whether or not what they want is linked.
func CheckVariables() error {
	var errs []error
	for _, variable := range Variables {
		_, err := ModeOf(variable)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
