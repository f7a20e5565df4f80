// SPDX-License-Identifier: Apache-2.0

package need_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

const asChild = "NEED_TEST_CHILD"

func TestMain(m *testing.M) { nstest.Main(m) }

// TestUsers runs itself where there is no user but root.
func TestUsers(t *testing.T) {
	if os.Getenv(asChild) != "" {
		need.Users(t)
		return
	}
	need.Users(t) // is silent
	alone := []syscall.SysProcIDMap{{HostID: 0, Size: 1}}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^TestUsers$")
	cmd.Env = append(os.Environ(), asChild+"=1", "NSTEST_STRICT=", "NSTEST_ROOTLESS=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: alone, GidMappings: alone}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "this user namespace has no user nobody; try: run as root") ||
		!strings.Contains(string(out), "--- SKIP: TestUsers ") {
		t.Errorf("%v\n%s", err, out)
	}
}
