// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A runner runs the tests of guards in the module at root.
type runner struct {
	root    string
	timeout time.Duration // of a test
	out     io.Writer
}

// A mutant is a guard and its file without it.
type mutant struct {
	*guard
	src  []byte
	line int
}

func (m *mutant) place() string { return fmt.Sprintf("%s:%d", m.file, m.line) }

// mutate takes each guard out of its file, which it only reads.
func (r *runner) mutate(guards []guard) (mutants []mutant, err error) {
	names := map[string]string{}
	for i := range guards {
		g := &guards[i]
		src, e := os.ReadFile(filepath.Join(r.root, g.file))
		if e == nil {
			m := mutant{guard: g}
			m.src, m.line, e = g.takeOut(src)
			mutants = append(mutants, m)
			if twin := names[g.file+string(m.src)]; e == nil && twin != "" {
				e = fmt.Errorf("guard %s takes out the same as %s", g.name, twin)
			}
			names[g.file+string(m.src)] = g.name
		}
		err = errors.Join(err, e)
	}
	return mutants, err
}

// run prints a line for each guard. It is an error if one is not seen to be missing.
func (r *runner) run(ctx context.Context, guards []guard) error {
	mutants, err := r.mutate(guards)
	if err != nil {
		return err
	}
	if err := r.passWithGuards(ctx, guards); err != nil {
		return err
	}
	names, places := 0, 0
	for _, m := range mutants {
		names, places = max(names, len(m.name)), max(places, len(m.place()))
	}
	var unseen []string
	for _, m := range mutants {
		start := time.Now()
		tests, why, err := r.runMutant(ctx, &m)
		if err != nil {
			return fmt.Errorf("guard %s: %w", m.name, err)
		}
		seen := strings.Join(tests, " ")
		if len(tests) > 2 {
			seen = fmt.Sprintf("%s and %d more", tests[0], len(tests)-1)
		}
		if why != "" {
			seen = "NOT SEEN: " + firstLine(why)
			unseen = append(unseen, fmt.Sprintf("%s (%s), which protects %s: %s", m.name, m.place(), m.protects, why))
		}
		fmt.Fprintf(r.out, "%-*s  %-*s %5.1f s  %s\n", names, m.name, places, m.place(), time.Since(start).Seconds(), seen)
	}
	fmt.Fprintf(r.out, "\n%d guards, %d seen\n", len(mutants), len(mutants)-len(unseen))
	if len(unseen) > 0 {
		return fmt.Errorf("no test sees these guards taken out:\n%s", strings.Join(unseen, "\n"))
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// passWithGuards runs the tests as the code is: each has to pass.
func (r *runner) passWithGuards(ctx context.Context, guards []guard) error {
	tests := map[string]map[string]bool{}
	where := map[string]guard{}
	for _, g := range guards {
		key := g.pkg + " " + strings.Join(g.env, " ")
		if tests[key] == nil {
			tests[key] = map[string]bool{}
		}
		where[key] = g
		for _, name := range g.tests() {
			tests[key][name] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(tests)) {
		names := slices.Sorted(maps.Keys(tests[key]))
		g := where[key]
		report, err := r.goTest(ctx, time.Duration(len(names))*r.timeout, g.pkg, "^("+strings.Join(names, "|")+")$", g.env)
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.Contains(report.passed, name) || len(report.failed)+len(report.skipped) > 0 {
				return fmt.Errorf("with all guards in place, %s of %s does not pass, or not without a skip:\n%s", name, g.pkg, &report.output)
			}
		}
	}
	return nil
}

// runMutant returns the tests that see the guard missing, or says why none does.
func (r *runner) runMutant(ctx context.Context, m *mutant) (tests []string, why string, err error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	overlay, err := writeOverlay(dir, r.root, m)
	if err != nil {
		return nil, "", err
	}
	flags := strings.TrimSpace(os.Getenv("GOFLAGS") + " -overlay=" + overlay)
	// A test that is skipped has seen nothing, and is not to fail for it.
	report, err := r.goTest(ctx, r.timeout, m.pkg, m.runPattern(), append([]string{"GOFLAGS=" + flags, "NSTEST_STRICT="}, m.env...))
	if err != nil {
		return nil, "", err
	}
	tests, why = report.seenBy(m.says)
	return tests, why, nil
}

// writeOverlay writes what go build's -overlay wants.
func writeOverlay(dir, root string, m *mutant) (name string, err error) {
	original, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	mutated := filepath.Join(dir, filepath.Base(m.file))
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutated}})
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, "overlay.json")
	// Whoever the test runs as has to read them.
	return name, errors.Join(os.Chmod(dir, 0o755), os.WriteFile(mutated, m.src, 0o644), os.WriteFile(name, text, 0o644))
}

// toBuild is how long go test may take beside the test.
const toBuild = 3 * time.Minute

func (r *runner) goTest(ctx context.Context, timeout time.Duration, pkg, run string, env []string) (*report, error) {
	limited, cancel := context.WithTimeout(ctx, toBuild+2*timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, "go", "test", "-json", "-count=1", "-vet=off", "-timeout="+timeout.String(), "-run="+run, pkg)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	// What is left of a test that was broken is ended with it.
	cmd.SysProcAttr = contained()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // most likely nobody is left
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	// That a test failed is not for go to say but for its report.
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("%v: %w", cmd, err)
	}
	report := read(stdout)
	report.output.WriteString(stderr.String())
	report.ended = limited.Err() == nil
	return report, nil
}
