// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

// purposes says for each check what tests can do where the answer is yes. Those of the checks of
// kinds of namespaces stand in package kind.
var purposes = map[string]string{
	"rootless":     "have namespaces of every kind without privileges, in a user namespace",
	"subids":       "use more than one user ID without privileges, for chown(2) and setuid(2)",
	"setuid":       "run a process as another user",
	"userns_clone": "make user namespaces as an ordinary user, as far as Debian's switch goes",
	"apparmor":     "have capabilities in a user namespace, as far as Ubuntu's AppArmor switch goes",
	"seccomp":      "call unshare(2), which makes namespaces, as far as a container's seccomp filter goes",
	"limits":       "make namespaces of all kinds, as far as the limits user.max_*_namespaces go",
	"proc":         "mount a /proc of their own, which shows the processes of a pid namespace",
	"sysfs":        "mount a /sys of their own, which shows the interfaces of a network namespace",
	"overlay":      "mount overlayfs: a folder that they can change without changing it for others",
	"settings":     "change settings of a network namespace, which are files below /proc/sys/net",
	"ipv6":         "have IPv6 addresses",
	"tun":          "make TUN and TAP interfaces, whose packets a program sends and gets",
	"nftables":     "filter and translate packets by nftables",
	"netem":        "delay and lose packets by netem",
	"veth":         "join two networks by a pair of veth interfaces",
	"bridge":       "join interfaces by a bridge",
	"dummy":        "add a dummy interface, which drops what it is to send",
	"macvlan":      "add a hardware address to an interface by macvlan",
	"ipvlan":       "add a network to an interface by ipvlan",
	"vlan":         "tag packets by VLAN (IEEE 802.1Q)",
	"vxlan":        "make a VXLAN tunnel",
	"wireguard":    "make a WireGuard tunnel",
	"macvtap":      "give a program a hardware address on an interface by macvtap",
	"geneve":       "make a GENEVE tunnel",
	"gre":          "make a GRE tunnel",
	"ip6gre":       "make a GRE tunnel over IPv6",
	"bond":         "bond interfaces",
	"team":         "team interfaces",
	"vrf":          "have routes of their own for some interfaces by VRF",
	"ifb":          "shape what comes in by an ifb interface",
}

// meaning is what an answer to a check means for tests, in a sentence.
func meaning(name, answer string) string {
	purpose := purposes[name]
	if k, ok := kind.Named(name); ok {
		purpose = k.Purpose
	}
	switch answer {
	case yes, rootless:
		return "tests can " + purpose
	case probe.No.String():
		return "tests cannot " + purpose
	}
	return "it is unclear whether tests can " + purpose
}
