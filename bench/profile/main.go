// SPDX-License-Identifier: Apache-2.0

// Profile says where the CPU time goes of what misses its target: in the kernel, in the start of Go programs, or here.
// It runs a subject often, has perf(1) look 5,000 times a second, and prints the time of each part as a table. It takes root.
//
//	go -C bench run ./profile exec
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	frequency = 5_000 // samples a second
	runs      = 200
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	i := -1
	if len(args) == 1 {
		i = slices.IndexFunc(subjects, func(s subject) bool { return s.name == args[0] })
	}
	if i < 0 {
		var names []string
		for _, s := range subjects {
			names = append(names, s.name)
		}
		return fmt.Errorf("say which, one of %s", strings.Join(names, ", "))
	}
	dir, err := os.MkdirTemp("", "profile")
	if err != nil {
		return err
	}
	err = subjects[i].profile(dir)
	return errors.Join(err, os.RemoveAll(dir))
}

// profile prints the table of a subject: a column for each of the ways to do it.
func (s subject) profile(dir string) error {
	columns := make([]map[string]float64, len(s.ways))
	for i, w := range s.ways {
		if err := build(dir, w.env, w.build); err != nil {
			return err
		}
		stacks, err := record(dir, w)
		if err != nil {
			return err
		}
		if columns[i], err = share(stacks, s.parts); err != nil {
			return err
		}
		for part := range columns[i] {
			columns[i][part] *= 1e3 * float64(s.scale) / frequency / float64(w.operations)
		}
	}
	fmt.Print(s.table(columns))
	return nil
}

// build runs go with its output in dir.
func build(dir string, env, args []string) error {
	if args == nil {
		return nil
	}
	cmd := exec.Command("go", append([]string{args[0]}, append([]string{"-o", dir + string(filepath.Separator)}, args[1:]...)...)...)
	if args[0] == "test" {
		cmd.Args = append([]string{"go", "test", "-c"}, cmd.Args[2:]...)
	}
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

// record runs a way as often as it says, and returns the stacks that perf has seen.
func record(dir string, w way) ([]byte, error) {
	data := filepath.Join(dir, "perf.data")
	loop := fmt.Sprintf("for i in $(seq %d); do %s || exit; done", w.times, w.shell)
	cmd := exec.Command("perf", "record", "--quiet", "-e", "cpu-clock", "-F", strconv.Itoa(frequency), "-g", "-o", data, "sh", "-c", loop)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", loop, err, out)
	}
	cmd = exec.Command("perf", "script", "-i", data, "-F", "comm,ip,sym,dso")
	cmd.Stderr = io.Discard // of symbols that it does not find
	return cmd.Output()
}

// share counts the samples of each part: that of a sample is the first that is found in its stack.
func share(stacks []byte, parts []part) (map[string]float64, error) {
	counts := make(map[string]float64)
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		comm, _, _ := strings.Cut(strings.TrimSpace(string(stack)), "\n")
		if comm = strings.TrimSpace(comm); comm == "" || comm == "sh" || comm == "seq" || comm == "perf" {
			continue
		}
		i := slices.IndexFunc(parts, func(p part) bool { return p.matches(comm, stack) })
		counts[parts[i].what]++
	}
	if len(counts) == 0 {
		return nil, errors.New("perf has seen nothing")
	}
	return counts, nil
}

func (p part) matches(comm string, stack []byte) bool {
	if p.in == nil {
		return true // the last one has the rest
	}
	return slices.ContainsFunc(p.in, func(s string) bool {
		if name, is := strings.CutPrefix(s, "comm="); is {
			return comm == name
		}
		return bytes.Contains(stack, []byte(s))
	})
}

func (s subject) table(columns []map[string]float64) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| CPU time, %s | whose |", map[int]string{1: "ms", 1000: "us"}[s.scale])
	rule := "\n| --- | --- |"
	for _, w := range s.ways {
		fmt.Fprintf(&out, " %s |", w.what)
		rule += " ---: |"
	}
	out.WriteString(rule + "\n")
	row := func(what, whose string, value func(map[string]float64) float64) {
		fmt.Fprintf(&out, "| %s | %s |", what, whose)
		for _, c := range columns {
			fmt.Fprintf(&out, " %s |", strings.TrimSuffix(strconv.FormatFloat(value(c), 'f', 2, 64), ".00"))
		}
		out.WriteString("\n")
	}
	for _, p := range s.parts {
		if slices.ContainsFunc(columns, func(c map[string]float64) bool { return c[p.what] >= 0.005 }) {
			row(p.what, p.whose, func(c map[string]float64) float64 { return c[p.what] })
		}
	}
	row("together", "", func(c map[string]float64) (sum float64) {
		for _, v := range c {
			sum += v
		}
		return sum
	})
	return out.String()
}
