// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A keeper observes the tests of this process.
type keeper struct {
	config
	folder *kept.Folder
	broken error // why nothing can be kept here

	noPrograms error // why no program can live on here

	mu   sync.Mutex
	held map[set.Set]heldFixture // the Sets that are kept
	pids []int                   // of processes that stay

	programs map[*lifecycle.Instance][]*Program // of instances that have not ended

	console console
}

// A heldFixture is one that is kept.
type heldFixture struct {
	entry *kept.Entry
	index int // among the entry's fixtures
}

// this is the keeper, or nil if no variable is set.
var this *keeper

// isRootless says that this process is in a user namespace which the run has made for itself.
var isRootless bool

// Rootless is called in a process that is in a user namespace which the run has made for itself.
func Rootless() { isRootless = true }

var begin = sync.OnceValue(func() error {
	if slices.Contains(os.Args, "-test.fuzzworker") {
		return nil // where inputs fail again and again, to be made smaller
	}
	c, err := readConfig()
	if err != nil || !c.keeps() && !c.pauses {
		return err
	}
	k := &keeper{config: c, broken: leftOut, held: make(map[set.Set]heldFixture), programs: make(map[*lifecycle.Instance][]*Program)}
	if k.broken == nil {
		_, k.broken = kept.ThisProcess()
	}
	if k.broken == nil {
		k.folder, k.broken = kept.Create()
	}
	if k.broken == nil && c.keeps() {
		k.broken = armInits()
	}
	if c.processes {
		k.noPrograms = tryGuard()
	}
	lifecycle.Observe(k) // after those who gather evidence, which do so from their init on: it is there when a test waits
	lifecycle.KeepIf(k.keepsSet)
	this = k
	return nil
})

// Begin reads the variables, once. An error is one of theirs.
func Begin() error { return begin() }

// leftOut is why nothing is to be kept, if that is so.
var leftOut error

// LeaveOut has nothing be kept, and no test wait, and says why where a test fails.
func LeaveOut(why error) {
	leftOut = why
	if this != nil {
		this.broken = why
	}
}

func (c config) variables() string {
	switch {
	case !c.pauses:
		return KeepVariable
	case !c.keeps():
		return PauseVariable
	default:
		return KeepVariable + " and " + PauseVariable
	}
}

// PIDs lists the processes that are to stay.
func PIDs() []int {
	if this == nil {
		return holder.Drains()
	}
	this.mu.Lock()
	defer this.mu.Unlock()
	return append(holder.Drains(), this.pids...)
}

// keepsSet reports whether a Set outlives its test.
func (k *keeper) keepsSet(s set.Set) bool {
	if k.broken != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all || k.held[s].entry != nil
}

// Began is called when a test has got a fixture.
func (k *keeper) Began(*lifecycle.Instance) {}

// Failed is called when a test has failed, before its clean-ups.
func (k *keeper) Failed(t *lifecycle.Test) {
	instances := t.Instances()
	if k.broken != nil {
		if len(instances) > 0 {
			instances[0].Note(fmt.Sprintf("without what %s asks for: %v", k.variables(), k.broken))
		}
		return
	}
	elsewhere(func() {
		var e *kept.Entry
		if k.keeps() {
			e = k.keep(t, instances)
		}
		if k.pauses {
			k.wait(t, instances, e)
		}
	})
}

// Hangs is called a moment before the process ends, which no log is printed of.
func (k *keeper) Hangs(t *lifecycle.Test) {
	if k.broken != nil || !k.keeps() {
		return
	}
	if e := k.keep(t, t.Instances()); e != nil {
		k.keepHanging(t.Instances())
		for i, name := range e.Names() {
			fmt.Fprintf(os.Stderr, "nstest: %s is kept; to enter it:\n%s\n", name, commands(e, i, "    "))
		}
	}
}

// Ended is called when the clean-ups of a test have run.
func (k *keeper) Ended(t *lifecycle.Test, instances []*lifecycle.Instance) {
	if k.broken != nil || !k.all && !k.processes {
		return
	}
	elsewhere(func() {
		if k.all {
			k.keep(t, instances)
		}
		k.listPrograms(instances)
	})
}

// elsewhere runs a function on a goroutine of its own, which is in the namespaces of the process.
func elsewhere(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}
