// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

func TestReportReadsLikeThis(t *testing.T) {
	usual, other := procfs.Namespace{Kind: "net", Ino: 1}, procfs.Namespace{Kind: "net", Ino: 2}
	pid, pidOther := procfs.Namespace{Kind: "pid", Ino: 3}, procfs.Namespace{Kind: "pid", Ino: 4}
	report := leak.Report{
		Threads: []leak.Thread{
			{Task: procfs.Task{Stat: procfs.Stat{PID: 71, Comm: "router"}}, Moved: []leak.Move{
				{Link: procfs.Net, Is: other, Usual: usual},
				{Link: procfs.PIDForChildren, Usual: pid},
			}},
			{Task: procfs.Task{Stat: procfs.Stat{PID: 72, Comm: "router"}}, Moved: []leak.Move{
				{Link: procfs.PIDForChildren, Is: pidOther, Usual: pid},
			}},
		},
		Namespaces: []leak.Namespace{{Namespace: other, Holders: []leak.Holder{
			{What: "thread", ID: 71, Name: "router"},
			{What: "mount", ID: 31, Name: "/run/netns/a"},
		}}},
		Descriptors: []leak.Descriptor{
			{Descriptor: procfs.Descriptor{Num: 7, Target: "socket:[4711]"}},
			{Descriptor: procfs.Descriptor{Num: 8, Target: "net:[2]"}, Namespace: other},
			{Descriptor: procfs.Descriptor{Num: 9, Target: "/run/netns/a"}, Namespace: other},
		},
		Processes: []leak.Process{
			{Process: procfs.Process{Stat: procfs.Stat{PID: 50, Comm: "sleep", State: 'S'}, Cmdline: []string{"sleep", "9"}}},
			{Process: procfs.Process{Stat: procfs.Stat{PID: 51, Comm: "sh", State: 'Z'}}},
			{Process: procfs.Process{Stat: procfs.Stat{PID: 52, Comm: "su", State: 'S'}, Cmdline: []string{"su"}},
				Hidden: errors.New("permission denied")},
		},
		Mounts: []procfs.Mount{{ID: 31, Root: "net:[2]", Target: "/run/netns/a", FSType: "nsfs", Source: "nsfs"}},
	}
	g := NewWithT(t)
	g.Expect(report.String()).To(Equal(`thread 71: net:[2] instead of net:[1], children go to a new pid namespace that has no process yet, instead of pid:[3]
thread 72: children go to pid:[4] instead of pid:[3]
namespace net:[2], held by thread 71, a mount at /run/netns/a
descriptor 7: socket:[4711]
descriptor 8: net:[2]
descriptor 9: /run/netns/a (net:[2])
process 50 (sleep): ["sleep" "9"]
process 51 (sh): has ended, and nobody has waited for it
process 52 (su): ["su"], in unknown namespaces: permission denied
mount 31 at /run/netns/a: net:[2] of nsfs (nsfs)`))
	g.Expect(report.Empty()).To(BeFalse())
	g.Expect(leak.Report{}.Empty()).To(BeTrue())
	g.Expect(leak.Report{}.String()).To(BeEmpty())
}

// Go never ends the first thread, so it stays where it was put, and the kernel
// shows its namespaces for those of the process.
func TestFirstThreadThatWasMovedIsFound(t *testing.T) {
	g := NewWithT(t)
	home := procfs.Namespaces{procfs.Net: {Kind: "net", Ino: 1}, procfs.Mnt: {Kind: "mnt", Ino: 9}}
	moved := home
	moved[procfs.Net].Ino = 2
	task := func(pid int, ns procfs.Namespaces) procfs.Task {
		return procfs.Task{Stat: procfs.Stat{PID: pid}, NS: ns}
	}
	before := &leak.Snapshot{Baseline: home, Tasks: []procfs.Task{task(1, home), task(2, home)}}
	after := &leak.Snapshot{Baseline: home, Tasks: []procfs.Task{task(1, moved), task(2, home)}}
	report := leak.Diff(before, after)
	g.Expect(report.Threads).To(HaveLen(1))
	g.Expect(report.Threads[0].PID).To(Equal(1))
	g.Expect(report.Namespaces).To(HaveLen(1))
	g.Expect(report.Namespaces[0].Namespace).To(Equal(moved[procfs.Net]))
}
