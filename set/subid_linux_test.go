// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// ungrantedEnv tells a process that it may change /etc.
const ungrantedEnv = "GONSO_TEST_UNGRANTED"

// Who has subordinate user IDs, and no group IDs, is told how to get those, which
// nobody else must have.
func TestMissingSubordinateIDsAreNamedWithARemedy(t *testing.T) {
	if os.Getenv(ungrantedEnv) == "" {
		root := unshare(t, set.NS_USER|set.NS_MNT, set.WithRootMapped())
		cmd := root.Command(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=off", "GOCOVERDIR="+t.TempDir(), ungrantedEnv+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: "+t.Name()) {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	noError(t, nssetup.CopyUp("/etc", nil))
	defer func() { noError(t, unix.Unmount("/etc", unix.MNT_DETACH)) }()
	for name, text := range map[string]string{"/etc/subuid": "root:100000:65536\n", "/etc/subgid": "else:200000:65536\n"} {
		if err := unix.Unmount(name, unix.MNT_DETACH); !errors.Is(err, unix.ENOENT) { // the machine may have none
			noError(t, err)
		}
		noError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	_, err := set.Unshare(set.NS_USER, set.WithSubIDs())
	want := "/etc/subgid grants no range to root: file does not exist; try: echo root:265536:65536 | sudo tee -a /etc/subgid"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
