// SPDX-License-Identifier: Apache-2.0

// Package keep lets one look into the fixtures of a test that has failed: they outlive it (NSTEST_KEEP), or it waits
// (NSTEST_PAUSE). It writes the register that gonso ls prints.
//
//  1. [Begin] reads the variables. If one is set, it opens the register, while /run is still the user's, and observes
//     tests.
//  2. When a test has failed, and before its clean-ups, a process is started that has the namespaces of all its
//     fixtures open (internal/holder), and that is written down. First processes of pid namespaces become such processes
//     themselves.
//  3. If it is to wait, it does so then, with all of its goroutines, sockets and programs alive.
//
// All of that is done on a goroutine of its own, since that of the test may be inside of a fixture. Nothing of it
// changes how a test ends: what does not work is left out, and said in the log.
package keep
