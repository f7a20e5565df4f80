// SPDX-License-Identifier: Apache-2.0

package forkexec

import "os"

// A Process is what [Start] started. A thread lives for it until Wait has returned.
type Process struct {
	*os.Process
	release func() // the thread that forked
}

// Wait is [os.Process.Wait].
func (p *Process) Wait() (*os.ProcessState, error) {
	defer p.release()
	return p.Process.Wait()
}

// Abandon is called in place of Wait, and lets go of the thread. A process that has a death signal may get it then.
func (p *Process) Abandon() { p.release() }
