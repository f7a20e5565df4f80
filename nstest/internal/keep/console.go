// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A console is the terminal of this process, at which one line has one test go on: the first of those that wait.
// Package testing gives tests no standard input, and prints what they say when they have ended.
type console struct {
	mu    sync.Mutex
	tty   *os.File // as long as some test waits
	queue []*waiter
	ended chan struct{} // closed when nobody reads the terminal any more
}

// A waiter is a test that waits.
type waiter struct{ pressed chan struct{} }

// wait prints what a test has to say, and has it wait for a line. Without a terminal none ever comes, and it is
// printed on standard error.
func (c *console) wait(text string) *waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &waiter{make(chan struct{})}
	c.queue = append(c.queue, w)
	if c.tty == nil {
		c.open()
	}
	if c.tty == nil {
		fmt.Fprintln(os.Stderr, text+".")
		return w
	}
	fmt.Fprintf(c.tty, "\n%s, or after Enter.\n", text) // where it cannot be written nothing is to be read
	return w
}

// open opens the terminal, unless this process is in the background: a process that reads it there is stopped.
// The lock is held.
func (c *console) open() {
	if !sys.InForeground() {
		return
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return
	}
	c.tty, c.ended = tty, make(chan struct{})
	go func() {
		defer close(c.ended)
		for lines := bufio.NewScanner(tty); lines.Scan(); {
			c.pop()
		}
	}()
}

// pop has the first test go on.
func (c *console) pop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 {
		close(c.queue[0].pressed)
		c.queue = c.queue[1:]
	}
}

// leave is called when a test goes on.
func (c *console) leave(w *waiter) {
	c.mu.Lock()
	c.queue = slices.DeleteFunc(c.queue, func(other *waiter) bool { return other == w })
	tty, ended := c.tty, c.ended
	if len(c.queue) > 0 || tty == nil {
		c.mu.Unlock()
		return
	}
	c.tty = nil
	c.mu.Unlock()
	_ = tty.Close() // which ends the reading
	<-ended
}
