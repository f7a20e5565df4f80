// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a program outlives its test, with NSTEST_KEEP=failed,processes:
//
//  1. It is started as one that can be released, so with a guard in place of the parent-death signal.
//  2. It lives on if its fixture does, and if both end together: a subtest, or a spec, must not leave it to the next
//     one that runs in the same fixture.
//  3. It is released: what this process reads of its output is read by a drain from then on, and its guards are dismissed
//     (package holder). A killed process of tests leaves no program, as ever.
//  4. The clean-up of the fixture lets it alone, and lists what then lives on in the register.

// Programs reports whether programs may outlive their test, so that they have to be Releasable.
func Programs() bool {
	return this != nil && this.processes && this.broken == nil && this.noPrograms == nil
}

// tryGuard returns why programs can have no guards here.
func tryGuard() error {
	end, err := sys.OpenProcess(os.Getpid())
	if err != nil {
		return fmt.Errorf("pidfd_open, which Linux has since 5.3: %w", err)
	}
	return end.Close()
}

// A Program is one that a test has started in a fixture.
type Program struct {
	In    *lifecycle.Instance
	Scope lifecycle.Scope // in which it was started
	Name  string
	Cmd   *set.Cmd // which may be yet to be started
	// Mark is a variable, with its value, of the environment of all that it has started, or "".
	Mark string
	// Guard kills the process group if this process ends, unless it is nil. It is dismissed when the program lives on.
	Guard *holder.Guard

	kept bool // the keeper's lock guards it
}

// Watch has the program be known, in case that its test hangs.
func (p *Program) Watch() {
	if !Programs() {
		return
	}
	this.mu.Lock()
	defer this.mu.Unlock()
	this.programs[p.In] = append(this.programs[p.In], p)
}

// LetGo has the program outlive the test, if that is wanted, and reports whether it does. It is called when the program would be
// ended otherwise, and must not have been waited for.
func (p *Program) LetGo() bool {
	if !Programs() || !p.Scope.Same(p.In.Scope) || !this.keepsSet(p.In.Set) {
		return false
	}
	var err error
	elsewhere(func() { err = p.letGo() })
	if err != nil {
		p.In.Note(fmt.Sprintf("%s: %s does not live on: %v", KeepVariable, p.Name, err))
	}
	this.mu.Lock()
	defer this.mu.Unlock()
	return p.kept
}
