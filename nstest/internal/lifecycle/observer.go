// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"sync"
	"sync/atomic"
)

// An Observer is told of what becomes of tests with fixtures, by the goroutine that has found out: it may use
// the Sets of a test's instances, and must not call methods of fixtures. Where nobody observes, nothing is paid.
type Observer interface {
	// Began is called when a test has got an instance, before the clean-up of that is registered: what Began registers
	// runs after it.
	Began(in *Instance)
	// Failed is called when the test has failed, or panics, before its clean-ups begin. A clean-up that fails
	// is the exception: those before it have run. The state of the instances has been read.
	Failed(t *Test)
	// Hangs is called when the time of -test.timeout is nearly over, and the test has fixtures that are open.
	// The process ends in a moment.
	Hangs(t *Test)
	// Ended is called when the clean-ups of these instances have run, which are all that the test has. Their
	// Sets are closed next. In Ginkgo each instance ends by itself.
	Ended(t *Test, instances []*Instance)
}

// Observe has an observer told, until remove is called.
func Observe(o Observer) (remove func()) {
	observers.Lock()
	defer observers.Unlock()
	setObservers(append(slices.Clone(currentObservers()), &o))
	return func() {
		observers.Lock()
		defer observers.Unlock()
		setObservers(slices.DeleteFunc(slices.Clone(currentObservers()), func(other *Observer) bool { return other == &o }))
	}
}

var observers struct {
	sync.Mutex // of who changes the list
	list       atomic.Pointer[[]*Observer]
}

func currentObservers() []*Observer {
	if list := observers.list.Load(); list != nil {
		return *list
	}
	return nil
}

func setObservers(list []*Observer) { observers.list.Store(&list) }

// observe tells the observers, in the order in which they came.
func observe(tell func(Observer)) {
	for _, o := range currentObservers() {
		tell(*o)
	}
}
