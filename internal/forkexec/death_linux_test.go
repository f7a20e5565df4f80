// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"golang.org/x/sys/unix"
)

func init() {
	for name, flags := range inNamespaces {
		selfexec.Register(name, func() error { return startAndStay(flags, 0) })
	}
	selfexec.Register("start in a new pid", func() error { return startAndStay(nil, unix.CLONE_NEWPID) })
	selfexec.Register("start for ever", startForEver)
	selfexec.Register("start beside main", startBesideMain)
	selfexec.Register("hold", func() error {
		h, _, err := forkexec.Hold(nil, unix.CLONE_NEWUSER|unix.CLONE_NEWPID, forkexec.Setup{})
		if err != nil {
			return err
		}
		return tell(h.PID())
	})
}

// inNamespaces are acts that start a child in those at the descriptors from 4 on.
var inNamespaces = map[string][]int{
	"start":             nil,
	"start in net":      {unix.CLONE_NEWNET},
	"start in mnt":      {unix.CLONE_NEWNS},
	"start in pid":      {unix.CLONE_NEWPID},
	"start in pid+ipc":  {unix.CLONE_NEWPID, unix.CLONE_NEWIPC},
	"start in user+pid": {unix.CLONE_NEWUSER, unix.CLONE_NEWPID},
}

// startForEver starts sleeps until it is killed, in the pid namespace at descriptor 4.
func startForEver() error {
	for {
		if _, err := forkexec.Start(context.Background(), []string{"/bin/sleep"}, []string{"sleep", "1000"},
			&forkexec.Attr{Joins: []forkexec.Join{{FD: 4, Flag: unix.CLONE_NEWPID}}}); err != nil {
			return err
		}
		if _, err := os.NewFile(3, "test").Write([]byte("x")); err != nil {
			return err
		}
	}
}

// startAndStay starts a sleep and tells its pid. The namespaces are another process's,
// so that only the death signal can be what ends the sleep.
func startAndStay(flags []int, unshare uintptr) error {
	var joins []forkexec.Join
	for i, f := range flags {
		joins = append(joins, forkexec.Join{FD: 4 + i, Flag: f})
	}
	p, err := forkexec.Start(context.Background(), []string{"/bin/sleep"}, []string{"sleep", "1000"},
		&forkexec.Attr{Joins: joins, Sys: &syscall.SysProcAttr{Unshareflags: unshare}})
	if err != nil {
		return err
	}
	return tell(p.Pid)
}

// startBesideMain starts a child where the next goroutine would get the main thread.
func startBesideMain() error {
	runtime.GOMAXPROCS(1)
	runtime.UnlockOSThread() // nstest has locked it
	p, err := forkexec.Start(context.Background(), []string{"/bin/sleep"}, []string{"sleep", "1000"}, &forkexec.Attr{})
	if err != nil {
		return err
	}
	ofMain, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil {
		return err
	}
	if len(ofMain) > 0 {
		return fmt.Errorf("the main thread has a child: %s", ofMain)
	}
	return tell(p.Pid)
}

// tell tells a pid and stays. To wait in the kernel is no deadlock for Go, which calls an empty
// select one where no other thread, such as one of cgo, is about.
func tell(pid int) error {
	if _, err := fmt.Fprintln(os.NewFile(3, "test"), pid); err != nil {
		return err
	}
	for {
		if err := unix.Pause(); err != unix.EINTR {
			return err
		}
	}
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	acts := maps.Clone(inNamespaces)
	for _, name := range []string{"start in a new pid", "start beside main", "hold"} {
		acts[name] = nil
	}
	for name, flags := range acts {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var files []*os.File
			for _, j := range fresh(t, flags...) {
				dup, err := unix.FcntlInt(uintptr(j.FD), unix.F_DUPFD_CLOEXEC, 0)
				g.Expect(err).NotTo(HaveOccurred())
				f := os.NewFile(uintptr(dup), "namespace")
				defer f.Close()
				files = append(files, f)
			}
			cmd, r := act(t, name, files...)
			var pid int
			_, err := fmt.Fscanln(r, &pid)
			g.Expect(err).NotTo(HaveOccurred())
			fd, err := unix.PidfdOpen(pid, 0)
			g.Expect(err).NotTo(HaveOccurred())
			defer unix.Close(fd)
			g.Expect(ended(t, fd, 0)).To(BeFalse())
			g.Expect(cmd.Process.Kill()).To(Succeed())
			g.Expect(ended(t, fd, 5000)).To(BeTrue(), "it outlives its parent")
		})
	}
}

