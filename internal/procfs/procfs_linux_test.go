// SPDX-License-Identifier: Apache-2.0

package procfs_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

func ns(kind string, ino uint64) procfs.Namespace { return procfs.Namespace{Kind: kind, Ino: ino} }

func TestTasksKeepLinksForChildrenApartFromTheirOwn(t *testing.T) {
	g := NewWithT(t)
	tasks, err := procfs.Tasks(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tasks).To(HaveLen(3))

	main, tainted := tasks[0].NS, tasks[1].NS
	g.Expect(main).To(Equal(procfs.Namespaces{
		procfs.Cgroup:          ns("cgroup", 4026531835),
		procfs.IPC:             ns("ipc", 4026531839),
		procfs.Net:             ns("net", 4026531833),
		procfs.PID:             ns("pid", 4026531836),
		procfs.PIDForChildren:  ns("pid", 4026531836),
		procfs.Time:            ns("time", 4026531834),
		procfs.TimeForChildren: ns("time", 4026531834),
		procfs.User:            ns("user", 4026531837),
		procfs.UTS:             ns("uts", 4026531838),
		procfs.Mnt:             ns("mnt", 4026531832),
	}))
	want := main
	want[procfs.Net] = ns("net", 4026532177)
	want[procfs.TimeForChildren] = ns("time", 4026532178)
	want[procfs.PIDForChildren] = procfs.Namespace{}
	g.Expect(tainted).To(Equal(want))
}

func TestTaskInUnbornPIDNamespaceIsListed(t *testing.T) {
	g := NewWithT(t)
	tasks, err := procfs.Tasks(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tasks[1].PID).To(Equal(43))
	g.Expect(tasks[1].NS.Ended()).To(BeFalse())
	g.Expect(tasks[1].NS[procfs.PIDForChildren].String()).To(Equal("none"))
}

func TestNamesMayHoldParenthesesAndSpaces(t *testing.T) {
	g := NewWithT(t)
	tasks, err := procfs.Tasks(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tasks[1].Stat).To(Equal(procfs.Stat{PID: 43, Comm: "a) R (1 2", State: 'D', PPID: 1, Start: 1001}))
}

func TestTaskThatEndsIsInNoNamespace(t *testing.T) {
	g := NewWithT(t)
	tasks, err := procfs.Tasks(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tasks[2].PID).To(Equal(44))
	g.Expect(tasks[2].State).To(Equal(byte('Z')))
	g.Expect(tasks[2].NS).To(BeZero())
	g.Expect(tasks[2].NS.Ended()).To(BeTrue())
}

func TestOneTaskThatIsGoneTellsSo(t *testing.T) {
	g := NewWithT(t)
	_, err := procfs.ReadTask(tree(t), "42", 45)
	g.Expect(procfs.Vanished(err)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(HavePrefix("task 45 of process 42: ")))
}

