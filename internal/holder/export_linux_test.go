// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package holder

import "github.com/seed-1bc5c4a2/gonso/internal/sys"

// Abandon has the guard see what the end of this process looks like.
func (g *Guard) Abandon() error { return g.control.Close() }

// Ended waits for the end of the guard, and leaves it to be waited for.
func (g *Guard) Ended() error { return sys.AwaitEnd(g.process.Pid) }
