// SPDX-License-Identifier: Apache-2.0

package sys_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// high is a number that the kernel, which hands out the lowest one, gives to nobody
// who does not ask for it.
const high = 700

// openHigh opens /dev/null under that number.
func openHigh(t *testing.T) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if n, err := unix.FcntlInt(null.Fd(), unix.F_DUPFD_CLOEXEC, high); n != high {
		t.Fatalf("descriptor %d (%v), want %d", n, err, high)
	}
}

func TestFDIsClosedOnce(t *testing.T) {
	openHigh(t)
	fd := sys.NewFD(high)
	if err := fd.Close(); err != nil {
		t.Fatal(err)
	}
	openHigh(t) // somebody else's
	if err := fd.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second Close: %v, want os.ErrClosed", err)
	}
	if _, err := unix.FcntlInt(high, unix.F_GETFD, 0); err != nil {
		t.Fatalf("the second Close closed somebody else's descriptor: %v", err)
	}
	if err := unix.Close(high); err != nil {
		t.Error(err)
	}
}

// An error path closes what it has, and that may be nothing.
func TestCloseOfNoFD(t *testing.T) {
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("Close of a nil FD: %v", v)
		}
	}()
	var fd *sys.FD
	if err := fd.Close(); err != nil {
		t.Error(err)
	}
}

func TestDisownedFDStaysOpen(t *testing.T) {
	openHigh(t)
	fd := sys.NewFD(high)
	if n := fd.Disown(); n != high || fd.Int() != -1 {
		t.Errorf("disowned %d, and left %d", n, fd.Int())
	}
	if err := fd.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close: %v, want os.ErrClosed", err)
	}
	if err := unix.Close(high); err != nil {
		t.Errorf("what was disowned is not open: %v", err)
	}
}

func TestEveryFDIsCloseOnExec(t *testing.T) {
	dir := t.TempDir()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	folder, err := sys.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for name, open := range map[string]func() (*sys.FD, error){
		"Open":      func() (*sys.FD, error) { return sys.Open(os.DevNull) },
		"OpenDir":   func() (*sys.FD, error) { return sys.OpenDir(dir) },
		"OpenDirAt": func() (*sys.FD, error) { return sys.OpenDirAt(folder, ".") },
		"OpenAt":    func() (*sys.FD, error) { return sys.OpenAt(folder, ".") },
		"Create":    func() (*sys.FD, error) { return sys.Create(filepath.Join(dir, "new"), 0o600) },
		"Dup":       func() (*sys.FD, error) { return folder.Dup() },
		"DupFile":   func() (*sys.FD, error) { return sys.DupFile(null) },
		"Socket":    func() (*sys.FD, error) { return sys.Socket(false, sys.Datagram, 0) },
	} {
		fd, err := open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if flags, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: a program that is executed inherits the descriptor (%#x, %v)", name, flags, err)
		}
		if err := fd.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A fifo without a writer would have its reader wait.
func TestOpenNeverWaits(t *testing.T) {
	fd, err := sys.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	if flags, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("opened with %#x (%v), want O_NONBLOCK", flags, err)
	}
}

func TestCreateLeavesFilesAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sys.Create(file, 0o600); !errors.Is(err, os.ErrExist) {
		t.Errorf("made a file where there is one: %v, want os.ErrExist", err)
	}
}
