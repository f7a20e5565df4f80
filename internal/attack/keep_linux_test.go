// SPDX-License-Identifier: Apache-2.0

package attack_test

import (
	"errors"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// keep does what NSTEST_KEEP has done with a fixture. What keeps it lives until the test ends.
func keep(t *testing.T, s set.Set) (err error) {
	fds, err := s.Fds(0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fds.Close()) }()
	var files []holder.File
	for _, flag := range set.Kinds(s.Flags()) {
		files = append(files, holder.File{File: fds.Get(flag), What: set.KindNames(flag)})
	}
	pid, err := holder.Start(files...)
	if err != nil {
		return err
	}
	endLater(t, pid)
	if s.Flags()&set.NS_PID == 0 {
		return nil
	}
	fd, err := sys.DupFile(fds.Get(set.NS_PID))
	if err != nil {
		return err
	}
	id, err := fd.InodeID()
	if err = errors.Join(err, fd.Close()); err != nil {
		return err
	}
	first, err := forkexec.KeepInit(id)
	if err == nil && first == 0 {
		err = errors.New("process 1 is not kept")
	}
	if err != nil {
		return err
	}
	if !kept[first] { // by the first call
		kept[first] = true
		endLater(t, first)
	}
	return nil
}

// kept has the first processes that are.
var kept = make(map[int]bool)

// endLater ends a child when the test does.
func endLater(t *testing.T, pid int) {
	child, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := child.Kill()
		if err == nil {
			_, err = child.Wait()
		}
		if err != nil && !errors.Is(err, unix.ECHILD) {
			t.Errorf("end process %d: %v", pid, err)
		}
	})
}
