// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// What a program sees of the switch, but for the namespaces, is nothing.
func TestSwitchedProgramIsAsItWasStarted(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNET|syscall.CLONE_NEWUTS)
		dir := t.TempDir()
		run := func(variables ...string) report {
			// A limit below the hard one, which Go raises for itself but not for its children.
			cmd := exec.Command("/bin/sh", "-c", `ulimit -Sn 500; exec "$0" "$@"`, program, "-flag", "", "two words")
			cmd.Dir = dir
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGUSR1}
			return probeCmd(t, cmd, variables...)
		}
		plain := run()
		moved := run(to.variable("net"), to.variable("uts"))
		g.Expect(moved.Status).To(BeEmpty())
		g.Expect(moved.Namespaces["net"]).To(ConsistOf(to.id(t, "net")))

		g.Expect(moved.Args).To(Equal([]string{program, "-flag", "", "two words"}))
		g.Expect(moved.Environ).To(Equal(plain.Environ))
		g.Expect(moved.Child).To(Equal(plain.Child))
		g.Expect(moved.FileLimit).To(Equal("500"))
		g.Expect(moved.DeathSignal).To(BeEquivalentTo(syscall.SIGUSR1))
		g.Expect(moved.Name).To(Equal(plain.Name))
		g.Expect(withoutIDs(moved.Descriptors)).To(Equal(withoutIDs(plain.Descriptors)))
		g.Expect(moved.Dir).To(Equal(dir))
	})
}

// withoutIDs drops what differs from one pipe to the next.
func withoutIDs(descriptors []string) (kinds []string) {
	for _, d := range descriptors {
		kind, _, _ := strings.Cut(d, ":[")
		kinds = append(kinds, kind)
	}
	return kinds
}

// os/exec drops doubles, so that a shell could not hand any on; others do.
func TestOfVariablesThatAreThereTwiceTheFirstCountsAndBothGo(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNET)
		file, err := os.Create(filepath.Join(t.TempDir(), "report"))
		g.Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		process, err := os.StartProcess(program, []string{program}, &os.ProcAttr{
			Env:   []string{to.variable("net"), "gons_net=/second", "gons_order=net", "gons_order=uts"},
			Files: []*os.File{nil, file, os.Stderr},
		})
		g.Expect(err).NotTo(HaveOccurred())
		state, err := process.Wait()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(state.Success()).To(BeTrue())
		text, err := os.ReadFile(file.Name())
		g.Expect(err).NotTo(HaveOccurred())
		var r report
		g.Expect(json.Unmarshal(text, &r)).To(Succeed())
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Namespaces["net"]).To(ConsistOf(to.id(t, "net")))
		g.Expect(r.Environ).To(BeEmpty())
		g.Expect(r.Child).To(ConsistOf(""))
	})
}

func TestVariablesThatAreNotOursStay(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNET)
		r := probe(t, program, "MIDDLE=1", to.variable("net"), "gons=kept", "gonsnet=kept", "GONS_NET=kept", "EMPTY=")
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Environ).To(Equal([]string{"FIRST=1", "MIDDLE=1", "gons=kept", "gonsnet=kept", "GONS_NET=kept", "EMPTY=", "LAST=1"}))
	})
}

// With cgo the program is executed by its parent only, without by itself once
// more, and in both cases not again for nothing.
func TestProgramIsExecutedAtMostOnceMore(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNET)
		g.Expect(executions(t, program, func() { probe(t, program) })).To(Equal(1))
		g.Expect(executions(t, program, func() { probe(t, program, "gons_net=/nowhere") })).To(Equal(1))
		g.Expect(executions(t, program, func() { probe(t, program, "gons_net=/proc/self/ns/net") })).To(Equal(1))
		want := 1
		if !b.cgo {
			want = 2
		}
		g.Expect(executions(t, program, func() { probe(t, program, to.variable("net")) })).To(Equal(want))
	})
}

// executions counts how often a file is opened while f runs, as execve(2) does.
// It then reads it, and without that event in between several openings in a row
// would be reported as one (inotify(7)).
func executions(t *testing.T, program string, f func()) (count int) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	if _, err := unix.InotifyAddWatch(fd, program, unix.IN_OPEN|unix.IN_ACCESS); err != nil {
		t.Fatal(err)
	}
	f()
	buf := make([]byte, 4096)
	n, err := events.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	for rest := buf[:n]; len(rest) != 0; {
		event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
		if event.Mask&unix.IN_OPEN != 0 {
			count++
		}
		rest = rest[unix.SizeofInotifyEvent+int(event.Len):]
	}
	return count
}

func TestMountNamespaceBringsItsRootAndWorkingDirectory(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNS)
		cmd := exec.Command(program)
		cmd.Dir = t.TempDir()
		r := probeCmd(t, cmd, to.variable("mnt"))
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Dir).To(Equal("/"))
	})
}
