// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Probe tells, as JSON on stdout, what it finds itself to be once gons is through.
package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

// A Report is the probe's view of itself.
type Report struct {
	PID         int
	Args        []string
	Status      string              // of gons, "" for nil
	Is          []string            // which errors Status is
	Namespaces  map[string][]string // by kind, those of all threads, each once
	Threads     int
	Descriptors []string // what each open descriptor refers to
	Environ     []string
	Child       []string // the environment of a child process
	Dir         string
	Name        string // the thread leader's
	DeathSignal int
	Dumpable    int    // whether others may look at it (PR_GET_DUMPABLE(2const))
	FileLimit   string // the soft RLIMIT_NOFILE of a child process
	Monotonic   int64  // CLOCK_MONOTONIC in seconds
}

// The parent-death signal is the main thread's.
func init() { runtime.LockOSThread() }

func main() {
	report := Report{
		PID:         os.Getpid(),
		Args:        os.Args,
		Environ:     os.Environ(),
		Descriptors: links("/proc/self/fd/*"),
		Child:       lines(output("/usr/bin/env")),
		Dir:         must(os.Getwd()),
		Name:        lines(must(os.ReadFile("/proc/self/comm")))[0],
		DeathSignal: deathSignal(),
		Dumpable:    must(unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)),
		FileLimit:   lines(output("/bin/sh", "-c", "ulimit -Sn"))[0],
		Monotonic:   monotonic(),
	}
	if err := gons.Status(); err != nil {
		report.Status, report.Is = err.Error(), kinds(err)
	}
	report.Threads, report.Namespaces = threads(8)
	check(json.NewEncoder(os.Stdout).Encode(report))
}

func kinds(err error) (is []string) {
	var typed *gons.Error
	for name, yes := range map[string]bool{
		"*gons.Error":    errors.As(err, &typed),
		"ErrUnsupported": errors.Is(err, errors.ErrUnsupported),
		"ErrInvalid":     errors.Is(err, os.ErrInvalid),
		"ErrPermission":  errors.Is(err, os.ErrPermission),
		"ENOENT":         errors.Is(err, unix.ENOENT),
		"EPERM":          errors.Is(err, unix.EPERM),
	} {
		if yes {
			is = append(is, name)
		}
	}
	slices.Sort(is)
	return is
}

// threads makes sure that there are some and tells the namespaces of all.
func threads(some int) (count int, namespaces map[string][]string) {
	running, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	for range some {
		go func() {
			runtime.LockOSThread()
			running <- struct{}{}
			<-end
		}()
	}
	for range some {
		<-running
	}
	namespaces = make(map[string][]string)
	tasks := must(filepath.Glob("/proc/self/task/*"))
	for _, task := range tasks {
		for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "user", "uts"} {
			id := must(os.Readlink(filepath.Join(task, "ns", kind)))
			if !slices.Contains(namespaces[kind], id) {
				namespaces[kind] = append(namespaces[kind], id)
			}
		}
	}
	return len(tasks), namespaces
}

// links returns what the files that match refer to, but for those that are gone,
// as is the descriptor by which a folder was read.
func links(pattern string) (targets []string) {
	for _, file := range must(filepath.Glob(pattern)) {
		target, err := os.Readlink(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		check(err)
		targets = append(targets, target)
	}
	return targets
}

func deathSignal() int {
	var signal int32
	check(unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0))
	return int(signal)
}

func monotonic() int64 {
	var now syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		check(errno)
	}
	return int64(now.Sec)
}

func output(name string, args ...string) []byte { return must(exec.Command(name, args...).Output()) }

func lines(text []byte) []string { return strings.Split(strings.TrimSpace(string(text)), "\n") }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
