// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// newNet makes a network namespace that only the descriptor holds.
func newNet(t *testing.T) (*os.File, procfs.Namespace) {
	t.Helper()
	tid, end := moveThread(t, unix.CLONE_NEWNET)
	link := fmt.Sprintf("/proc/self/task/%d/ns/net", tid)
	file, err := os.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	name, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := procfs.ParseNamespace(name)
	if err != nil {
		t.Fatal(err)
	}
	end()
	t.Cleanup(func() { file.Close() })
	return file, ns
}

// afterwards has what is left once the thread of newNet has ended: nothing but
// what the test made.
func afterwards(t *testing.T, before *leak.Snapshot) leak.Report {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		report := leak.Diff(before, take(t))
		if len(report.Threads) == 0 {
			return report
		}
		if time.Now().After(deadline) {
			t.Fatalf("a thread does not end:\n%v", report)
		}
	}
}

func mountAt(t *testing.T, ns *os.File) (target string) {
	t.Helper()
	target = filepath.Join(t.TempDir(), "a namespace")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := sys.DupOf(int(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	on, err := sys.OpenTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	if err := sys.BindFD(fd, on); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Detach(target) }) // the test may have done so
	return target
}

func TestNamespaceHeldByADescriptorIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	file, ns := newNet(t)
	report := afterwards(t, before)

	fd := int(file.Fd())
	g.Expect(report.Namespaces).To(Equal([]leak.Namespace{
		{Namespace: ns, Holders: []leak.Holder{{What: "descriptor", ID: fd, Name: ns.String()}}},
	}))
	g.Expect(report.Descriptors).To(Equal([]leak.Descriptor{
		{Descriptor: procfs.Descriptor{Num: fd, Target: ns.String()}, Namespace: ns},
	}))
	g.Expect(file.Close()).To(Succeed())
	settled(t, before)
}

func TestNamespaceHeldByAMountIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	file, ns := newNet(t)
	target := mountAt(t, file)
	g.Expect(file.Close()).To(Succeed())
	report := afterwards(t, before)

	g.Expect(report.Descriptors).To(BeEmpty())
	g.Expect(report.Mounts).To(HaveLen(1))
	mount := report.Mounts[0]
	g.Expect([]string{mount.FSType, mount.Root, mount.Target}).To(Equal([]string{"nsfs", ns.String(), target}))
	g.Expect(report.Namespaces).To(Equal([]leak.Namespace{
		{Namespace: ns, Holders: []leak.Holder{{What: "mount", ID: mount.ID, Name: target}}},
	}))
	g.Expect(sys.Detach(target)).To(Succeed())
	settled(t, before)
}

// The kernel names such a descriptor after the mount, and "/" once that is gone.
func TestNamespaceOpenedThroughAMountIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	file, ns := newNet(t)
	target := mountAt(t, file)
	g.Expect(file.Close()).To(Succeed())
	opened, err := os.Open(target)
	g.Expect(err).NotTo(HaveOccurred())
	defer opened.Close()
	root, err := os.Open("/")
	g.Expect(err).NotTo(HaveOccurred())
	defer root.Close()

	holder := leak.Holder{What: "descriptor", ID: int(opened.Fd()), Name: target}
	report := afterwards(t, before)
	g.Expect(report.Namespaces).To(HaveLen(1))
	g.Expect(report.Namespaces[0].Namespace).To(Equal(ns))
	g.Expect(report.Namespaces[0].Holders).To(ContainElement(holder))

	g.Expect(sys.Detach(target)).To(Succeed())
	holder.Name = "/"
	report = afterwards(t, before)
	g.Expect(report.Namespaces).To(Equal([]leak.Namespace{{Namespace: ns, Holders: []leak.Holder{holder}}}))
	g.Expect(report.Descriptors).To(ContainElement(
		leak.Descriptor{Descriptor: procfs.Descriptor{Num: int(root.Fd()), Target: "/"}}))
}

// The kernel gives the inode of a namespace that is gone to the next one.
func TestNamespaceWithARecycledInodeIsNew(t *testing.T) {
	g := NewWithT(t)
	ns := procfs.Namespace{Kind: "net", Ino: 4026532177}
	held := func(fds ...int) *leak.Snapshot {
		s := &leak.Snapshot{}
		for _, fd := range fds {
			s.Descriptors = append(s.Descriptors,
				leak.Descriptor{Descriptor: procfs.Descriptor{Num: fd, Target: ns.String()}, Namespace: ns})
		}
		return s
	}
	g.Expect(leak.Diff(held(7), held(8)).Namespaces).To(HaveLen(1))
	g.Expect(leak.Diff(held(7), held(7, 8)).Namespaces).To(BeEmpty())
}

func TestDescriptorsAreComparedByNumberAndTarget(t *testing.T) {
	g := NewWithT(t)
	first, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	defer first.Close()
	before := take(t)

	second, err := os.Open("/dev/zero")
	g.Expect(err).NotTo(HaveOccurred())
	defer second.Close()
	number := int(second.Fd())
	g.Expect(leak.Diff(before, take(t)).Descriptors).To(Equal([]leak.Descriptor{
		{Descriptor: procfs.Descriptor{Num: number, Target: "/dev/zero"}},
	}))
	g.Expect(unix.Dup2(number, int(first.Fd()))).To(Succeed())
	g.Expect(second.Close()).To(Succeed())
	g.Expect(leak.Diff(before, take(t)).Descriptors).To(Equal([]leak.Descriptor{
		{Descriptor: procfs.Descriptor{Num: int(first.Fd()), Target: "/dev/zero"}},
	}))
}

