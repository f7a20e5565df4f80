// SPDX-License-Identifier: Apache-2.0

package creation_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
)

// line is where the caller was called.
func line() int {
	_, _, line, _ := runtime.Caller(2)
	return line
}

// made stands for a function that makes something, and calls Here for its caller.
func made() (creation.Site, int) { return creation.Here(), line() }

func helper() (creation.Site, int) { return made() }

func watch(t *testing.T) {
	creation.Watch(true)
	t.Cleanup(func() { creation.Watch(false) })
}

func TestNothingIsRememberedUnlessSomebodyWatches(t *testing.T) {
	if site, _ := made(); site.Known() {
		t.Error(site)
	}
	creation.Add(t, "it", creation.Site{}, creation.Process(1))
	if text := creation.Of(creation.Process(1)); text != "" {
		t.Error(text)
	}
	if allocs := testing.AllocsPerRun(10, func() { creation.Here(); creation.Remove(t) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestAThingIsKnownUntilItsOwnerIsRemoved(t *testing.T) {
	watch(t)
	site, at := made()
	creation.Add(1, "it was made", site, creation.Descriptor(7), creation.Descriptor(8))
	want := fmt.Sprintf("it was made at creation_test.go:%d in creation_test.TestAThingIsKnownUntilItsOwnerIsRemoved", at)
	for _, n := range []int{7, 8} {
		if got := creation.Of(creation.Descriptor(n)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := creation.Of(creation.Thread(7)); got != "" {
		t.Errorf("a thread is taken for a descriptor: %s", got)
	}
	handed, at := made()
	creation.Hand(1, "it was handed out", handed)
	creation.Hand(2, "nothing was", handed)
	want = fmt.Sprintf("it was handed out at creation_test.go:%d in creation_test.TestAThingIsKnownUntilItsOwnerIsRemoved", at)
	if got := creation.Of(creation.Descriptor(7)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	creation.Remove(1)
	if got := creation.Of(creation.Descriptor(7)); got != "" {
		t.Error(got)
	}
}

func TestASiteNamesTheTest(t *testing.T) {
	watch(t)
	t.Run("sub", func(t *testing.T) {
		site, at := helper()
		_, _, here, _ := runtime.Caller(0)
		want := fmt.Sprintf("creation_test.go:%d in creation_test.helper, called at creation_test.go:%d in creation_test.TestASiteNamesTheTest.func1", at, here-1)
		if site.String() != want {
			t.Errorf("%q, want %q", site, want)
		}
	})
	if got := (creation.Site{}).String(); got != "an unknown place" {
		t.Error(got)
	}
}
