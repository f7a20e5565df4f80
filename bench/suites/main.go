// SPDX-License-Identifier: Apache-2.0

// Suites runs the same 2,000 tests, each with a network namespace of its own, as users of nstest have them and as others do,
// and writes SUITES.md into the current folder. It takes root and some minutes.
//
//	go -C bench run ./suites
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A suite is a package of tests, run in some way.
type suite struct {
	what, pkg string
	parallel  bool
	processes int // that share the specs of Ginkgo, if more than one
}

var suites = []suite{
	{"nstest", "plain", false, 1},
	{"nstest, with Ginkgo", "specs", false, 1},
	{"CNI's testutils", "cni", false, 1},
	{"by hand, with LockOSThread", "byhand", false, 1},
	{"nstest, t.Parallel", "plain", true, 1},
	{"nstest, ginkgo -p", "specs", false, runtime.NumCPU()},
	{"CNI's testutils, t.Parallel", "cni", true, 1},
	{"by hand, t.Parallel", "byhand", true, 1},
}

// A figure is what a run took. Memory is the most that a process had.
type figure struct {
	wall, cpu time.Duration
	memory    int64
}

var rounds = flag.Int("rounds", 5, "how often each suite is run")

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "suites")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, pkg := range []string{"plain", "specs", "cni", "byhand"} {
		if err := output(exec.Command("go", "test", "-c", "-o", filepath.Join(dir, pkg+".test"), "./suites/"+pkg)); err != nil {
			return err
		}
	}
	ginkgo := filepath.Join(dir, "ginkgo")
	if err := output(exec.Command("go", "build", "-o", ginkgo, "github.com/onsi/ginkgo/v2/ginkgo")); err != nil {
		return err
	}
	figures := make([][]figure, len(suites))
	for range *rounds { // in turns, so that what disturbs one disturbs all
		for i, s := range suites {
			binary := filepath.Join(dir, s.pkg+".test")
			cmd := exec.Command(binary, "-test.run=^TestSuite$")
			if s.processes > 1 {
				cmd = exec.Command(ginkgo, fmt.Sprintf("-procs=%d", s.processes), binary)
			}
			f, err := s.measure(cmd)
			if err != nil {
				return err
			}
			figures[i] = append(figures[i], f)
		}
	}
	return write(figures)
}

func (s suite) measure(cmd *exec.Cmd) (figure, error) {
	cmd.Env = append(os.Environ(), "SUITES_TESTS=2000")
	if s.parallel {
		cmd.Env = append(cmd.Env, "SUITES_PARALLEL=1")
	}
	start := time.Now()
	if err := output(cmd); err != nil {
		return figure{}, err
	}
	wall := time.Since(start)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage) // with the children that it has waited for
	return figure{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10}, nil
}

func output(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

func write(figures [][]figure) error {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<!-- Written by go -C bench run ./suites, see README.md. -->
# A suite of 2,000 tests

Each test has a network namespace of its own, in which lo is up, a server listens and a client asks it. %s, Linux %s, %d CPUs, %s;
medians of %d runs in turns. CPU time is that of the processes: the kernel destroys the namespaces in its own time. Memory is the most that a
process had. Lines are those of the suite's file that have code, what the tests do in their namespaces left out.

| suite | wall | CPU | memory | lines |
| --- | ---: | ---: | ---: | ---: |
`, time.Now().UTC().Format(time.DateOnly), bytes.TrimSpace(release), runtime.NumCPU(), runtime.Version(), *rounds)
	for i, s := range suites {
		lines, err := lines(filepath.Join("suites", s.pkg, "suite_test.go"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "| %s | %.2f s | %.2f s | %.0f MiB | %d |\n", s.what,
			median(figures[i], func(f figure) float64 { return f.wall.Seconds() }),
			median(figures[i], func(f figure) float64 { return f.cpu.Seconds() }),
			median(figures[i], func(f figure) float64 { return float64(f.memory) / (1 << 20) }), lines)
	}
	return os.WriteFile("SUITES.md", out.Bytes(), 0o666)
}

func median(figures []figure, of func(figure) float64) float64 {
	var values []float64
	for _, f := range figures {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// lines counts those with code, without imports.
func lines(name string) (n int, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	_, body, _ := strings.Cut(string(text), "\n)\n")
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n, nil
}
