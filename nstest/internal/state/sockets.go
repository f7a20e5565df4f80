// SPDX-License-Identifier: Apache-2.0

package state

import "github.com/seed-1bc5c4a2/gonso/set"

// Sockets lists the sockets with an address in the Set's network namespace.
func Sockets(s set.Set) ([]Socket, error) { return listSockets(Subject{Set: s}) }
