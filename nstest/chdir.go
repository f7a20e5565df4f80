// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// guardWorkDir sees to it that the test leaves the process in its mount namespace.
func (r *room) guardWorkDir() {
	r.tb.Helper()
	if _, spec := r.tb.(*ginkgo.GinkgoTBWrapper); spec || r.set.Flags()&set.NS_MNT == 0 {
		return
	}
	r.workDir = workdir.Current()
	r.tb.Cleanup(func() {
		r.tb.Helper()
		r.checkWorkDir(r.tb)
	})
}

// checkWorkDir brings the process back, and fails the test if it was away.
func (r *room) checkWorkDir(tb testing.TB) {
	tb.Helper()
	if err := r.workDir.Back(); err != nil {
		tb.Errorf("nstest: %s: %v", r.name, err)
	}
}
