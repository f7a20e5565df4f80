// SPDX-License-Identifier: Apache-2.0

package leakcheck

import (
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rootless"
)

// cannotReturn is what to know of threads that were left in other networks by libraries, where no
// thread can go back to the process's: most of these do not say so.
const cannotReturn = `nstest: threads of this run cannot go back to the host's network, so that libraries which join another one fail or leave
a thread there: netlink.NewHandleAt says nothing, nftables.WithNetNSFd and NetNS of mdlayher's netlink.Config give "operation
not permitted". With nstest.OwnNetwork() in TestMain, or NSTEST_ROOTLESS=net, the run has a network that they can go back to.
`

// explainThreads returns what helps against the threads in a report, "" if nothing is known. What is known to have moved a
// thread, such as a Do, is no library that could not go back.
func explainThreads(r leak.Report) string {
	moved := slices.ContainsFunc(r.Threads, func(t leak.Thread) bool {
		return t.Made() == "" && slices.ContainsFunc(t.Moved, func(m leak.Move) bool { return m.Link == procfs.Net })
	})
	if !moved || rootless.CanReturn() {
		return ""
	}
	return cannotReturn
}
