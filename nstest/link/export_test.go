// SPDX-License-Identifier: Apache-2.0

package link

import "github.com/vishvananda/netlink"

// FailLookUp has the next look-up of a new link fail, and then no other.
func FailLookUp(err error) {
	lookUp = func(*netlink.Handle, string) (netlink.Link, error) {
		lookUp = (*netlink.Handle).LinkByName
		return nil, err
	}
}
