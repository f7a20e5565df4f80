// SPDX-License-Identifier: Apache-2.0

package sys_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func TestWaitReadableReturnsWhenAThreadEnds(t *testing.T) {
	ids, stop := make(chan int), make(chan struct{})
	var run func()
	run = func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if sys.OnMainThread() {
			go run()
		} else {
			ids <- sys.Gettid()
		}
		<-stop
	}
	go run()
	thread, err := sys.OpenThread(<-ids)
	if errors.Is(err, unix.EINVAL) && before(t, 6, 9) { // as it is documented
		close(stop)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer thread.Close()
	close(stop)
	waitFor(t, thread)
}

// before reports whether the kernel is older than that version.
func before(t *testing.T, major, minor int) bool {
	t.Helper()
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		t.Fatal(err)
	}
	var is [2]int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(uts.Release[:]), "%d.%d", &is[0], &is[1]); err != nil {
		t.Fatal(err)
	}
	return slices.Compare(is[:], []int{major, minor}) < 0
}

func TestWaitReadableReturnsWhenAProcessEnds(t *testing.T) {
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if has, err := sys.HasChildren(); err != nil || !has {
		t.Errorf("a child that runs: %v, %v", has, err)
	}
	process, err := sys.OpenProcess(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close()
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, process)
	if has, err := sys.HasChildren(); err != nil || !has {
		t.Errorf("a child that has ended: %v, %v", has, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, fd *sys.FD) {
	t.Helper()
	const long = time.Minute
	begin := time.Now()
	for {
		if err := sys.WaitReadable(long, fd); err != nil {
			t.Fatal(err)
		}
		if time.Since(begin) > long {
			t.Fatal("the event never came")
		}
		polled := []unix.PollFd{{Fd: int32(fd.Int()), Events: unix.POLLIN}}
		if n, _ := unix.Poll(polled, 0); n == 1 { // and not a signal
			return
		}
	}
}

func TestReadlinkOfAnyLength(t *testing.T) {
	dir := t.TempDir()
	fd, err := sys.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	for _, n := range []int{1, 127, 128, 129, 4095} {
		target := strings.Repeat("x", n)
		if err := errors.Join(os.RemoveAll(dir+"/link"), os.Symlink(target, dir+"/link")); err != nil {
			t.Fatal(err)
		}
		if got, err := fd.Readlink("link"); err != nil || got != target {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
}
