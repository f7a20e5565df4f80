// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// socket says of a descriptor of this process what kind of socket it is, with its addresses and in which network, as far as the
// kernel tells: " (TCP, listens at 10.0.0.1:80, in net:[4026532281])". It is "" for what is no socket, or
// no longer the one that was found: a socket's number is no other's while it is open.
func (d Descriptor) socket() string {
	id, err := sys.InodeIDOf(d.Num)
	if err != nil || d.Target != fmt.Sprintf("socket:[%d]", id.Ino) {
		return ""
	}
	text := sys.SocketText(d.Num)
	if text == "" {
		return ""
	}
	if net := socketNetwork(d.Num); net != "" {
		text += ", in " + net
	}
	return " (" + text + ")"
}

// socketNetwork returns the network of a socket that is in another one than the process's, "" if it is not, or the kernel does not
// tell this user.
func socketNetwork(n int) string {
	ns, err := sys.SocketNamespace(n)
	if err != nil {
		return ""
	}
	id, err := ns.InodeID()
	if err != nil || ns.Close() != nil || id.Ino == processNS[procfs.Net].Ino {
		return ""
	}
	return fmt.Sprintf("net:[%d]", id.Ino)
}
