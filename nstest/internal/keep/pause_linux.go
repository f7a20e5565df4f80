// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// wait has a test wait until somebody says that it shall go on, or its time is nearly over. The entry is that of its
// fixtures if they are kept, and nil otherwise: then this process has the namespaces.
func (k *keeper) wait(t *lifecycle.Test, instances []*lifecycle.Instance, e *kept.Entry) {
	c, err := collect(t, instances, func(*lifecycle.Instance) bool { return true })
	if c == nil {
		return // there is nothing to look into
	}
	defer c.close()
	if err == nil {
		err = k.pause(t, c, e)
	}
	if err != nil {
		c.instances[0].Note(fmt.Sprintf("%s: %s", PauseVariable, strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
}

var errNoTime = errors.New("the test does not wait, since no time of -test.timeout is left for it")

// pause publishes that the test waits, and has it wait. The error is of what went wrong.
func (k *keeper) pause(t *lifecycle.Test, c *collection, e *kept.Entry) (err error) {
	until, limited := t.WaitUntil()
	left := time.Until(until)
	if limited && left <= 0 {
		return errNoTime
	}
	test, err := kept.ThisProcess()
	if err != nil {
		return err
	}
	p := &kept.Pause{Test: test}
	if limited {
		p.Until = &until
	}
	if e == nil {
		e = c.entry
		e.Holder = test
		c.setPathsOfFiles()
		if e.Around, err = around(os.Getpid()); err != nil {
			return err
		}
		e.Paused = p
		if err := k.folder.Add(e); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, k.folder.Remove(e.Name)) }()
	} else {
		e.Paused = p
		if err := k.folder.Update(e); err != nil {
			return err
		}
		defer func() {
			e.Paused = nil
			err = errors.Join(err, k.folder.EndPause(e))
		}()
	}
	resumed, err := k.folder.AwaitResume(e)
	if err != nil {
		return err
	}
	return k.await(notice(e, whyFailed(t, c.instances), left, limited), resumed, left, limited)
}

// await prints that text and waits for a byte from gonso resume, a line from the terminal, or the end of the time.
func (k *keeper) await(text string, resumed *os.File, left time.Duration, limited bool) error {
	byName := make(chan error, 1)
	go func() {
		_, err := resumed.Read(make([]byte, 1))
		byName <- err
	}()
	var deadline <-chan time.Time
	if limited {
		timer := time.NewTimer(left)
		defer timer.Stop()
		deadline = timer.C
	}
	enter := k.console.wait(text)
	defer k.console.leave(enter)
	var err error
	select {
	case err = <-byName:
		return errors.Join(err, resumed.Close())
	case <-enter.pressed:
	case <-deadline:
	}
	err = resumed.Close()
	<-byName // which the end of the file has ended
	return err
}

// setPathsOfFiles says where this process has the namespaces.
func (c *collection) setPathsOfFiles() {
	next := 0
	for _, f := range c.entry.Fixtures {
		for i := range f.Namespaces {
			f.Namespaces[i].Path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), c.files[next].Fd())
			next++
		}
	}
}

// notice says that a test waits, why it has failed, and what one can do.
func notice(e *kept.Entry, why string, left time.Duration, limited bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "nstest: %s has failed and waits, with all that it has started.\n%sTo look into it from another terminal:\n", e.Test, why)
	for i := range e.Fixtures {
		fmt.Fprintln(&b, commands(e, i, "    "))
	}
	fmt.Fprintf(&b, "It goes on after gonso resume %s", e.Name)
	if limited {
		fmt.Fprintf(&b, ", or in %v, before -timeout ends it", left.Round(time.Second))
	}
	return b.String()
}
