// SPDX-License-Identifier: Apache-2.0

package callsite_test

import (
	"regexp"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
)

const this = "github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite_test"

func TestTheLineOfAPanicIsThatOfTheTest(t *testing.T) {
	for name, f := range map[string]func(){
		"panic": func() { panic("here") },
		"index": func() { _ = []int{}[len(name(t))] },
		"nil":   func() { *(*int)(nil) = 1 },
	} {
		func() {
			defer func() {
				if at := callsite.Panicked(); recover() == nil || !regexp.MustCompile(`^callsite_test.go:\d+$`).MatchString(at) {
					t.Errorf("%s: %q", name, at)
				}
			}()
			f()
		}()
	}
}

func name(t *testing.T) string { return t.Name() }

func TestAGoroutineOfThePackageHasNoLineOfTheTest(t *testing.T) {
	if at := callsite.Outside(this); !regexp.MustCompile(`^testing.go:\d+$`).MatchString(at) {
		t.Errorf("the caller of this test is %q", at)
	}
	got := make(chan string)
	go func() { got <- callsite.Outside(this) }()
	if at := <-got; at != "" {
		t.Errorf("the caller of a goroutine is %q", at)
	}
}

func TestAFunctionIsInTheCallStack(t *testing.T) {
	if !callsite.Under(this+".TestAFunctionIsInTheCallStack") || callsite.Under(this+".name") {
		t.Error("this test is not found, or name is")
	}
}
