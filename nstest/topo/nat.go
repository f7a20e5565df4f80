// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// A nat is how a router translates IPv4 addresses. The words are those of RFC 4787.
type nat struct {
	name       string
	err        error         // an option is wrong
	symmetric  bool          // the mapping is address and port-dependent, and else endpoint-independent
	open       bool          // the filtering is endpoint-independent, and else address and port-dependent
	hairpin    bool          // hosts inside reach each other by their external addresses
	preserves  bool          // the external port is the internal one, if nobody has it
	first      uint32        // external ports that are dealt out from here on
	ports      uint32        // how many of them there are
	udp, tcp   time.Duration // for how long a mapping lives that no packet uses
	resets     bool          // a TCP connection whose mapping has ended is reset
	firewalls6 bool          // IPv6 connections are made from inside only
	six        bool          // hosts inside have IPv6, which is translated to IPv4 before
}

// A NATOption changes what a preset that translates addresses is like.
type NATOption func(*nat)

// MappingTimeout sets how long a mapping of UDP or TCP lives after its last packet. It is in whole seconds, as
// the kernel counts.
func MappingTimeout(d time.Duration) NATOption {
	return func(n *nat) {
		n.udp, n.tcp = d, d
		if d < time.Second || d%time.Second != 0 {
			n.err = errors.Join(n.err, fmt.Errorf("a mapping timeout of %v: it must be whole seconds", d))
		}
	}
}

// Ports that are dealt out (RFC 6335): all that are not the system's, those that no host takes by itself
// (net.ipv4.ip_local_port_range), and those that are for private use.
const (
	userPorts, allUserPorts       = 1024, 64512
	lowPorts, allLowPorts         = 1024, 31744
	dynamicPorts, allDynamicPorts = 49152, 16384
)

// HomeNAT makes a router behave like one at home. It translates IPv4 addresses to its own address on the
// outside link:
//
//   - Its mapping is endpoint-independent: an address and port inside has one external port, the same for all
//     destinations. It has the same number, unless another address inside uses that one already.
//   - Its filtering is address and port-dependent: only an address and port that a packet was sent to can send
//     packets back.
//   - It has hairpinning: hosts inside reach each other by their external addresses and ports too, and see each other's
//     external ones.
//   - A mapping of UDP lives for 5 minutes after the last packet from inside, one of TCP for 2 hours and
//     4 minutes (RFC 5382); see [MappingTimeout].
//
// IPv6 addresses are not translated, but connections can be made from inside only (RFC 6092). Names lead to IPv6
// addresses first: to test the translation, dial "tcp4", or give the links an IPv4 [Subnet] alone. The link that
// leads outside is marked by [Outside].
//
// Two hosts behind such routers reach each other if each sends a packet to the other's external address
// and port (hole punching).
func HomeNAT(opts ...NATOption) NodeOption {
	return natPreset(nat{name: "home NAT", hairpin: true, preserves: true, first: userPorts, ports: allUserPorts,
		udp: 5 * time.Minute, tcp: longestTCP, firewalls6: true}, opts)
}

// FullConeNAT makes a router translate addresses as [HomeNAT] does, but its filtering is endpoint-independent:
// every host outside may send to an external port that is in use. IPv6 packets are forwarded as they are, in
// both directions.
func FullConeNAT(opts ...NATOption) NodeOption {
	return natPreset(nat{name: "full cone NAT", open: true, hairpin: true, preserves: true, first: userPorts, ports: allUserPorts,
		udp: 5 * time.Minute, tcp: longestTCP}, opts)
}

// CarrierGradeNAT makes a router behave like that of a provider with many customers (RFC 6888). Its mapping and
// its filtering are endpoint-independent. External ports are given out in turn from 1024 on, whatever the
// internal ones. It has hairpinning, so that two customers can reach each other. A mapping of UDP lives for 2
// minutes after the last packet from inside. IPv6 packets are forwarded as they are.
//
// Customers' networks are often from 100.64.0.0/10 (RFC 6598, see [Subnet]), and each has a router with
// [HomeNAT], whose outside link is an inside link of this router.
func CarrierGradeNAT(opts ...NATOption) NodeOption {
	return natPreset(nat{name: "carrier-grade NAT", open: true, hairpin: true, first: lowPorts, ports: allLowPorts,
		udp: 2 * time.Minute, tcp: longestTCP}, opts)
}

// SymmetricNAT makes a router one through which hole punching fails. Its mapping is address and port-dependent:
// each connection gets another external port, in turn from 49152 on. Its filtering is address and
// port-dependent, and it has no hairpinning. A mapping of UDP lives for 2 minutes after the last packet. IPv6
// connections can be made from inside only.
func SymmetricNAT(opts ...NATOption) NodeOption {
	return natPreset(nat{name: "symmetric NAT", symmetric: true, first: dynamicPorts, ports: allDynamicPorts,
		udp: 2 * time.Minute, tcp: longestTCP, firewalls6: true}, opts)
}

// CloudNAT makes a router behave like that of a cloud, for virtual machines without a public address. It is
// like [SymmetricNAT], but external ports are given out in turn from 1024 on, and every mapping lives for 350
// seconds after the last packet. A TCP connection that goes on later is reset.
func CloudNAT(opts ...NATOption) NodeOption {
	const idle = 350 * time.Second
	return natPreset(nat{name: "cloud NAT", symmetric: true, first: userPorts, ports: allUserPorts,
		udp: idle, tcp: idle, resets: true, firewalls6: true}, opts)
}

// longestTCP is the least that RFC 5382 asks for, REQ-5.
const longestTCP = 2*time.Hour + 4*time.Minute

func natPreset(made nat, opts []NATOption) NodeOption {
	return func(c *nodeConfig) {
		c.preset(made.name)
		if err := option.Apply(&made, opts); err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("%s: %w", made.name, err))
		}
		c.err = errors.Join(c.err, made.err)
		if c.nat != nil {
			c.err = errors.Join(c.err, fmt.Errorf("%s and %s: a router translates addresses in one way only", c.nat.name, made.name))
		}
		c.nat = &made
	}
}
