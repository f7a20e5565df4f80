// SPDX-License-Identifier: Apache-2.0

package state

// forwarding is the section of what [State.Finds] says of a namespace that could be a router.
const forwarding = "forwarding"

// A Forwarding reports whether packets for others are passed on (ip-sysctl.rst: ip_forward, conf/all/forwarding).
type Forwarding struct{ IPv4, IPv6 bool }

// forwardingLines are for a namespace with several links that have an address: of another one nobody expects it.
func forwardingLines(f *Forwarding, list []Link) []string {
	addressed := 0
	for _, l := range list {
		for _, a := range l.Addresses {
			if ip := a.Prefix.Addr(); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
				addressed++
				break
			}
		}
	}
	if f == nil || addressed < 2 {
		return nil
	}
	word := map[bool]string{false: "off", true: "on"}
	return []string{"IPv4 " + word[f.IPv4], "IPv6 " + word[f.IPv6]}
}
