// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"strings"

	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"
)

type haveID struct {
	settled
	kind int
	want any

	id string // of actual
}

func (m *haveID) Match(actual any) (success bool, err error) {
	switch m.want.(type) {
	case string, types.GomegaMatcher:
	default:
		return false, unexpected("HaveID", "an ID such as net:[4026531840], or a matcher", m.want)
	}
	s, err := setOf("HaveID", actual)
	if err != nil {
		return false, err
	}
	if m.id, err = s.ID(m.kind); err != nil {
		return false, fmt.Errorf("HaveID matcher: %w", err)
	}
	return asMatcher(m.want).Match(m.id)
}

func (m *haveID) FailureMessage(actual any) string {
	return m.intro(actual) + asMatcher(m.want).FailureMessage(m.id)
}

func (m *haveID) NegatedFailureMessage(actual any) string {
	return m.intro(actual) + asMatcher(m.want).NegatedFailureMessage(m.id)
}

func (m *haveID) intro(actual any) string {
	kind, _, _ := strings.Cut(m.id, ":")
	return fmt.Sprintf("Wrong %s namespace of\n%s\n", kind, format.Object(actual, 1))
}
