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
// So at the end of the test the process is brought back, and the test fails: inside of Do
// t.Chdir has not done what it says either. A Chdir of Ginkgo goes back by name.

// guardWorkDir sees to it that the test leaves the process in its mount namespace.
func (r *room) guardWorkDir() {
	r.tb.Helper()
	if _, spec := r.tb.(*ginkgo.GinkgoTBWrapper); spec || r.set.Flags()&set.NS_MNT == 0 {
		return
	}
	err := atHome(func() (err error) {
		r.workDir, err = sys.Getwd()
		return err
	})
	if err == nil { // otherwise there is nowhere to go back to
		r.tb.Cleanup(func() {
			r.tb.Helper()
			r.checkWorkDir(r.tb)
		})
	}
}

// checkWorkDir brings the process back if it is in another mount namespace.
func (r *room) checkWorkDir(tb testing.TB) {
	tb.Helper()
	if r.workDir == "" {
		return
	}
	err := atHome(func() error {
		_, err := sys.Getwd()
		if errors.Is(err, sys.ErrUnreachable) {
			return errors.Join(errMoved, sys.Chdir(r.workDir))
		}
		return nil
	})
	if err != nil {
		tb.Errorf("nstest: %s: %v", r.name, err)
	}
}

var errMoved = errors.New("t.Chdir inside of Do has moved its thread alone, and its clean-up has moved " +
	"this process into the fixture's mount namespace; the process has been moved back: " +
	"call t.Chdir before Do, which keeps the working directory")

// atHome runs f on a thread that shares its working directory with the process.
func atHome(f func() error) (err error) {
	var done sync.WaitGroup
	done.Go(func() { err = f() })
	done.Wait()
	return err
}
