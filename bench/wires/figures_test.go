// SPDX-License-Identifier: Apache-2.0

package wires

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"golang.org/x/sys/unix"
)

var (
	figures = flag.String("figures", "", "measure for longer, and write the figures to this file")
	runs    = flag.Int("runs", 10, "how many runs to measure for -figures")
)

func TestMain(m *testing.M) { nstest.Main(m, nstest.NoLeakCheck()) } // whose stacks would have their share in the figures

// goal is how many times the frames of a veth a wire is to carry at least.
const goal = 0.8

// A plan is how much is measured, of each size and carrier.
type plan struct {
	runs, turns int // so many turns are a run, which has a ratio of its own
	flood       time.Duration
	singles     int // in a turn
}

func TestFigures(t *testing.T) {
	p := plan{runs: 1, turns: 1, flood: 5 * time.Millisecond, singles: 20}
	if *figures != "" {
		p = plan{runs: *runs, turns: 50, flood: 20 * time.Millisecond, singles: 20}
	}
	var out bytes.Buffer
	var uname unix.Utsname
	check(t, unix.Uname(&uname))
	fmt.Fprintf(&out, "## %s %s, %d CPUs, %s\n\n", unix.ByteSliceToString(uname.Sysname[:]), unix.ByteSliceToString(uname.Release[:]),
		runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly))
	fmt.Fprint(&out, "| frame | joined by | frames a second | : veth, of each run | CPU time | : veth | delay | 99 % | added | : veth |\n"+
		"| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	var met []string
	for _, size := range []int{64, 512, 1514} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			for _, r := range p.measure(t, size) {
				fmt.Fprintf(&out, "| %d | %s |\n", size, r)
				if r.kind == plainWire {
					met = append(met, fmt.Sprintf("in %d with frames of %d bytes", r.meets(goal), size))
				}
			}
		})
	}
	fmt.Fprintf(&out, "\nOf %d runs the wire has carried at least %.1f times as many frames as the veth %s.\n", p.runs, goal, strings.Join(met, ", "))
	if *figures == "" {
		t.Log("\n" + out.String())
		return
	}
	check(t, os.WriteFile(*figures, out.Bytes(), 0o666))
}

// measure returns the rows of a size.
func (p plan) measure(t *testing.T, size int) (rows []row) {
	carriers := carriersOf(t, size)
	rows = make([]row, len(carriers))
	for range p.runs {
		for _, c := range carriers {
			c.frames, c.spent = figure{}, figure{}
		}
		for range p.turns {
			for _, c := range carriers {
				c.flood(t, p.flood)
			}
			for _, c := range carriers {
				c.single(t, p.singles)
			}
		}
		for i, c := range carriers {
			rows[i].add(c, carriers[0])
		}
	}
	for i, c := range carriers {
		slices.Sort(c.delays)
		rows[i].kind, rows[i].median, rows[i].slow = c.kind, c.delays[len(c.delays)/2], c.delays[len(c.delays)*99/100]
		rows[i].veth = rows[0].median
	}
	return rows
}
