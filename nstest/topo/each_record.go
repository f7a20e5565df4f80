// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// A position of a frame is the same in each run, as long as the program does the same.
type position struct {
	link      int
	direction impair.Direction
	number    int // among the frames that count there, from 0
}

// A sentFrame is one that counts.
type sentFrame struct {
	position
	from, to string // nodes
	head     []byte
}

// headSize is how much of a frame is kept: all headers.
const headSize = 256

// A record has what was sent in one run, and does what is to be done to one frame.
type record struct {
	every    bool
	duringUp bool
	target   position // -1 links for none
	fault    cable.Verdict

	mu     sync.Mutex
	frames []sentFrame
	counts map[position]int // by link and direction
	hit    bool

	skipped bool // the run was, by its own function or for want of something
}

// watch has the record see all frames of a network. Each of its links is a cable, or is going to be one.
func (r *record) watch(n *Network) {
	if r == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		l.record = r
		l.hook()
	}
}

func (r *record) see(l *Link, f cable.Frame) (v cable.Verdict) {
	if !r.every && isHousekeeping(f.Data) {
		return v
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	line := position{link: l.number, direction: f.Direction}
	at := line
	at.number = r.counts[line]
	r.counts[line]++
	from, to := l.ends[f.Direction].node, l.ends[1-f.Direction].node
	r.frames = append(r.frames, sentFrame{at, from.name, to.name, bytes.Clone(f.Data[:min(len(f.Data), headSize)])})
	if at == r.target {
		r.hit = true
		v = r.fault
	}
	return v
}

// sent returns the frames until now.
func (r *record) sent() []sentFrame {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames[:len(r.frames):len(r.frames)]
}

// isHousekeeping reports whether a frame is what kernels send by themselves to find each other: ARP, IGMP,
// MLD and neighbour discovery.
func isHousekeeping(frame []byte) bool {
	const (
		ethernet, ipv4, ipv6          = 14, 20, 40 // lengths of headers
		typeARP, typeIPv4, typeIPv6   = 0x0806, 0x0800, 0x86dd
		igmp, icmpv6, hopByHop        = 2, 58, 0
		mldQuery, redirect, mldReport = 130, 137, 143 // RFC 4890, 4861 and 3810
	)
	if len(frame) < ethernet {
		return true
	}
	packet := frame[ethernet:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case typeARP:
		return true
	case typeIPv4:
		return len(packet) >= ipv4 && packet[9] == igmp
	case typeIPv6:
		if len(packet) < ipv6 {
			return true
		}
		next, rest := packet[6], packet[ipv6:]
		if next == hopByHop && len(rest) >= 8 { // MLD has a router alert
			next, rest = rest[0], rest[min(len(rest), 8*(int(rest[1])+1)):]
		}
		return next == icmpv6 && len(rest) > 0 && (rest[0] >= mldQuery && rest[0] <= redirect || rest[0] == mldReport)
	}
	return false
}

// ephemeral are the ports that a kernel deals out (ip_local_port_range), which are others in each run.
var ephemeral = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`:(3[3-9]\d{3}|32[89]\d{2}|327[789]\d|3276[89]|[456]\d{4})\b`)
})

// linkLocal are addresses that are made of hardware addresses (RFC 4291, 2.5.1), which are others in each run, too.
var linkLocal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bfe80::[0-9a-f:]+`) })

// String is such as "client to server, TCP FIN ACK 10.0.0.1:* > 10.0.0.2:80".
func (f sentFrame) String() string {
	text := ephemeral().ReplaceAllString(wire.Summary(f.head), ":*")
	return f.from + " to " + f.to + ", " + linkLocal().ReplaceAllString(text, "fe80::*")
}
