// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// guardWorkDir sees to it that the test leaves the process in its mount namespace.
func (in *instance) guardWorkDir() {
	in.TB.Helper()
	if lifecycle.IsGinkgo(in.TB) || in.Set.Flags()&set.NS_MNT == 0 {
		return
	}
	in.workDir = workdir.Current()
	in.TB.Cleanup(func() {
		in.TB.Helper()
		in.checkWorkDir(in.TB)
	})
}

// checkWorkDir brings the process back, and fails the test if it was away.
func (in *instance) checkWorkDir(tb testing.TB) {
	tb.Helper()
	err := in.workDir.Back()
	if err == nil {
		return
	}
	in.mu.Lock()
	where := in.chdir
	in.chdir = ""
	in.mu.Unlock()
	text := fmt.Sprintf("nstest: %s: %v", in.Name, err)
	if where == "" {
		tb.Error(text)
		return
	}
	callsite.Error(tb, where, text)
}
