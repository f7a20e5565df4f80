// SPDX-License-Identifier: Apache-2.0

package pool

// Remembered returns how many Sets the pool knows as its own.
func Remembered(p *Pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known)
}

// Idle is Len, with Sets that were closed while idle and have not been noticed.
func Idle(p *Pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}
