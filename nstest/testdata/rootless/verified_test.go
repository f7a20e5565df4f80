// SPDX-License-Identifier: Apache-2.0

package rootless

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// leave leaves a descriptor behind, which a later test closes.
func leave(t *testing.T) {
	f, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	left = append(left, f)
}

var left []*os.File

func TestVerifyNoLeaks(t *testing.T) {
	t.Run("clean", func(t *testing.T) {
		nstest.VerifyNoLeaks(t)
		ns := nstest.New(t, gonso.NS_NET|gonso.NS_PID)
		if err := ns.Set().Command(t.Context(), "true").Run(); err != nil {
			t.Error(err)
		}
		ns.Listen("tcp", "127.0.0.1:0")
		for range 10 { // so that more are made ready for later
			nstest.New(t, gonso.NS_UTS)
		}
	})
	t.Run("leaks", func(t *testing.T) {
		nstest.VerifyNoLeaks(t)
		leave(t)
		keep(t)
	})
	t.Run("ignored", func(t *testing.T) {
		nstest.VerifyNoLeaks(t, nstest.Ignoring("/dev/zero"), nstest.Ignoring("rootless.keep"))
		leave(t)
		keep(t)
	})
	t.Run("failed", func(t *testing.T) {
		nstest.VerifyNoLeaks(t)
		leave(t)
		t.Fatal("the reason")
	})
	for _, f := range left {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFailAfterLeaving(t *testing.T) {
	leave(t)
	t.Fatal("the reason")
}

// TestFailAfterLeavingAProcess leaves a file, which ends with this process, and a process, which does not until
// its standard input is closed.
func TestFailAfterLeavingAProcess(t *testing.T) {
	leave(t)
	cat := exec.Command("cat")
	var err error
	if open, err = cat.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	t.Fatal("the reason")
}

// open is not to be closed by the garbage collection.
var open io.Closer

// TestVerifyNoLeaksAfterAFailure is of one test what TestFailAfterLeavingAProcess is of a run.
func TestVerifyNoLeaksAfterAFailure(t *testing.T) {
	nstest.VerifyNoLeaks(t)
	TestFailAfterLeavingAProcess(t)
}
