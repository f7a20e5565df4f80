// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	selfexec.Main()
	goleak.VerifyTestMain(&nstest.M{M: m})
}

// act starts this binary with an act, the end of a pipe at the act's descriptor 3, and
// the files from 4 on.
func act(t *testing.T, name string, files ...*os.File) (*exec.Cmd, *os.File) {
	t.Helper()
	r, w := pipe(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = selfexec.Env(name)
	cmd.ExtraFiles = append([]*os.File{w}, files...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	w.Close()
	return cmd, r
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

var names = map[int]string{
	unix.CLONE_NEWUSER: "user", unix.CLONE_NEWNET: "net", unix.CLONE_NEWNS: "mnt", unix.CLONE_NEWUTS: "uts",
	unix.CLONE_NEWIPC: "ipc", unix.CLONE_NEWCGROUP: "cgroup", unix.CLONE_NEWPID: "pid", unix.CLONE_NEWTIME: "time",
}

// fresh makes namespaces and opens them, in the order of the flags, without the package
// under test: a cat lives in them until the test ends.
func fresh(t testing.TB, flags ...int) []forkexec.Join {
	t.Helper()
	attr := &syscall.SysProcAttr{}
	for _, f := range flags {
		attr.Cloneflags |= uintptr(f)
		if f == unix.CLONE_NEWUSER {
			attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
			attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
		}
	}
	cmd := exec.Command("cat")
	cmd.SysProcAttr = attr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	joins := make([]forkexec.Join, 0, len(flags))
	for _, f := range flags {
		joins = append(joins, forkexec.Join{FD: open(t, cmd.Process.Pid, names[f]), Flag: f})
	}
	return joins
}

// open opens a namespace of a process until the test ends.
func open(t testing.TB, pid int, name string) int {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return int(f.Fd())
}

// sh runs a shell script inside, and returns what it prints.
func sh(t testing.TB, joins []forkexec.Join, script string) string {
	t.Helper()
	return output(t, &forkexec.Attr{Joins: joins}, script)
}

func output(t testing.TB, attr *forkexec.Attr, script string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	attr.Files = []uintptr{^uintptr(0), w.Fd(), w.Fd()}
	if attr.Env == nil {
		attr.Env = os.Environ()
	}
	p, err := forkexec.Start(t.Context(), []string{"/bin/sh"}, []string{"sh", "-c", script}, attr)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Fatalf("sh: %v, %v\n%s", state, err, out)
	}
	return strings.TrimSpace(string(out))
}

func readlink(t testing.TB, path string) string {
	t.Helper()
	s, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// file opens a new file until the test ends.
func file(t testing.TB) uintptr {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f.Fd()
}

// children are the processes that this process has not waited for, zombies included.
func children(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil && !os.IsNotExist(err) && !strings.Contains(err.Error(), "no such process") {
			t.Fatal(err)
		}
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
