// SPDX-License-Identifier: Apache-2.0

package need_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

// A recorder is a test that notes how it was ended first.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper()           {}
func (r *recorder) Fatal(args ...any) { r.note("failed: ", args) }
func (r *recorder) Skip(args ...any)  { r.note("skipped: ", args) }

func (r *recorder) note(how string, args []any) {
	if r.end == "" {
		r.end = how + args[0].(string)
	}
}

func TestTool(t *testing.T) {
	const text = `exec: "/nosuchtool": stat /nosuchtool: no such file or directory; try: apt-get install nosuchtools`
	for strict, want := range map[string]string{"": "skipped: ", "0": "skipped: ", "1": "failed: "} {
		t.Setenv("NSTEST_STRICT", strict)
		missing, here := recorder{TB: t}, recorder{TB: t}
		need.Tool(&missing, "/nosuchtool", "nosuchtools")
		need.Tool(&here, "/bin/sh", "dash")
		if missing.end != want+text || here.end != "" {
			t.Errorf("NSTEST_STRICT=%s: %q and %q", strict, missing.end, here.end)
		}
	}
}
