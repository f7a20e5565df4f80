// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// setOf returns the Set that a matcher's actual is or has.
func setOf(matcher string, actual any) (set.Set, error) {
	return setOrOf(matcher, "a set.Set, or what has a method Set() set.Set such as a *nstest.Fixture", actual)
}

// setOrOf is setOf for a matcher that takes something else, too, and says so.
func setOrOf(matcher, taken string, actual any) (set.Set, error) {
	if in := instanceOfActual(actual); in != nil && in.Set.Closed() {
		return set.Set{}, fmt.Errorf("%s matcher: %s: %w", matcher, in.whyClosed(true), os.ErrClosed)
	}
	if s, has := setIn(actual); has {
		return s, nil
	}
	return set.Set{}, unexpected(matcher, taken, actual)
}

func setIn(actual any) (s set.Set, has bool) {
	switch has := actual.(type) {
	case set.Set:
		return has, true
	case interface{ Set() set.Set }:
		if !isNil(has) {
			return has.Set(), true
		}
	}
	return set.Set{}, false
}

// instanceOfActual returns what a fixture has now, also one that is embedded, as in a topo.Host, or nil if actual is something else.
func instanceOfActual(actual any) *instance {
	if has, is := actual.(interface{ self() *Fixture }); is && !isNil(actual) {
		return has.self().load()
	}
	return nil
}

// isNil reports whether v is a pointer that points to nothing.
func isNil(v any) bool {
	of := reflect.ValueOf(v)
	return of.Kind() == reflect.Pointer && of.IsNil()
}

// unexpected is the error of a matcher that got something of a wrong type.
func unexpected(matcher, wants string, got any) error {
	return fmt.Errorf("%s matcher expects %s.  Got:\n%s", matcher, wants, format.Object(got, 1))
}

// checkKinds makes sure that flags are kinds of namespaces, and nothing else.
func checkKinds(matcher string, flags int) error {
	known := 0
	for _, kind := range set.Kinds(flags) {
		known |= kind
	}
	if flags == 0 || flags != known {
		return unexpected(matcher, "kinds of namespaces, such as NS_NET|NS_UTS", flags)
	}
	return nil
}

// asMatcher makes a matcher of what a value should be.
func asMatcher(want any) types.GomegaMatcher {
	if m, ok := want.(types.GomegaMatcher); ok {
		return m
	}
	return &equal{want: want}
}

// lines puts each item on an indented line.
func lines(items []string) string {
	return format.IndentString(strings.Join(items, "\n"), 1)
}

// Gomega shows all that is in a value, and goes on reading while other goroutines change it. These are shown by what
// they say of themselves.
var _ = format.RegisterCustomFormatter(func(v any) (text string, ok bool) {
	if isNil(v) {
		return "", false
	}
	switch v := v.(type) {
	case set.Set:
		return v.String(), true
	case *netlink.Handle:
		return "a network namespace", true
	case fmt.Stringer:
		_, has := v.(interface{ Set() set.Set }) // such as what a test has made around a fixture
		if has || isOurs(reflect.TypeOf(v)) {
			return v.String(), true
		}
	}
	return "", false
})

// isOurs reports whether a type is a pointer to one of this module, such as *topo.Link or *wire.Wire.
func isOurs(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), thisModule)
}

var thisModule = strings.TrimSuffix(reflect.TypeFor[Fixture]().PkgPath(), "nstest")