func TestPollerOfTheRuntimeIsInEverySnapshot(t *testing.T) {
	var kinds []string
	for _, d := range take(t).Descriptors {
		kinds = append(kinds, d.Kind())
	}
	NewWithT(t).Expect(kinds).To(ContainElements("eventpoll", "eventfd"))
}

func TestSnapshotHoldsNoDescriptorOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	for _, d := range take(t).Descriptors {
		g.Expect(d.Target).NotTo(HavePrefix("/proc/"))
	}
	if report := leak.Diff(take(t), take(t)); !report.Empty() {
		t.Error(report)
	}
}

func TestChildIsFoundUntilItIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	before := take(t)
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS}
	g.Expect(cmd.Start()).To(Succeed())

	report := leak.Diff(before, take(t))
	g.Expect(report.Processes).To(HaveLen(1))
	child := report.Processes[0]
	g.Expect(child.PID).To(Equal(cmd.Process.Pid))
	g.Expect(child.Comm).To(Equal("cat"))
	g.Expect(child.Cmdline).To(Equal([]string{"cat"}))
	g.Expect(child.Hidden).NotTo(HaveOccurred())
	g.Expect(report.Namespaces).To(Equal([]leak.Namespace{{
		Namespace: child.NS[procfs.UTS],
		Holders:   []leak.Holder{{What: "process", ID: child.PID, Name: "cat"}},
	}}))

	g.Expect(stdin.Close()).To(Succeed())
	var ended unix.Siginfo
	g.Expect(unix.Waitid(unix.P_PID, child.PID, &ended, unix.WEXITED|unix.WNOWAIT, nil)).To(Succeed())
	report = leak.Diff(before, take(t))
	g.Expect(report.Processes).To(HaveLen(1))
	g.Expect(report.Processes[0].String()).To(HaveSuffix("(cat): has ended, and nobody has waited for it"))
	g.Expect(report.Namespaces).To(BeEmpty())

	g.Expect(cmd.Wait()).To(Succeed())
	g.Expect(leak.Diff(before, take(t)).Processes).To(BeEmpty())
}

// The files that package testing opens after a snapshot was taken.
func TestFilesOfPackageTestingAreNoLeak(t *testing.T) {
	if os.Getenv("LEAK_TEST_FILES") != "" {
		for _, d := range take(t).Descriptors {
			fmt.Println(d)
		}
		return
	}
	g := NewWithT(t)
	dir := t.TempDir()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestFilesOfPackageTestingAreNoLeak$",
		"-test.outputdir="+dir, "-test.trace=trace", "-test.cpuprofile=cpu", "-test.testlogfile="+dir+"/log")
	cmd.Env = append(os.Environ(), "LEAK_TEST_FILES=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(ContainSubstring("eventpoll"))
	g.Expect(string(out)).NotTo(ContainSubstring(dir))
}

func TestWhatCannotBeReadIsNoEmptySnapshot(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	g.Expect(os.MkdirAll(root+"/7/ns", 0o700)).To(Succeed())
	g.Expect(os.MkdirAll(root+"/7/task/7/ns", 0o700)).To(Succeed())
	g.Expect(os.Symlink("net:[none]", root+"/7/task/7/ns/net")).To(Succeed())
	_, err := leak.TakeFrom(root, "7")
	g.Expect(err).To(MatchError(procfs.ErrNotNamespace))

	g.Expect(os.Remove(root + "/7/task/7/ns/net")).To(Succeed())
	_, err = leak.TakeFrom(root, "7")
	g.Expect(err).To(MatchError(MatchRegexp("mounts of process 7: .*no such file")))
}

// A thread that has let its namespaces go is about to disappear.
func TestThreadThatEndsIsNotInASnapshot(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	const stat = "7 (router) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 1000"
	for name, text := range map[string]string{
		"7/stat": stat, "7/task/7/stat": stat, "7/task/8/stat": strings.Replace(stat, "7 (router) S", "8 (router) Z", 1),
		"7/ns/mnt": "-> mnt:[1]", "7/task/7/ns/mnt": "-> mnt:[1]", "7/task/8/ns/user": "-> user:[2]",
		"7/mountinfo": "", "7/fd/0": "-> /dev/null",
	} {
		name = filepath.Join(root, name)
		g.Expect(os.MkdirAll(filepath.Dir(name), 0o700)).To(Succeed())
		if target, isLink := strings.CutPrefix(text, "-> "); isLink {
			g.Expect(os.Symlink(target, name)).To(Succeed())
		} else {
			g.Expect(os.WriteFile(name, []byte(text), 0o600)).To(Succeed())
		}
	}
	s, err := leak.TakeFrom(root, "7")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Tasks).To(HaveLen(1))
	g.Expect(s.Tasks[0].PID).To(Equal(7))
}
