// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

const ordinary = "SET_TEST_ORDINARY"

// An ordinary user has capabilities only in the user namespaces that they made, so that the way
// into a Set leads through each that owns one of its namespaces.
func TestOrdinaryUsersUseSetsInSets(t *testing.T) {
	nstest.Require(t, set.NS_USER)
	nstest.RequireFeatures(t, "setuid")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestAsAnOrdinaryUser$", "-test.count=1", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{ordinary + "=yes", "NSTEST_ROOTLESS=off", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestAsAnOrdinaryUser ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAsAnOrdinaryUser is run by TestOrdinaryUsersUseSetsInSets.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Getenv(ordinary) == "" {
		return
	}
	outer := closing(t)(set.Unshare(set.NS_USER|set.NS_PID|set.NS_MNT, set.WithRootMapped()))
	inner := closing(t)(outer.Unshare(set.NS_USER|set.NS_PID|set.NS_NET, set.WithRootMapped()))
	deeper := closing(t)(inner.Unshare(set.NS_PID))
	for name, s := range map[string]set.Set{"outer": outer, "inner": inner, "deeper": deeper} {
		out, err := s.Command(t.Context(), "readlink", "/proc/self/ns/mnt").Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != id(t, s, set.NS_MNT) {
			t.Errorf("%s: the mount namespace is %q, %v", name, got, err)
		}
	}
}
