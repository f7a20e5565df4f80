// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type beCurrent struct {
	whileOpen
	is comparison
}

func (m *beCurrent) Match(actual any) (success bool, err error) {
	s, err := setOf("BeCurrent", actual)
	if err != nil {
		return false, err
	}
	if s.Flags() == 0 {
		return false, unexpected("BeCurrent", "a Set that holds namespaces", actual)
	}
	here, err := set.Current(s.Flags())
	if err != nil {
		return false, fmt.Errorf("BeCurrent matcher: %w", err)
	}
	m.is, err = compare("BeCurrent", s, here, s.Flags())
	if err = errors.Join(err, here.Close()); err != nil {
		return false, err
	}
	return len(m.is.differ) == 0, nil
}

func (m *beCurrent) FailureMessage(actual any) string {
	return format.Message(actual, "to be where this goroutine is\nbut\n") + lines(m.is.differ)
}

func (m *beCurrent) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to be where this goroutine is\nbut\n") + lines(m.is.same)
}
