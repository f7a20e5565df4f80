// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// roomEnv tells TestInside how many descriptors it is to have.
const roomEnv = "GONSO_TEST_ROOM"

// These want a test that package testing runs, and its failure is that of its run.
func TestRunsWithoutDescriptors(t *testing.T) {
	s := inside(t, set.NS_UTS)
	said := regexp.MustCompile("nstest: .*")
	for _, name := range []string{"InProcess", "Run"} {
		for room := 0; room <= 24; room += 3 {
			cmd := s.Command(t.Context(), "/proc/self/exe", "-test.run=^TestInside$/^"+name+"$")
			cmd.Env = append(os.Environ(), roomEnv+"="+strconv.Itoa(room), "GOCOVERDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			switch text := string(out); {
			case strings.Contains(text, "panic: "), strings.Contains(text, "fatal error: "),
				err != nil && (room == 24 || !strings.Contains(text, unix.EMFILE.Error())):
				t.Errorf("%s with %d descriptors: %v\n%s", name, room, err, text)
			default:
				showRow(t, name, strconv.Itoa(room)+" descriptors", said.FindString(text))
			}
		}
	}
}

// TestInside is what the test above runs; by itself it has nothing to do.
func TestInside(t *testing.T) {
	room, err := strconv.Atoi(os.Getenv(roomEnv))
	if err != nil {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}); err != nil {
		t.Fatal(err)
	}
	undo, err := fillTable(room)
	if err != nil {
		t.Fatal(err)
	}
	defer undo()
	nstest.InProcess(t, "InProcess", set.NS_PID, func(*testing.T) {})
	nstest.Run(t, "Run", set.NS_NET, func(*testing.T) {}, nstest.Setup(func() {}))
}
