// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestLogGetsWhatNobodyElseDoes(t *testing.T) {
	const script = "echo out; echo err >&2; exit 1"
	s := unshare(t, set.NS_UTS)
	for name, c := range map[string]struct {
		run  func(*set.Cmd) error
		want string
	}{
		"Run":            {(*set.Cmd).Run, "out\nerr\n"},
		"Stdout":         {func(c *set.Cmd) error { c.Stdout = io.Discard; return c.Run() }, "err\n"},
		"Stderr":         {func(c *set.Cmd) error { c.Stderr = io.Discard; return c.Run() }, "out\n"},
		"CombinedOutput": {func(c *set.Cmd) error { _, err := c.CombinedOutput(); return err }, ""},
		"Output": {func(c *set.Cmd) error {
			out, err := c.Output()
			if exit := new(exec.ExitError); string(out) != "out\n" || !errors.As(err, &exit) || string(exit.Stderr) != "err\n" {
				t.Errorf("Output: %q, %v", out, err)
			}
			return err
		}, "err\n"},
		"StdoutPipe": {func(c *set.Cmd) error {
			r, err := c.StdoutPipe()
			noError(t, err)
			noError(t, c.Start())
			if out, err := io.ReadAll(r); string(out) != "out\n" || err != nil {
				t.Errorf("StdoutPipe: %q, %v", out, err)
			}
			return c.Wait()
		}, "err\n"},
	} {
		var log bytes.Buffer
		cmd := s.Command(t.Context(), "sh", "-c", script)
		cmd.Log = &log
		if err := c.run(cmd); err == nil {
			t.Errorf("%s: no error", name)
		}
		if log.String() != c.want {
			t.Errorf("%s: the log is %q, want %q", name, log.String(), c.want)
		}
	}
}

// Who is second need not know of the other.
func TestWaitIsCalledByManyAndDoneByOne(t *testing.T) {
	cmd := unshare(t, set.NS_UTS).Command(t.Context(), "cat")
	stdin, err := cmd.StdinPipe()
	noError(t, err)
	noError(t, cmd.Start())
	var errs [4]error
	var waiting, begun sync.WaitGroup
	begun.Add(len(errs))
	for i := range errs {
		waiting.Go(func() {
			begun.Done()
			errs[i] = cmd.Wait()
		})
	}
	begun.Wait()
	noError(t, stdin.Close())
	waiting.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if err.Error() != "gonso: Wait was already called" {
			t.Error(err)
		}
	}
	if done != 1 {
		t.Errorf("%d of them have waited", done)
	}
}
