// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func init() { selfexec.Register("stopped beside an orphan", stoppedBesideAnOrphan) }

// When an orphan ends that the first process of a pid namespace has adopted, no other process
// learns of it, though one is stopped.
func TestOrphansEndUnheard(t *testing.T) {
	nstest.Require(t, set.NS_PID)
	act(t, "stopped beside an orphan")
}

func stoppedBesideAnOrphan() (err error) {
	s, err := set.Unshare(set.NS_PID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stopped := exec.Command("sleep", "1000")
	stopped.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := stopped.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopped.Process.Kill()); _ = stopped.Wait() }()
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(stopped.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("sleep is not stopped: %#x, %w", status, err)
	}

	// The orphan reads until w is closed, and has closed ended when it has ended.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	ended, isEnded, err := os.Pipe()
	if err != nil {
		return errors.Join(err, r.Close())
	}
	defer ended.Close()
	var parent *exec.Cmd
	e := s.Do(func() {
		parent = exec.Command("sh", "-c", "cat <&3 >&4 & exit")
		parent.ExtraFiles = []*os.File{r, isEnded}
		err = parent.Run()
	})
	if err := errors.Join(e, err, r.Close(), isEnded.Close(), w.Close()); err != nil {
		return err
	}
	if _, err := ended.Read(make([]byte, 1)); err == nil {
		return errors.New("the orphan has written something")
	}
	return nil
}
