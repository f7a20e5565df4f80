// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"syscall"
	"time"
)

// plumbing is what lies between a command's streams and the ends of its pipes.
type plumbing struct {
	theirs []io.Closer // closed once the command has them
	ours   []io.Closer // closed once the command has ended
	copies []func() error
	copied chan error // one for each copy
}

// StdinPipe returns a pipe to the command's standard input. Wait closes it; closing it
// sooner is how the command gets to see the end of its input.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	if c.Stdin != nil {
		return nil, errors.New("gonso: Stdin already set")
	}
	r, w, err := c.pipe()
	if err != nil {
		return nil, err
	}
	c.Stdin = r
	c.pipes.theirs, c.pipes.ours = append(c.pipes.theirs, r), append(c.pipes.ours, w)
	return w, nil
}

// StdoutPipe returns a pipe from the command's standard output. Wait closes it, so all
// has to be read before.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) {
	if c.Stdout != nil {
		return nil, errors.New("gonso: Stdout already set")
	}
	r, w, err := c.pipe()
	if err != nil {
		return nil, err
	}
	c.Stdout = w
	c.pipes.theirs, c.pipes.ours = append(c.pipes.theirs, w), append(c.pipes.ours, r)
	return r, nil
}

// StderrPipe is StdoutPipe for the standard error.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) {
	if c.Stderr != nil {
		return nil, errors.New("gonso: Stderr already set")
	}
	r, w, err := c.pipe()
	if err != nil {
		return nil, err
	}
	c.Stderr = w
	c.pipes.theirs, c.pipes.ours = append(c.pipes.theirs, w), append(c.pipes.ours, r)
	return r, nil
}

func (c *Cmd) pipe() (r, w *os.File, err error) {
	if c.started {
		return nil, nil, errors.New("gonso: pipe after the command was started")
	}
	r, w, err = os.Pipe()
	return r, w, newError("start", 0, err)
}

// files returns the descriptors from 0 on.
func (p *plumbing) files(c *Cmd) ([]*os.File, error) {
	in, err := p.reader(c.Stdin)
	if err != nil {
		return nil, err
	}
	stdout, stderr := c.Stdout, c.Stderr
	if stdout == nil {
		stdout = c.Log
	}
	if stderr == nil {
		stderr = c.Log
	}
	out, err := p.writer(stdout)
	if err != nil {
		return nil, err
	}
	errs := out
	if stdout == nil || !same(stdout, stderr) {
		if errs, err = p.writer(stderr); err != nil {
			return nil, err
		}
	}
	return append([]*os.File{in, out, errs}, c.ExtraFiles...), nil
}

// same tells whether both are one writer, which then is never written to by two
// goroutines at once.
func same(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Comparable() && a == b
}

func (p *plumbing) reader(from io.Reader) (*os.File, error) {
	if f, ok := from.(*os.File); ok {
		return f, nil
	}
	if from == nil {
		return p.null(os.O_RDONLY)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.theirs, p.ours = append(p.theirs, r), append(p.ours, w)
	p.copies = append(p.copies, func() error {
		_, err := io.Copy(w, from)
		if errors.Is(err, syscall.EPIPE) {
			err = nil // the command need not read all of it
		}
		if e := w.Close(); err == nil {
			err = e
		}
		return err
	})
	return r, nil
}

func (p *plumbing) writer(to io.Writer) (*os.File, error) {
	if f, ok := to.(*os.File); ok {
		return f, nil
	}
	if to == nil {
		return p.null(os.O_WRONLY)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.theirs, p.ours = append(p.theirs, w), append(p.ours, r)
	p.copies = append(p.copies, func() error {
		_, err := io.Copy(to, r)
		// Whether there was an error or not: if nobody reads, the command shall know.
		_ = r.Close()
		return err
	})
	return w, nil
}

func (p *plumbing) null(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err != nil {
		return nil, err
	}
	p.theirs = append(p.theirs, f)
	return f, nil
}

// started lets go of what the command has now, or of everything if it has not started.
func (p *plumbing) started(ok bool) {
	closeEach(p.theirs)
	p.theirs = nil
	if !ok {
		closeEach(p.ours)
		p.ours, p.copies = nil, nil
	}
}

// copy begins to copy.
func (p *plumbing) copy() {
	p.copied = make(chan error, len(p.copies))
	for _, c := range p.copies {
		go func() { p.copied <- c() }()
	}
}

// wait waits until all is copied, if a delay is set no longer than that.
func (p *plumbing) wait(delay time.Duration, cut interrupted) (err error) {
	defer func() {
		closeEach(p.ours)
		p.ours = nil
	}()
	late := cut.late
	if late == nil && delay != 0 && len(p.copies) > 0 {
		late = time.After(delay)
	}
	for range p.copies {
		next, done := error(nil), false
		select {
		case next = <-p.copied:
			done = true
		default:
		}
		if !done {
			select {
			case next = <-p.copied:
			case <-late:
				// A process that the command has left behind holds a pipe open.
				closeEach(p.ours)
				late = nil
				err = exec.ErrWaitDelay
				<-p.copied
			}
		}
		if err == nil {
			err = next
		}
	}
	return err
}

// closeEach closes pipe ends, some of which a goroutine or the user may have closed.
func closeEach(ends []io.Closer) {
	for _, e := range ends {
		_ = e.Close()
	}
}

// interrupted is what came of the end of a command's context.
type interrupted struct {
	err  error
	late <-chan time.Time // when WaitDelay is over, if it has begun
}

// watch waits for the end of the context, or of the command.
func (c *Cmd) watch() (cut interrupted) {
	select {
	case <-c.exited:
		return interrupted{}
	case <-c.ctx.Done():
	}
	if c.Cancel != nil {
		switch err := c.Cancel(); {
		case err == nil:
			cut.err = c.ctx.Err()
		case !errors.Is(err, os.ErrProcessDone):
			cut.err = fmt.Errorf("gonso: cancelling the command: %w", err)
		}
	}
	if c.WaitDelay == 0 {
		return cut
	}
	timer := time.NewTimer(c.WaitDelay)
	select {
	case <-c.exited:
		cut.late = timer.C
		return cut
	case <-timer.C:
	}
	if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		cut.err = fmt.Errorf("gonso: killing the command: %w", err)
	}
	over := make(chan time.Time)
	close(over)
	cut.late = over
	return cut
}

// bothEnds keeps the beginning and the end of what is written to it.
type bothEnds struct {
	head, tail []byte
	skipped    int
}

const endSize = 32 << 10

func (b *bothEnds) Write(p []byte) (int, error) {
	n := min(len(p), endSize-len(b.head))
	b.head = append(b.head, p[:n]...)
	b.tail = append(b.tail, p[n:]...)
	if over := len(b.tail) - endSize; over > 0 {
		b.skipped += over
		b.tail = append(b.tail[:0], b.tail[over:]...)
	}
	return len(p), nil
}

func (b *bothEnds) bytes() []byte {
	if b.skipped == 0 {
		return append(b.head, b.tail...)
	}
	return append(fmt.Appendf(b.head, "\n... %d bytes left out ...\n", b.skipped), b.tail...)
}
