// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type haveNamespaces struct {
	settled
	kinds int

	missing int
}

func (m *haveNamespaces) Match(actual any) (success bool, err error) {
	if err := checkKinds("HaveNamespaces", m.kinds); err != nil {
		return false, err
	}
	s, err := setOf("HaveNamespaces", actual)
	if err != nil {
		return false, err
	}
	m.missing = m.kinds &^ s.Flags()
	return m.missing == 0, nil
}

func (m *haveNamespaces) FailureMessage(actual any) string {
	return format.Message(actual, "to have namespaces of the kinds "+set.KindNames(m.kinds)) +
		"\nbut it has none of " + set.KindNames(m.missing)
}

func (m *haveNamespaces) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to have namespaces of the kinds "+set.KindNames(m.kinds))
}
