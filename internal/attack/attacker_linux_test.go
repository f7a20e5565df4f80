// SPDX-License-Identifier: Apache-2.0

package attack_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A target is what an attacker is out for. Found in another process, any of it is a leak.
type target struct {
	Victim  int    // the pid, 0 where it has none
	Secret  string // a variable of its environment, and what stands at Address
	Address uintptr
	Mapping string // in /proc/PID/maps
	Arg     string // in /proc/PID/cmdline
	Dir     string // its working directory, which a mount hides from the attacker
	File    string // an open file in there
	Dev     uint64
	Ino     uint64
	Proc    bool // the attacker has a pid namespace, and shall mount /proc
}

// A loot is what an attacker comes home with.
type loot struct {
	Walks, Processes int
	Leaks            map[string]int // by way
}

// attack walks through /proc until the standard input ends, and reports to the standard output.
func attack() error {
	runtime.LockOSThread() // who traces a process is a thread
	var goal target
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &goal); err != nil {
		return err
	}
	if err := goal.hide(); err != nil {
		return err
	}
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, in)
		over.Store(true)
	}()
	l := loot{Leaks: map[string]int{}}
	old, seen := map[string]bool{}, map[string]bool{}
	for last := false; !last; l.Walks++ {
		last = over.Load() // whoever lives until the attacker has ended is attacked
		proc, err := os.Open("/proc")
		if err != nil {
			return err
		}
		names, err := proc.Readdirnames(-1)
		if err != nil {
			return err
		}
		if err := proc.Close(); err != nil {
			return err
		}
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil || pid == os.Getpid() {
				continue
			}
			if l.Walks == 0 && pid != goal.Victim {
				old[name] = true // of this machine, or the Set's own
			}
			if old[name] && !goal.Proc {
				continue
			}
			seen[name] = true
			goal.assault(pid, l.Leaks)
		}
		if l.Walks == 0 {
			fmt.Println("ready")
		}
	}
	l.Processes = len(seen)
	return json.NewEncoder(os.Stdout).Encode(l)
}

// hide mounts a folder on what is to be hidden, as a container does.
func (goal *target) hide() error {
	if err := unix.Mount("hidden", goal.Dir, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("hide %s: %w", goal.Dir, err)
	}
	if goal.Proc {
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			return fmt.Errorf("mount /proc: %w", err)
		}
	}
	return nil
}

// assault tries every way to a process.
func (goal *target) assault(pid int, leaks map[string]int) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	for way, found := range map[string]func() bool{
		"environ":  func() bool { return contains(dir+"environ", goal.Secret) },
		"cmdline":  func() bool { return goal.Proc && contains(dir+"cmdline", goal.Arg) },
		"maps":     func() bool { return contains(dir+"maps", goal.Mapping) },
		"root":     func() bool { return contains(dir+"root"+goal.File, goal.Secret) },
		"cwd":      func() bool { return contains(dir+"cwd/secret", goal.Secret) },
		"fd":       func() bool { return goal.descriptors(dir + "fd") },
		"mem":      func() bool { return goal.memory(dir + "mem") },
		"vm_readv": func() bool { return goal.vmReadv(pid) },
		"ptrace":   func() bool { return goal.trace(pid) },
		"mounts":   func() bool { return goal.Proc && goal.shows(dir+"mountinfo") },
	} {
		if found() {
			leaks[way]++
		}
	}
}

func contains(path, what string) bool {
	b, err := os.ReadFile(path)
	return err == nil && bytes.Contains(b, []byte(what))
}

// shows reports whether an attacker sees what is hidden.
func (goal *target) shows(mountinfo string) bool {
	b, err := os.ReadFile(mountinfo)
	return err == nil && len(b) > 0 && !strings.Contains(string(b), " "+goal.Dir+" ")
}

func (goal *target) descriptors(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		path := dir + "/" + e.Name()
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil {
			continue
		}
		if uint64(st.Dev) == goal.Dev && st.Ino == goal.Ino {
			return true
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR && contains(path+"/"+strings.Repeat("../", 32)+goal.File, goal.Secret) {
			return true
		}
	}
	return false
}

func (goal *target) memory(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(goal.Secret))
	_, err = f.ReadAt(b, int64(goal.Address))
	return err == nil && string(b) == goal.Secret
}

func (goal *target) vmReadv(pid int) bool {
	b := make([]byte, len(goal.Secret))
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(len(b))
	_, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: goal.Address, Len: len(b)}}, 0)
	return err == nil && string(b) == goal.Secret
}

// trace seizes a process, looks into its memory and lets it go. To leave it traced would keep
// its parent from waiting for it.
func (goal *target) trace(pid int) bool {
	if unix.PtraceSeize(pid) != nil {
		return false
	}
	_ = unix.PtraceInterrupt(pid) // it may be dead, and a zombie until the tracer has waited
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || !status.Stopped() {
			return false
		}
		break
	}
	b := make([]byte, 8)
	_, err := unix.PtracePeekData(pid, goal.Address, b)
	_ = unix.PtraceDetach(pid)
	return err == nil && strings.HasPrefix(goal.Secret, string(b))
}
