// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"syscall"
	"time"
)

// childFiles returns the files that the process gets as its descriptors, from 0 on.
func (c *Cmd) childFiles() ([]*os.File, error) {
	stdin, err := c.childStdin()
	if err != nil {
		return nil, err
	}
	stdout, err := c.childStdout(c.Stdout)
	if err != nil {
		return nil, err
	}
	stderr := stdout
	// If both go to one writer, it is never written to by two goroutines at once.
	if one := c.Stderr != nil && reflect.ValueOf(c.Stderr).Comparable() && c.Stderr == c.Stdout; !one {
		if stderr, err = c.childStdout(c.Stderr); err != nil {
			return nil, err
		}
	}
	return append([]*os.File{stdin, stdout, stderr}, c.ExtraFiles...), nil
}

// childStdin returns what the process reads.
func (c *Cmd) childStdin() (*os.File, error) {
	from := c.Stdin
	if f, ok := from.(*os.File); ok {
		return f, nil
	}
	if from == nil {
		return c.openNull(os.O_RDONLY)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.childIOFiles, c.parentIOPipes = append(c.childIOFiles, r), append(c.parentIOPipes, w)
	c.goroutine = append(c.goroutine, func() error {
		_, err := io.Copy(w, from)
		if errors.Is(err, syscall.EPIPE) {
			err = nil // the process need not read all of it
		}
		return cmp.Or(err, w.Close())
	})
	return r, nil
}

// childStdout returns what the process writes to, as its standard output or error.
func (c *Cmd) childStdout(to io.Writer) (*os.File, error) {
	if f, ok := to.(*os.File); ok {
		return f, nil
	}
	if to == nil {
		return c.openNull(os.O_WRONLY)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.childIOFiles, c.parentIOPipes, c.outputs = append(c.childIOFiles, w), append(c.parentIOPipes, r), append(c.outputs, r)
	c.goroutine = append(c.goroutine, func() error {
		_, err := io.Copy(to, r)
		// Whether there was an error or not: if nobody reads, the process shall know.
		_ = r.Close()
		return err
	})
	return w, nil
}

func (c *Cmd) openNull(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err != nil {
		return nil, err
	}
	c.childIOFiles = append(c.childIOFiles, f)
	return f, nil
}

// copyStdio begins to copy.
func (c *Cmd) copyStdio() {
	if len(c.goroutine) == 0 {
		return
	}
	c.goroutineErr = make(chan error, 1)
	var first error
	var once sync.Once
	var left sync.WaitGroup
	for _, f := range c.goroutine {
		left.Go(func() {
			if err := f(); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	go func() {
		left.Wait()
		c.goroutineErr <- first
	}()
}

// awaitGoroutines waits until all is copied, but no longer than until expired, or for WaitDelay.
func (c *Cmd) awaitGoroutines(expired <-chan time.Time) error {
	if c.goroutineErr == nil {
		return nil
	}
	if expired == nil && c.WaitDelay != 0 {
		timer := time.NewTimer(c.WaitDelay)
		defer timer.Stop()
		expired = timer.C
	}
	select { // both may be ready
	case err := <-c.goroutineErr:
		return err
	default:
	}
	select {
	case err := <-c.goroutineErr:
		return err
	case <-expired:
		// A process that the command has left behind holds a pipe open.
		closeDescriptors(c.parentIOPipes)
		<-c.goroutineErr
		return exec.ErrWaitDelay
	}
}

// StdinPipe returns a pipe to the standard input, which Wait closes.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.Stdin = r
	c.childIOFiles, c.parentIOPipes = append(c.childIOFiles, r), append(c.parentIOPipes, w)
	return w, nil
}

// StdoutPipe returns a pipe from the standard output, which Wait closes.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) { return c.outputPipe(&c.Stdout) }

// StderrPipe is StdoutPipe for the standard error.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) { return c.outputPipe(&c.Stderr) }

func (c *Cmd) outputPipe(output *io.Writer) (io.ReadCloser, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	*output = w
	c.childIOFiles, c.parentIOPipes, c.outputs = append(c.childIOFiles, w), append(c.parentIOPipes, r), append(c.outputs, r)
	return r, nil
}

// ClosePipes closes what a Cmd has open that does not run, and never will.
func (c *Cmd) ClosePipes() {
	closeDescriptors(c.childIOFiles)
	closeDescriptors(c.parentIOPipes)
}

// closeDescriptors closes what a goroutine or the user may have closed before.
func closeDescriptors(closers []io.Closer) {
	for _, f := range closers {
		_ = f.Close()
	}
}