// A thread is read over and over until it is gone: at no moment of its end is
// that an error.
func TestReadingATaskWhileItEnds(t *testing.T) {
	for range 300 {
		tid := make(chan int)
		go func() {
			runtime.LockOSThread() // the thread ends with the goroutine
			tid <- syscall.Gettid()
		}()
		id := <-tid
		for range 30 {
			if _, err := procfs.TaskNamespaces(procfs.Root, procfs.Self, id, procfs.Namespaces{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestProcessNamespaces(t *testing.T) {
	g := NewWithT(t)
	list, err := procfs.ProcessNamespaces(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(list).To(Equal(procfs.Namespaces{
		procfs.Net: ns("net", 4026531833),
		procfs.Mnt: ns("mnt", 4026531832),
	}))
}

func TestLinkNames(t *testing.T) {
	g := NewWithT(t)
	g.Expect(procfs.Mnt.String()).To(Equal("mnt"))
	g.Expect(procfs.PIDForChildren.String()).To(Equal("pid_for_children"))
}

func TestDescriptorsAreSortedByNumber(t *testing.T) {
	g := NewWithT(t)
	list, err := procfs.Descriptors(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(list).To(Equal([]procfs.Descriptor{
		{Num: 0, Target: "/dev/null"},
		{Num: 3, Target: "socket:[4711]"},
		{Num: 4, Target: "anon_inode:[eventpoll]"},
		{Num: 7, Target: "net:[4026532177]"},
		{Num: 10, Target: "/tmp/a file (deleted)"},
	}))
	var kinds []string
	for _, d := range list {
		kinds = append(kinds, d.Kind())
	}
	g.Expect(kinds).To(Equal([]string{"file", "socket", "eventpoll", "net", "file"}))
}

// The names of this process's sockets and pipes are composed: they must be those
// that the links have.
func TestDescriptorsOfThisProcessAreNamedByTheKernel(t *testing.T) {
	g := NewWithT(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	g.Expect(syscall.Mkfifo(fifo, 0o600)).To(Succeed())
	for range 3 {
		r, w, err := os.Pipe()
		g.Expect(err).NotTo(HaveOccurred())
		defer r.Close()
		defer w.Close()
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		g.Expect(err).NotTo(HaveOccurred())
		defer conn.Close()
		for _, name := range []string{"/proc/self/ns/net", "/proc/self/ns/uts", os.DevNull, fifo} {
			file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
			g.Expect(err).NotTo(HaveOccurred())
			defer file.Close()
		}
	}
	composed, err := procfs.Descriptors(procfs.Root, procfs.Self)
	g.Expect(err).NotTo(HaveOccurred())
	read, err := procfs.Descriptors(procfs.Root, strconv.Itoa(os.Getpid()))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(composed).To(Equal(read))
	g.Expect(len(composed)).To(BeNumerically(">=", 3*7))
}

func TestIDMaps(t *testing.T) {
	g := NewWithT(t)
	root := tree(t)
	g.Expect(procfs.UIDMap(root, "42")).To(Equal([]procfs.IDRange{
		{Inside: 0, Outside: 1000, Count: 1},
		{Inside: 1, Outside: 100000, Count: 65536},
	}))
	g.Expect(procfs.GIDMap(root, "42")).To(BeEmpty())
}

func TestMountsAreUnescaped(t *testing.T) {
	g := NewWithT(t)
	mounts, err := procfs.Mounts(tree(t), "42")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(mounts).To(Equal([]procfs.Mount{
		{ID: 22, Parent: 27, Minor: 21, Root: "/", Target: "/proc", Options: "rw,relatime",
			FSType: "proc", Source: "proc", SuperOptions: "rw"},
		{ID: 27, Parent: 1, Major: 254, Root: "/", Target: "/", Options: "rw,relatime", Optional: "shared:1 master:7",
			FSType: "ext4", Source: "/dev/vda", SuperOptions: "rw,discard"},
		{ID: 31, Parent: 27, Minor: 4, Root: "net:[4026532177]", Target: `/run/netns/two words\`, Options: "rw",
			Optional: "shared:5", FSType: "nsfs", Source: "nsfs", SuperOptions: "rw"},
	}))
	_, isNamespace := mounts[1].Namespace()
	g.Expect(isNamespace).To(BeFalse())
	mounted, isNamespace := mounts[2].Namespace()
	g.Expect(isNamespace).To(BeTrue())
	g.Expect(mounted).To(Equal(ns("net", 4026532177)))
}

func TestChildrenAreFoundByParent(t *testing.T) {
	g := NewWithT(t)
	root := tree(t)
	g.Expect(procfs.Children(root, 42)).To(Equal([]procfs.Process{
		{Stat: procfs.Stat{PID: 50, Comm: "sleep", State: 'S', PPID: 42, Start: 1003}, Cmdline: []string{"sleep", "100 s", ""}},
		{Stat: procfs.Stat{PID: 52, Comm: "(sd-pam)", State: 'Z', PPID: 42, Start: 1005}},
	}))
	g.Expect(procfs.Children(root, 50)).To(BeEmpty())
}

func TestProcessID(t *testing.T) {
	NewWithT(t).Expect(procfs.ProcessID(tree(t), "42")).To(Equal(42))
}

// What cannot be read must never look like an empty list.
func TestFailuresAreNotEmptyLists(t *testing.T) {
	root := tree(t)
	replace := func(name, text string) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	replace("42/task/43/ns/net", "no link at all")
	replace("42/fd/3", "no link at all")
	replace("42/mountinfo", "22 27 0:21 / /proc rw,relatime\n")
	replace("42/uid_map", "0 1000\n")
	replace("50/stat", "50 sleep S 42\n")

	for name, read := range map[string]func() error{
		"tasks of nobody":       func() error { _, err := procfs.Tasks(root, "99"); return err },
		"descriptors of nobody": func() error { _, err := procfs.Descriptors(root, "99"); return err },
		"mounts of nobody":      func() error { _, err := procfs.Mounts(root, "99"); return err },
		"map of nobody":         func() error { _, err := procfs.GIDMap(root, "99"); return err },
		"children in no procfs": func() error { _, err := procfs.Children(filepath.Join(root, "none"), 1); return err },
		"namespaces of a task":  func() error { _, err := procfs.Tasks(root, "42"); return err },
		"descriptors":           func() error { _, err := procfs.Descriptors(root, "42"); return err },
		"mounts":                func() error { _, err := procfs.Mounts(root, "42"); return err },
		"map":                   func() error { _, err := procfs.UIDMap(root, "42"); return err },
		"children":              func() error { _, err := procfs.Children(root, 42); return err },
	} {
		if read() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
