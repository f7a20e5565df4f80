// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// child is in the environment of the process that is traced: where cmd/gonso is.
const child = "GONSO_CALLS_CHILD"

func TestMain(m *testing.M) { nstest.Main(m) }

var write = flag.Bool("write", false, "write bench/CALLS.md")

func TestCounts(t *testing.T) {
	need.Tool(t, "strace", "strace")
	if ids, err := os.ReadFile("/proc/self/uid_map"); err != nil || !strings.Contains(string(ids), " 4294967295") {
		need.Missing(t, "in a user namespace no thread goes back to the network outside, so that each Do takes a new one", "run it as root, with sudo")
	}
	gonso := filepath.Join(t.TempDir(), "gonso")
	if out, err := exec.Command("go", "build", "-o", gonso, "github.com/seed-1bc5c4a2/gonso/cmd/gonso").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	self, err := os.Executable()
	check(t, err)
	counts := traced(t, gonso, self, "-test.run=^TestOperations$")
	for _, o := range operations {
		got, want := counts[o.name], o.all()
		if runtime.GOARCH != "amd64" {
			delete(got, "gettid") // of each Do, see the table
			delete(want, "gettid")
		}
		if got.String() != want.String() {
			t.Errorf("%s: %s, want %s", o.name, got, want)
		}
	}
	for _, s := range starts {
		atMost(t, s.name, counts[s.name], s.most)
		if s.beside != "" {
			atMost(t, s.beside, counts[s.beside], s.besideMost)
		}
	}
}

func atMost(t *testing.T, name string, got, most count) {
	t.Logf("%s: %s", name, got)
	for call, times := range most {
		if got[call] > times || got[call] == 0 {
			t.Errorf("%s: %d %s, want one to %d", name, got[call], call, times)
		}
	}
}

func TestTheTableIsWhatIsCounted(t *testing.T) {
	const name = "../CALLS.md"
	if *write {
		check(t, os.WriteFile(name, table(), 0o666))
	}
	have, err := os.ReadFile(name)
	check(t, err)
	if !bytes.Equal(have, table()) {
		t.Errorf("%s is not what is held here: go -C bench test ./calls -write", name)
	}
}
