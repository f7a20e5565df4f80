// SPDX-License-Identifier: Apache-2.0

package set

import (
	"sync/atomic"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// A pidInit is the first process of a pid namespace, shared by all Sets that have
// the namespace. A nil one is that of a namespace which others keep alive.
type pidInit struct {
	refs atomic.Int32
	*forkexec.Init
}

// newPidInit returns nil for no process.
func newPidInit(init *forkexec.Init) *pidInit {
	if init.PID() == 0 {
		return nil
	}
	p := &pidInit{Init: init}
	p.refs.Store(1)
	return p
}

func (p *pidInit) retain() *pidInit {
	if p != nil {
		p.refs.Add(1)
	}
	return p
}

func (p *pidInit) release() error {
	if p == nil || p.refs.Add(-1) > 0 {
		return nil
	}
	return newError("end the first process of", NS_PID, p.Close())
}
