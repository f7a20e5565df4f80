// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

var resumeVerb = verb{
	name:  "resume",
	args:  "-all | name...",
	short: "have tests go on that wait since they have failed",
	long:  func() string { return resumeLong },
	flags: forEntries("resume", "all tests that wait",
		func(r registered) bool { return r.Paused != nil },
		resumeEntry),
	failure: usageError,
}

const resumeLong = `With NSTEST_PAUSE=failed a test that fails waits before its clean-ups, and gonso ls shows it.
It goes on at Enter in its terminal, or when the time of go test -timeout is nearly over.

`

func resumeEntry(r registered) error {
	if r.Paused == nil {
		return fmt.Errorf("it is kept, but does not wait; to end it: gonso rm %s", r.Name)
	}
	return r.folder.Resume(r.Entry)
}
