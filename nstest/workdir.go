// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"sync"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// What t.Chdir does inside a mount namespace it undoes outside:
//
//  1. It opens the working directory, which inside of Do is that of a thread in the namespace.
//  2. Its clean-up makes that of the whole process what it has opened (fchdir(2)), on the
//     goroutine of the test. From then on the process has a working directory without a
//     name, which even outlives the namespace.
//
// So at the end of the test, and of the run, the process is brought back, and the test fails: inside of Do
// t.Chdir has not done what it says either. A Chdir of Ginkgo goes back by name.

// A workDir is a working directory of this process, by its name.
type workDir string

// theWorkDir returns the present one. Where it has no name there is nowhere to go back to, and the
// value is empty.
func theWorkDir() (d workDir) {
	atHome(func() {
		if name, err := sys.Getwd(); err == nil {
			d = workDir(name)
		}
	})
	return d
}

// back brings the process back if it is in another mount namespace. That is an error.
func (d workDir) back() (err error) {
	if d == "" {
		return nil
	}
	atHome(func() {
		if _, e := sys.Getwd(); errors.Is(e, sys.ErrUnreachable) {
			err = errors.Join(errMoved, sys.Chdir(string(d)))
		}
	})
	return err
}

var errMoved = errors.New("t.Chdir inside of Do has moved its thread alone, and its clean-up has moved " +
	"this process into another mount namespace; the process has been moved back: " +
	"call t.Chdir before Do, which keeps the working directory")

// atHome runs f on a thread that shares its working directory with the process.
func atHome(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}

// guardWorkDir sees to it that the test leaves the process in its mount namespace.
func (r *room) guardWorkDir() {
	r.tb.Helper()
	if _, spec := r.tb.(*ginkgo.GinkgoTBWrapper); spec || r.set.Flags()&set.NS_MNT == 0 {
		return
	}
	r.workDir = theWorkDir()
	r.tb.Cleanup(func() {
		r.tb.Helper()
		r.checkWorkDir(r.tb)
	})
}

// checkWorkDir brings the process back, and fails the test if it was away.
func (r *room) checkWorkDir(tb testing.TB) {
	tb.Helper()
	if err := r.workDir.back(); err != nil {
		tb.Errorf("nstest: %s: %v", r.name, err)
	}
}
