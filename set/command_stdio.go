// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io"
)

// StdinPipe returns a pipe to the command's standard input. Wait closes it. Close it
// before that to let the command see the end of its input.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	if err := c.mayPipe("Stdin", c.Stdin != nil); err != nil {
		return nil, err
	}
	w, err := c.cmd.StdinPipe()
	c.Stdin = c.cmd.Stdin
	return w, newError("start", 0, err)
}

// StdoutPipe returns a pipe from the command's standard output. Wait closes it, so read
// everything before you call Wait.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) {
	if err := c.mayPipe("Stdout", c.Stdout != nil); err != nil {
		return nil, err
	}
	r, err := c.cmd.StdoutPipe()
	c.Stdout = c.cmd.Stdout
	return r, newError("start", 0, err)
}

// StderrPipe is StdoutPipe for the standard error.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) {
	if err := c.mayPipe("Stderr", c.Stderr != nil); err != nil {
		return nil, err
	}
	r, err := c.cmd.StderrPipe()
	c.Stderr = c.cmd.Stderr
	return r, newError("start", 0, err)
}

func (c *Cmd) mayPipe(stream string, taken bool) error {
	switch {
	case taken:
		return fmt.Errorf("gonso: %s already set", stream)
	case c.started:
		return errors.New("gonso: pipe after the command was started")
	}
	return nil
}

// A prefixSuffixSaver keeps the beginning and the end of what is written to it.
type prefixSuffixSaver struct {
	prefix, suffix []byte
	skipped        int
}

// savedSize is how much is kept at either end.
const savedSize = 32 << 10

func (w *prefixSuffixSaver) Write(p []byte) (int, error) {
	n := min(len(p), savedSize-len(w.prefix))
	w.prefix = append(w.prefix, p[:n]...)
	w.suffix = append(w.suffix, p[n:]...)
	if over := len(w.suffix) - savedSize; over > 0 {
		w.skipped += over
		w.suffix = append(w.suffix[:0], w.suffix[over:]...)
	}
	return len(p), nil
}

func (w *prefixSuffixSaver) bytes() []byte {
	if w.skipped == 0 {
		return append(w.prefix, w.suffix...)
	}
	return append(fmt.Appendf(w.prefix, "\n... %d bytes left out ...\n", w.skipped), w.suffix...)
}
