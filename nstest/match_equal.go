// SPDX-License-Identifier: Apache-2.0

package nstest

import "github.com/onsi/gomega/format"

// An equal is gomega.Equal for numbers and strings. Package gomega itself would bring its parsers of XML, YAML and
// all the character sets of the world into each test binary, which then takes longer to start.
type equal struct{ want any }

func (m *equal) Match(actual any) (success bool, err error) { return actual == m.want, nil }

func (m *equal) FailureMessage(actual any) string {
	is, ok := actual.(string)
	if want, both := m.want.(string); ok && both {
		return format.MessageWithDiff(is, "to equal", want)
	}
	return format.Message(actual, "to equal", m.want)
}

func (m *equal) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to equal", m.want)
}
