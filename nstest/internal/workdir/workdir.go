// SPDX-License-Identifier: Apache-2.0

// Package workdir brings a process back whose working directory a clean-up of t.Chdir has moved into another
// mount namespace.
package workdir

import (
	"errors"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
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

// A Dir is a working directory of this process, by its name.
type Dir string

// Current returns the present one. Where it has no name there is nowhere to go back to, and the
// value is empty.
func Current() (d Dir) {
	OfProcess(func() {
		if name, err := sys.Getwd(); err == nil {
			d = Dir(name)
		}
	})
	return d
}

// Back brings the process back if it is in another mount namespace. That is an error.
func (d Dir) Back() (err error) {
	if d == "" {
		return nil
	}
	OfProcess(func() {
		if _, e := sys.Getwd(); errors.Is(e, sys.ErrUnreachable) {
			err = errors.Join(errMoved, sys.Chdir(string(d)))
		}
	})
	return err
}

var errMoved = errors.New("t.Chdir inside of Do has moved its thread alone, and its clean-up has moved " +
	"this process into another mount namespace; the process has been moved back: " +
	"call t.Chdir before Do, which keeps the working directory")

// OfProcess runs f on a thread that shares its working directory with the process.
func OfProcess(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}
