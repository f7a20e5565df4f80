// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"os/exec"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

// threadKinds can be joined with cgo and without.
var threadKinds = map[string]uintptr{
	"mnt":    syscall.CLONE_NEWNS,
	"cgroup": syscall.CLONE_NEWCGROUP,
	"ipc":    syscall.CLONE_NEWIPC,
	"net":    syscall.CLONE_NEWNET,
	"uts":    syscall.CLONE_NEWUTS,
}

func TestAllThreadsAreInEachKindAskedFor(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		for kind, flag := range threadKinds {
			t.Run(kind, func(t *testing.T) {
				g := NewWithT(t)
				to := hold(t, flag)
				r := probe(t, program, to.variable(kind))
				g.Expect(r.Status).To(BeEmpty())
				g.Expect(r.Threads).To(BeNumerically(">", 8))
				for other := range threadKinds {
					want := here().id(t, other)
					if other == kind {
						want = to.id(t, kind)
					}
					g.Expect(r.Namespaces[other]).To(ConsistOf(want), "threads' %s namespaces", other)
				}
			})
		}
	})
}

func TestUserNamespaceGivesTheRightsForTheRest(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		g := NewWithT(t)
		flags := uintptr(syscall.CLONE_NEWUSER)
		for _, flag := range threadKinds {
			flags |= flag
		}
		to := hold(t, flags)
		variables := []string{to.variable("user")}
		for kind := range threadKinds {
			variables = append(variables, to.variable(kind))
		}
		r := probe(t, program, variables...)
		if !b.cgo {
			g.Expect(r.Status).To(Equal("gons: " + to.variable("user") + ": setns: cannot be joined by a process that has threads; " +
				"build with CGO_ENABLED=1, so that it is joined before there are any: unsupported operation"))
			g.Expect(r.Is).To(ConsistOf("*gons.Error", "ErrUnsupported"))
			g.Expect(r.Namespaces["net"]).To(ConsistOf(here().id(t, "net")))
			return
		}
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Namespaces["user"]).To(ConsistOf(to.id(t, "user")))
		for kind := range threadKinds {
			g.Expect(r.Namespaces[kind]).To(ConsistOf(to.id(t, kind)))
		}
	})
}

func TestTimeNamespaceIsTheProgramsOwn(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		g := NewWithT(t)
		const ahead = 1_000_000
		need.Tool(t, "unshare", "util-linux")
		to := holdCmd(t, exec.Command("unshare", "--time", "--monotonic", "1000000", "sh"), "")
		path := to.path("time_for_children")
		before := probe(t, program)
		r := probe(t, program, "gons_time="+path)
		if !b.cgo {
			g.Expect(r.Status).To(HavePrefix("gons: gons_time=" + path + ": setns: cannot be joined by a process that has threads; "))
			g.Expect(r.Is).To(ConsistOf("*gons.Error", "ErrUnsupported"))
			return
		}
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Namespaces["time"]).To(ConsistOf(to.id(t, "time_for_children")))
		g.Expect(r.Monotonic).To(BeNumerically(">=", before.Monotonic+ahead))
	})
}

// A process in whose stead children go to another pid namespace cannot have
// threads (pid_namespaces(7)). Once a kernel lets it, gons can join.
func TestPidNamespaceIsRefusedBeforeAnythingElseIsJoined(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWPID|syscall.CLONE_NEWNET)
		r := probe(t, program, to.variable("net"), to.variable("pid"))
		g.Expect(r.Status).To(Equal("gons: " + to.variable("pid") + ": setns: the kernel denies threads, and so the Go runtime, " +
			"to a process whose children belong to another pid namespace; start the child there instead, with set.Command: unsupported operation"))
		g.Expect(r.Is).To(ConsistOf("*gons.Error", "ErrUnsupported"))
		g.Expect(r.Namespaces["net"]).To(ConsistOf(here().id(t, "net")))
		g.Expect(r.Namespaces["pid_for_children"]).To(ConsistOf(here().id(t, "pid")))
	})
}

func TestNamespacesThatTheProgramIsInAlreadyAreNoError(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		var variables []string
		for _, kind := range []string{"user", "cgroup", "ipc", "net", "pid", "uts", "time"} {
			variables = append(variables, "gons_"+kind+"=/proc/self/ns/"+kind)
		}
		g.Expect(probe(t, program, variables...).Status).To(BeEmpty())
	})
}