// Who is stopped cannot see the end of anything. The kernel continues the members of a process
// group that is orphaned, but this one is not, as its new parent is of the same session.
func TestAStoppedInitDiesWithItsParent(t *testing.T) {
	g := NewWithT(t)
	g.Expect(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)).To(Succeed())
	defer func() { g.Expect(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)).To(Succeed()) }()
	cmd, r := act(t, "hold")
	var pid int
	_, err := fmt.Fscanln(r, &pid)
	g.Expect(err).NotTo(HaveOccurred())
	fd, err := unix.PidfdOpen(pid, 0)
	g.Expect(err).NotTo(HaveOccurred())
	defer unix.Close(fd)
	defer func() { // wherever the test ends: a zombie would be in the way of others
		_, _ = cmd.Process.Kill(), cmd.Wait() // so that this process is the parent
		g.Expect(unix.Kill(pid, unix.SIGKILL)).To(Succeed())
		_, err := unix.Wait4(pid, nil, 0, nil)
		g.Expect(err).NotTo(HaveOccurred())
	}()
	stop(t, pid)
	g.Expect(cmd.Process.Kill()).To(Succeed())
	_ = cmd.Wait() // killed
	g.Expect(ended(t, fd, 5000)).To(BeTrue(), "it outlives its parent")
}

func TestCloseEndsAStoppedInit(t *testing.T) {
	g := NewWithT(t)
	kids := children(t)
	_, h := hold(t, nil, unix.CLONE_NEWPID)
	stop(t, h.PID())
	g.Expect(h.Close()).To(Succeed())
	g.Eventually(func() []string { return children(t) }).Should(ConsistOf(kids))
}

// stop stops a process.
func stop(t *testing.T, pid int) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(unix.Kill(pid, unix.SIGSTOP)).To(Succeed())
	g.Eventually(func() (string, error) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		return string(b), err
	}).Should(ContainSubstring("State:\tT"))
}

// Wherever between fork and exec the parent's end finds a child, none is left.
func TestChildrenDieWithAParentThatForks(t *testing.T) {
	g := NewWithT(t)
	joins := fresh(t, unix.CLONE_NEWPID, unix.CLONE_NEWNS)
	sh(t, joins, "mount --make-rprivate / && mount -t proc proc /proc")
	for round := range 20 {
		dup, err := unix.FcntlInt(uintptr(joins[0].FD), unix.F_DUPFD_CLOEXEC, 0)
		g.Expect(err).NotTo(HaveOccurred())
		f := os.NewFile(uintptr(dup), "namespace")
		cmd, r := act(t, "start for ever", f)
		f.Close()
		_, err = io.ReadFull(r, make([]byte, 1+round%5))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(cmd.Process.Kill()).To(Succeed())
		_ = cmd.Wait() // killed
		// A dead one is a zombie until the init of the machine has reaped it.
		g.Eventually(func() string {
			return sh(t, joins, `awk '/^Name:/ {s = /sleep/} /^State:/ && s && !/zombie|dead/ {print FILENAME}' /proc/[0-9]*/status 2>/dev/null || true`)
		}).Should(BeEmpty())
	}
}

func TestChildrenOutliveTheirThread(t *testing.T) {
	g := NewWithT(t)
	r, w := pipe(t)
	started := make(chan *forkexec.Process)
	tid := make(chan int, 1)
	go func() {
		runtime.LockOSThread() // and the thread ends with the goroutine
		tid <- unix.Gettid()
		p, err := forkexec.Start(t.Context(), []string{"/bin/sh"}, []string{"sh", "-c", "read x; exit 3"}, &forkexec.Attr{Files: []uintptr{r.Fd()}})
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	p := <-started
	task := fmt.Sprintf("/proc/self/task/%d", <-tid)
	g.Eventually(func() error { _, err := os.Stat(task); return err }).Should(MatchError(os.ErrNotExist))
	running := goroutines()
	endIdleThreads()
	_, err := io.WriteString(w, "\n")
	g.Expect(err).NotTo(HaveOccurred())
	state, err := p.Wait()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state.ExitCode()).To(Equal(3), state.String())
	g.Expect(running).To(ContainSubstring("forkexec.onForkThread.func1"))
	g.Eventually(goroutines).ShouldNot(ContainSubstring("forkexec.onForkThread.func1"))
}

// endIdleThreads ends the threads that Go keeps for later: each goes to a goroutine that
// locks it and ends.
func endIdleThreads() {
	const many = 50
	var locked, ended sync.WaitGroup
	locked.Add(many)
	for range many {
		ended.Go(func() {
			runtime.LockOSThread()
			locked.Done()
			locked.Wait()
		})
	}
	ended.Wait()
}

func goroutines() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// A client that is locked to a thread in foreign namespaces does not lend them to the child.
func TestChildrenComeFromTheProcessesNamespaces(t *testing.T) {
	g := NewWithT(t)
	got := make(chan string)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error(err)
		}
		got <- sh(t, nil, "readlink /proc/self/ns/net")
	}()
	g.Expect(<-got).To(Equal(readlink(t, "/proc/self/ns/net")))
}

// ended waits for the end of a process.
func ended(t *testing.T, pidfd, milliseconds int) bool {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, milliseconds)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
}
