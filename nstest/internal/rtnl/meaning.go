// SPDX-License-Identifier: Apache-2.0

package rtnl

// A LinkState says whether a link can carry packets, and if not, why. Only one that is Up can.
type LinkState string

// The states of links, in the words of ip-link(8) and netdevice(7).
const (
	Up         LinkState = "UP"
	Down       LinkState = "DOWN"        // it is switched off
	NoCarrier  LinkState = "NO-CARRIER"  // it is switched on, and the other end is not
	NotRunning LinkState = "NOT-RUNNING" // it has a carrier, but is dormant or not yet in operation
)

// Flags of linux/if.h, IFF_*.
const (
	up      = 0x1
	running = 0x40
	lowerUp = 0x10000
)

// StateOf returns the state of a link by its flags, RawFlags of a netlink.LinkAttrs. IFF_RUNNING is
// the kernel's word for one that can carry packets, which it also gives for a link whose carrier
// it has yet to look at (Linux 6.1); IFF_LOWER_UP is the carrier itself (netdevice(7)).
func StateOf(flags uint32) LinkState {
	switch {
	case flags&up == 0:
		return Down
	case flags&lowerUp == 0:
		return NoCarrier
	case flags&running == 0:
		return NotRunning
	}
	return Up
}

// fallback has the kind of each device that a tunnel module puts into every network namespace, unless
// the sysctl net.core.fb_tunnels_only_for_init_net says otherwise (Documentation/admin-guide/sysctl/net.rst).
var fallback = map[string]string{
	"tunl0": "ipip", "sit0": "sit", "ip6tnl0": "ip6tnl", "gre0": "gre", "ip6gre0": "ip6gre",
	"gretap0": "gretap", "erspan0": "erspan", "ip_vti0": "vti", "ip6_vti0": "vti6",
}

// UnusedFallback reports whether a link of this name, kind (IFLA_INFO_KIND) and flags came with its
// namespace, because somewhere on this machine somebody once used a tunnel, and is still as it came.
func UnusedFallback(name, kind string, flags uint32) bool {
	return kind != "" && fallback[name] == kind && flags&up == 0
}

// Flags of linux/if_addr.h, IFA_F_*.
const (
	optimistic = 0x04
	dadFailed  = 0x08
	deprecated = 0x20
	tentative  = 0x40
)

// Usable reports whether a socket can be bound to an address with these flags. It cannot while the
// kernel looks for a duplicate (RFC 4862), unless that is done optimistically (RFC 4429), and
// not once it has found one.
func Usable(flags int) bool {
	return !Duplicate(flags) && (flags&tentative == 0 || flags&optimistic != 0)
}

// Duplicate reports whether the kernel has found that somebody else has an address with these
// flags.
func Duplicate(flags int) bool { return flags&dadFailed != 0 }

// AddressNotes says what is special about an address with these flags, in the words of
// ip-address(8). One that is not [Usable] is dadfailed or tentative, any other is neither.
func AddressNotes(flags int) (notes []string) {
	switch {
	case Duplicate(flags):
		notes = append(notes, "dadfailed")
	case !Usable(flags):
		notes = append(notes, "tentative")
	case flags&optimistic != 0:
		notes = append(notes, "optimistic")
	}
	if flags&deprecated != 0 {
		notes = append(notes, "deprecated")
	}
	return notes
}
