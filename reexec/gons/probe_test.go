// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A report is what testdata/probe says of itself.
type report struct {
	PID         int
	Args        []string
	Status      string
	Is          []string
	Namespaces  map[string][]string
	Threads     int
	Descriptors []string
	Environ     []string
	Child       []string
	Dir         string
	Name        string
	DeathSignal int
	Dumpable    int
	FileLimit   string
	Monotonic   int64
}

// probe runs the program with the given gons_ variables, and nothing else of
// ours, in its environment.
func probe(t *testing.T, program string, variables ...string) report {
	t.Helper()
	return probeCmd(t, exec.Command(program), variables...)
}

func probeCmd(t *testing.T, cmd *exec.Cmd, variables ...string) report {
	t.Helper()
	cmd.Env = slices.Concat([]string{"FIRST=1"}, variables, []string{"LAST=1"})
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var r report
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		t.Fatalf("%v\n%s", err, stdout.String())
	}
	if r.PID != cmd.Process.Pid {
		t.Errorf("process %d became %d", cmd.Process.Pid, r.PID)
	}
	for _, entry := range slices.Concat(r.Environ, r.Child) {
		if strings.HasPrefix(entry, "gons_") {
			t.Errorf("%s was passed on", entry)
		}
	}
	return r
}

// A target is a process that holds namespaces until the test ends.
type target struct{ pid int }

// hold starts one in new namespaces. Its user namespace, if it has one, maps root
// to root.
func hold(t *testing.T, flags uintptr) target {
	t.Helper()
	cmd := exec.Command("sh")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if flags&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{Size: 1}}
	}
	return holdCmd(t, cmd, "")
}

// holdCmd starts a command that runs sh, waits until sh has run the script, and
// lets it be until its stdin is closed, as it is when this process ends, however
// that happens.
func holdCmd(t *testing.T, cmd *exec.Cmd, script string) target {
	t.Helper()
	cmd.Args = append(cmd.Args, "-ec", script+"\necho ready\nexec cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, stderr.String())
		}
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("%q: %v\n%s", line, err, stderr.String())
	}
	return target{cmd.Process.Pid}
}

func (p target) path(kind string) string { return fmt.Sprintf("/proc/%d/ns/%s", p.pid, kind) }

func (p target) variable(kind string) string { return "gons_" + kind + "=" + p.path(kind) }

func (p target) id(t *testing.T, kind string) string {
	t.Helper()
	id, err := os.Readlink(p.path(kind))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// here is this process: where a program is that was not moved.
func here() target { return target{os.Getpid()} }
