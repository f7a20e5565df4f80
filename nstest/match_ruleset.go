// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type haveRuleset struct {
	whileOpen
	want string

	has, wanted []string // the statements
}

func (m *haveRuleset) Match(actual any) (success bool, err error) {
	text, is := actual.(string)
	if !is {
		const taken = "a ruleset, or a fixture or Set with a network namespace"
		s, err := setOrOf("HaveRuleset", taken, actual)
		if err != nil {
			return false, err
		}
		if s.Flags()&set.NS_NET == 0 {
			return false, unexpected("HaveRuleset", taken, actual)
		}
		if text, err = state.Ruleset(s); err != nil {
			return false, fmt.Errorf("HaveRuleset matcher: %w", err)
		}
	}
	m.has, m.wanted = statements(text), statements(m.want)
	return slices.Equal(m.has, m.wanted), nil
}

// MatchMayChangeInTheFuture reports whether a later look may have another result.
func (m *haveRuleset) MatchMayChangeInTheFuture(actual any) bool {
	_, text := actual.(string)
	return !text && m.whileOpen.MatchMayChangeInTheFuture(actual)
}

func (m *haveRuleset) FailureMessage(actual any) string {
	same := 0
	for same < min(len(m.has), len(m.wanted)) && m.has[same] == m.wanted[same] {
		same++
	}
	next := func(list []string) string {
		if same == len(list) {
			return "nothing more"
		}
		return list[same]
	}
	return format.Message(actual, "to have the ruleset") + "\n" + indentRuleset(m.wanted) +
		"\nIt has\n" + indentRuleset(m.has) + "\nThe first difference is\n" +
		lines([]string{"want: " + next(m.wanted), "has:  " + next(m.has)})
}

func (m *haveRuleset) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to have the ruleset") + "\n" + indentRuleset(m.wanted)
}

// indentRuleset has a line for each statement.
func indentRuleset(list []string) string {
	if len(list) == 0 {
		list = []string{"nothing"}
	}
	depth := 0
	var out []string
	for _, s := range list {
		if s == "}" {
			depth--
		}
		out = append(out, strings.Repeat("  ", max(0, depth))+s)
		if strings.HasSuffix(s, "{") {
			depth++
		}
	}
	return lines(out)
}

// How rulesets are made comparable. The text is cut into words; a line or a semicolon ends a statement, unless
// it is in the braces of a set of values. Then what nft(8) may write in several ways is written in one.

// lazily compiles an expression when it is used: each test binary would pay for it otherwise.
func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// rulesetWords finds a comment, a quoted string, what separates, or a word.
var rulesetWords = lazily(`#[^\n]*|"[^"]*"|[{};,\n]|[^\s{};,"]+`)

// statements returns a ruleset as a list in which a table or chain begins with one that ends with a brace, and ends
// with one that is a brace.
func statements(text string) (list []string) {
	var words []string
	inSet := false
	end := func() {
		if s := plainStatement(words); s != "" {
			list = append(list, s)
		}
		words = nil
	}
	for _, word := range rulesetWords().FindAllString(text, -1) {
		switch {
		case word[0] == '#', inSet && word == "\n":
		case word == "{" && opensBlock(words):
			words = append(words, word)
			end()
		case word == "{":
			inSet = true
			words = append(words, word)
		case word == "}" && inSet:
			inSet = false
			words = append(words, word)
		case word == "}":
			end()
			list = append(list, word)
		case word == "\n" || word == ";":
			end()
		default:
			words = append(words, strings.Trim(word, `"`))
		}
	}
	end()
	family := ""
	for i, s := range list {
		if fields := strings.Fields(s); len(fields) == 4 && fields[0] == "table" {
			family = fields[1]
		}
		list[i] = plainPriority(s, family)
	}
	return list
}

// opensBlock reports whether a brace begins what has statements, and not values.
func opensBlock(words []string) bool {
	return len(words) > 0 && slices.Contains([]string{"table", "chain", "set", "map", "counter", "quota", "flowtable", "ct"}, words[0]) && len(words) <= 3
}

var countedPackets = lazily(` ?packets \d+ bytes \d+`)

// plainStatement leaves out what goes without saying, and what changes by itself.
func plainStatement(words []string) string {
	if len(words) == 3 && words[0] == "table" { // table NAME {
		words = slices.Insert(words, 1, "ip")
	}
	s := countedPackets().ReplaceAllString(strings.Join(words, " "), "")
	if s == "policy accept" {
		return ""
	}
	return strings.ReplaceAll(s, " ,", ",")
}

// Names of priorities (nft(8), "CHAINS").
var (
	priorities       = map[string]int{"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
	bridgePriorities = map[string]int{"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}

	namedPriority = lazily(` priority ([a-z]+)(?: ([-+]) (\d+))?$`)
)

// plainPriority has the number in place of the name.
func plainPriority(s, family string) string {
	names := priorities
	if family == "bridge" {
		names = bridgePriorities
	}
	m := namedPriority().FindStringSubmatch(s)
	if m == nil {
		return s
	}
	priority, known := names[m[1]]
	if !known {
		return s
	}
	if m[2] != "" {
		offset, err := strconv.Atoi(m[2] + m[3])
		if err != nil {
			return s
		}
		priority += offset
	}
	return strings.TrimSuffix(s, m[0]) + " priority " + strconv.Itoa(priority)
}
