// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// renew is set to write the golden files anew, and the traces that the page is tested with.
const renew = "NSTEST_TRACE_RENEW"

// TestPreparedFailures compares what is in the traces of failures that people meet, without what differs from run to run.
func TestPreparedFailures(t *testing.T) {
	for name, page := range map[string]string{
		"WrongRoute": "wrong-route", "Firewall": "firewall", "DeadDaemon": "dead-daemon", "LostSYN": "lost-syn", "MTUHole": "mtu-hole",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			out, dir := runTraced(t, "^TestPrepared$/^"+name+"$", []string{"NSTEST_TRACE=all", "NSTEST_STRICT=1"})
			defer func() {
				if t.Failed() {
					t.Logf("%s", out)
				}
			}()
			trace := traceIn(g, dir)
			told := story(trace)
			golden := filepath.Join("testdata", "prepared", page+".txt")
			if os.Getenv(renew) != "" {
				g.Expect(os.WriteFile(golden, []byte(told), 0o666)).To(Succeed())
				keepForPage(g, trace, page)
			}
			want, err := os.ReadFile(golden)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(strings.Split(told, "\n")).To(HaveExactElements(strings.Split(string(want), "\n")), "%s, which %s=1 writes anew", golden, renew)
		})
	}
}

// TestWhatHasFailedATestIsInTheStateOfThatMoment has a neighbour that the kernel gives up just when the test fails by it: it tells of
// that after it has told the client.
func TestWhatHasFailedATestIsInTheStateOfThatMoment(t *testing.T) {
	for _, flag := range []string{"-test.v=false", "-test.v"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			_, dir := runTraced(t, "^TestPrepared$/^WrongRoute$", []string{"NSTEST_TRACE=failed", "NSTEST_STRICT=1"}, flag)
			trace := traceIn(g, dir)
			failed := momentOf(trace, "failure")
			g.Expect(failed).To(BeNumerically(">", 0))
			west := trace.Nodes[slices.IndexFunc(trace.Nodes, func(n tracedata.Node) bool { return n.Name == "west" })].ID
			// It may already be asked for again: the end of the first connection goes that way, too.
			g.Expect(stateAt(trace, west, failed)).To(ContainElement(MatchRegexp(`^neighbours 10\.0\.1\.9 dev eth1 (FAILED|INCOMPLETE)$`)))
			for _, e := range trace.Events {
				if e.Change != nil && e.Node == west {
					g.Expect(e.At).To(BeNumerically("<=", failed), e.Text)
				}
			}
		})
	}
}

// keepForPage writes the trace for the tests of the page, without what is of this machine.
func keepForPage(g Gomega, trace *tracedata.Trace, name string) {
	_, here, _, _ := runtime.Caller(0)
	root := strings.TrimSuffix(here, "nstest/trace/prepared_linux_test.go")
	trace.Test.Began, trace.Test.Kernel = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), "6.18"
	text, err := json.Marshal(trace)
	g.Expect(err).NotTo(HaveOccurred())
	text = regexp.MustCompile(`/tmp/[^" ]*/`).ReplaceAll(bytes.ReplaceAll(text, []byte(root), nil), []byte("/tmp/"))
	g.Expect(os.WriteFile("../internal/tracepage/tracetest/testdata/"+name+".json", append(text, '\n'), 0o666)).To(Succeed())
}
