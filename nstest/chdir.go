// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// guardWorkDir sees to it that the test leaves the process in its mount namespace.
func (in *instance) guardWorkDir() {
	in.tb.Helper()
	if _, spec := in.tb.(*ginkgo.GinkgoTBWrapper); spec || in.set.Flags()&set.NS_MNT == 0 {
		return
	}
	in.workDir = workdir.Current()
	in.tb.Cleanup(func() {
		in.tb.Helper()
		in.checkWorkDir(in.tb)
	})
}

// checkWorkDir brings the process back, and fails the test if it was away.
func (in *instance) checkWorkDir(tb testing.TB) {
	tb.Helper()
	if err := in.workDir.Back(); err != nil {
		tb.Errorf("nstest: %s: %v", in.name, err)
	}
}
