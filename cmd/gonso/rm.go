// SPDX-License-Identifier: Apache-2.0

package main

var rmVerb = verb{
	name:    "rm",
	args:    "-all | name...",
	short:   "end what is kept of tests: processes, and with them namespaces",
	long:    func() string { return rmLong },
	flags:   forEntries("rm", "all that gonso ls lists", func(registered) bool { return true }, endEntry),
	failure: usageError,
}

const rmLong = `The names are those of tests, without a fixture. A shell that gonso enter has started goes
on, and its namespaces with it, unless programs live on in its fixture: all that runs there is
killed. A test that waits goes on, too.

`

func endEntry(r registered) error { return r.folder.End(r.Entry) }
