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

// faults are those of a test whose client repeats what is not answered within that time.
func faults(retry time.Duration) map[string]topo.Fault {
	return map[string]topo.Fault{
		"lost":       topo.Lost(),
		"duplicated": topo.Duplicated(),
		"swapped":    topo.Swapped(),
		"delayed":    topo.Delayed(2 * retry), // so that it comes after it was repeated
	}
}

// bugVariable has TestLedger try a version with one bug, and nothing but the fault that shows it.
const bugVariable = "EVERYFRAME_BUG"

// long is more than an answer takes on a machine that has too much to do.
const long = 2 * time.Second

func TestLedger(t *testing.T) {
	t.Parallel()
	ledger := everyframe.Ledger{Retry: 50 * time.Millisecond, Limit: 20 * time.Second}
	bug, only, _ := strings.Cut(os.Getenv(bugVariable), " ")
	ledger.Forgetful, ledger.Hasty = bug == "forgetful", bug == "hasty"
	if bug != "" {
		ledger.Retry = long // so that nothing is repeated but what has had the fault
	}
	for name, fault := range faults(ledger.Retry) {
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
		"forgetful delayed":    "frame 4, server to client, UDP 10.0.0.2:7 > 10.0.0.1:*, was delayed by 4s",
		"hasty swapped":        "frame 1, client to server, UDP 10.0.0.1:* > 10.0.0.2:7, was swapped with the next",
		"hasty lost":           "frame 1, client to server, UDP 10.0.0.1:* > 10.0.0.2:7, was lost",
	} {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestLedger$", "-test.v")
			cmd.Env = append(os.Environ(), bugVariable+"="+bug, "NSTEST_TRACE=") // a failure on purpose
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "topo: "+want) {
				t.Errorf("it ends with %v, and nothing says %s:\n%s", err, want, out)
			}
		})
	}
}
