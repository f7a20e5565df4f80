// SPDX-License-Identifier: Apache-2.0

package everyframe_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/examples/everyframe"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

var faults = map[string]topo.Fault{
	"lost":       topo.Lost(),
	"duplicated": topo.Duplicated(),
	"swapped":    topo.Swapped(),
	"delayed":    topo.Delayed(120 * time.Millisecond), // so that it comes after it was repeated
}

// bugVariable has TestLedger try a version with one bug, and nothing but the fault that shows it.
const bugVariable = "EVERYFRAME_BUG"

func TestLedger(t *testing.T) {
	t.Parallel()
	ledger := everyframe.Ledger{Retry: 50 * time.Millisecond, Limit: 10 * time.Second}
	bug, only, _ := strings.Cut(os.Getenv(bugVariable), " ")
	ledger.Forgetful, ledger.Hasty = bug == "forgetful", bug == "hasty"
	for name, fault := range faults {
		if only != "" && only != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			topo.Each(t, fault, func(t *testing.T, n *topo.Network) {
				conn := talk(t, n, ledger.Serve)
				if sum, err := ledger.Add(conn, 1, 20, 300); err != nil || sum != 321 {
					t.Errorf("the sum is %d, %v, want 321", sum, err)
				}
			})
		})
	}
}

// Each bug is found by the frame and the fault that show it.
func TestBugsOfALedger(t *testing.T) {
	t.Parallel()
	for bug, want := range map[string]string{
		"forgetful lost":       "frame 4, server to client, UDP 10.0.0.2:7 > 10.0.0.1:*, was lost", // the answer, so that the request is repeated
		"forgetful duplicated": "frame 3, client to server, UDP 10.0.0.1:* > 10.0.0.2:7, was duplicated",
		"forgetful delayed":    "frame 4, server to client, UDP 10.0.0.2:7 > 10.0.0.1:*, was delayed by 120ms",
		"hasty swapped":        "frame 1, client to server, UDP 10.0.0.1:* > 10.0.0.2:7, was swapped with the next",
		"hasty lost":           "frame 1, client to server, UDP 10.0.0.1:* > 10.0.0.2:7, was lost",
	} {
		t.Run(bug, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestLedger$", "-test.v")
			cmd.Env = append(os.Environ(), bugVariable+"="+bug, "NSTEST_TRACE=") // a failure on purpose
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "topo: "+want) {
				t.Errorf("it ends with %v, and nothing says %s:\n%s", err, want, out)
			}
		})
	}
}
