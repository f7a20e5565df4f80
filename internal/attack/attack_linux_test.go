// SPDX-License-Identifier: Apache-2.0

package attack_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A row is one line of the table.
type row struct {
	Scene, Entry string
	Calls        int
	Loot         loot
}

// Nothing of a caller's memory, descriptors or files is within reach of code inside of a Set.
func TestAttacks(t *testing.T) {
	nstest.Require(t, set.NS_USER|set.NS_PID|set.NS_MNT)
	need.Tool(t, "go", "golang-go") // builds cmd/gonso
	gonso := filepath.Join(t.TempDir(), "gonso")
	if out, err := exec.Command("go", "build", "-o", gonso, "../../cmd/gonso").CombinedOutput(); err != nil {
		t.Fatalf("build cmd/gonso: %v\n%s", err, out)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestVictim$", "-test.count=1", argMark)
	path := filepath.Join(t.TempDir(), "report")
	cmd.Env = append(os.Environ(), secretVar+"="+rand.Text(), gonsoVar+"="+gonso, reportVar+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	report, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer report.Close()
	rows := 0
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "inside of\tcalled\ttimes\twalks\tprocesses\tleaks\n")
	for dec := json.NewDecoder(report); ; rows++ {
		var r row
		if err := dec.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		leaks := "none"
		if len(r.Loot.Leaks) > 0 {
			var ways []string
			for _, way := range slices.Sorted(maps.Keys(r.Loot.Leaks)) {
				ways = append(ways, fmt.Sprintf("%s %d", way, r.Loot.Leaks[way]))
			}
			leaks = strings.Join(ways, ", ")
			t.Errorf("%s, attacked from inside of %s, leaks: %s", r.Entry, r.Scene, leaks)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\n", r.Scene, r.Entry, r.Calls, r.Loot.Walks, r.Loot.Processes, leaks)
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if rows == 0 {
		t.Error("nothing was attacked")
	}
}
