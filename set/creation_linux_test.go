// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// fromHere lists what creation knows of the things that tests of this function have made.
func fromHere(t *testing.T, thing func(int) creation.Thing, ids ...int) (found []string) {
	t.Helper()
	for _, id := range ids {
		if text := creation.Of(thing(id)); strings.Contains(text, t.Name()) {
			found = append(found, text)
		}
	}
	return found
}

// What is left behind is named by where it was made; what was given back is forgotten, since
// its number is somebody else's by then.
func TestWhoWatchesLearnsWhereThingsWereMade(t *testing.T) {
	creation.Watch(true)
	defer creation.Watch(false)
	var numbers []int
	for n := range 1024 {
		numbers = append(numbers, n)
	}
	known := func(want int, what string) {
		t.Helper()
		if found := fromHere(t, creation.Descriptor, numbers...); len(found) != want {
			t.Errorf("%s: %d descriptors are known, want %d: %q", what, len(found), want, found)
		}
	}
	s, err := set.Unshare(set.NS_UTS | set.NS_NET)
	noError(t, err)
	known(2, "a Set of two namespaces")
	d, err := s.Dup(set.NS_UTS)
	noError(t, err)
	known(3, "and a copy of one")
	noError(t, s.Close())
	known(1, "the Set is closed")

	id, err := d.ID(set.NS_UTS)
	noError(t, err)
	uts, err := procfs.ParseNamespace(id)
	noError(t, err)
	noError(t, d.Do(func() {
		if found := creation.Inside(uts.Ino); !strings.HasPrefix(found, "moved at creation_linux_test.go:") || !strings.Contains(found, t.Name()) {
			t.Errorf("in Do: %q", found)
		}
	}))
	if found := creation.Inside(uts.Ino); found != "" {
		t.Errorf("after Do: %q", found)
	}

	inside, leave := make(chan string), make(chan struct{})
	go d.Do(func() { // no frame of the goroutine is of this file
		inside <- creation.Inside(uts.Ino)
		<-leave
	})
	if found := <-inside; !strings.HasPrefix(found, "moved at creation_linux_test.go:") || !strings.HasSuffix(found, t.Name()+", by a go statement") {
		t.Errorf("in Do on a goroutine of its own: %q", found)
	}
	close(leave)

	cmd := d.Command(t.Context(), "cat")
	stdin, err := cmd.StdinPipe()
	noError(t, err)
	noError(t, cmd.Start())
	if len(fromHere(t, creation.Process, cmd.Process.Pid)) != 1 {
		t.Error("nothing is known of the process")
	}
	noError(t, stdin.Close())
	noError(t, cmd.Wait())
	if found := fromHere(t, creation.Process, cmd.Process.Pid); found != nil {
		t.Errorf("after Wait: %q", found)
	}
	noError(t, d.Close())
	for deadline := time.Now().Add(10 * time.Second); len(fromHere(t, creation.Descriptor, numbers...)) > 0 && time.Now().Before(deadline); {
		runtime.Gosched() // Do of the goroutine, which nobody can wait for, may still hold them
	}
	known(0, "both are closed")
}

func TestTheFirstProcessOfAPIDNamespaceIsItsSets(t *testing.T) {
	creation.Watch(true)
	defer creation.Watch(false)
	s, err := set.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
	noError(t, err)
	defer s.Close()
	children, err := procfs.Children(procfs.Root, os.Getpid())
	noError(t, err)
	var ids []int
	for _, child := range children {
		ids = append(ids, child.PID)
	}
	if len(fromHere(t, creation.Process, ids...)) != 1 {
		t.Errorf("nothing is known of the first process, which is one of %v", ids)
	}
}
