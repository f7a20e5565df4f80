// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/pcapng"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// A capture has a packet as often as an interface has sent or received it, and once more if a cable has done something to
// it. In a trace it is one packet of a link: what one end sends and the other one receives are the same bytes.

// What a page can bear: the first packets, and the last ones before the failure.
const firstPackets, lastPackets, packetBytes = 1000, 4000, 128

// A capture is gone through in the order of time.
type capture struct {
	trace *tracedata.Trace
	from  map[int]*port                   // by the number of the interface in the file
	links map[tracedata.End]*linkEnd      // by either end
	sent  map[passage][]*tracedata.Packet // what has not arrived, in its order
	flows flows
	kept  []*tracedata.Packet
	left  int // how many are left out

	dropped uint64               // by the kernel
	ends    map[string]time.Time // when the capture of a node has ended, for those of which it is known
	last    int64                // when anything was seen last, or the clean-up of a test that has failed has begun
	seed    maphash.Seed
}

// A sighting is a packet of the file.
type sighting struct {
	port     *port
	outgoing bool
	comment  string
	sign     pcapng.Sign
	packet   *tracedata.Packet
}

// A port is an interface of the file.
type port struct {
	end  tracedata.End
	link *linkEnd // nil for one of no link, such as lo
	fate bool     // it has frames that a cable has done something to
	skip bool     // the test's own notes; a bridge, whose frames its ports have
}

// A linkEnd is one end of a link.
type linkEnd struct {
	id        string
	near, far tracedata.End
}

// A passage is of a frame over a link in one direction.
type passage struct {
	link string
	from tracedata.End
	hash uint64
}

func readPackets(t *tracedata.Trace, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c := &capture{
		trace: t, from: make(map[int]*port), links: make(map[tracedata.End]*linkEnd),
		sent: make(map[passage][]*tracedata.Packet), flows: newFlows(), ends: make(map[string]time.Time), seed: maphash.MakeSeed(),
	}
	for _, l := range t.Links {
		c.links[l.A] = &linkEnd{id: l.ID, near: l.A, far: l.B}
		c.links[l.B] = &linkEnd{id: l.ID, near: l.B, far: l.A}
	}
	delete(c.links, tracedata.End{})
	r, err := pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{StatisticsCallback: func(i int, s pcapgo.NgInterfaceStatistics) {
		if s.PacketsDropped != pcapgo.NgNoValue64 {
			c.dropped += s.PacketsDropped
		}
		if p := c.from[i]; p != nil {
			c.ends[p.end.Node] = s.LastUpdate
		}
	}})
	if err != nil {
		return err
	}
	seen, err := c.read(r)
	for _, s := range seen {
		switch {
		case s.sign == pcapng.CleanUp:
			c.last = min(c.last, s.packet.At)
		case s.port.skip:
		case s.port.fate:
			c.setFate(s)
		default:
			c.add(s.port, s.outgoing, s.packet)
		}
	}
	c.finish()
	return err
}

// read reads all that is there, and puts it in order: a killed process has written what each namespace has seen as it came to it.
// The last packet of such a process may lack its end.
func (c *capture) read(r *pcapgo.NgReader) (seen []sighting, err error) {
	defer func() {
		slices.SortStableFunc(seen, func(a, b sighting) int {
			return cmp.Compare(a.packet.At, b.packet.At)
		})
	}()
	for number := 1; ; number++ {
		data, info, options, err := r.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		p := c.from[info.InterfaceIndex]
		if p == nil {
			described, err := r.Interface(info.InterfaceIndex)
			if err != nil {
				return seen, err
			}
			p = c.port(described.Name, described.Description)
			c.from[info.InterfaceIndex] = p
		}
		at := max(0, info.Timestamp.Sub(c.trace.Test.Began).Nanoseconds())
		c.last = max(c.last, at)
		seen = append(seen, sighting{
			port: p, comment: strings.Join(options.Comments, ", "), sign: pcapng.SignOf(options),
			outgoing: options.Flags != nil && options.Flags.Direction == pcapgo.NgEpbFlagDirectionOutbound,
			packet:   &tracedata.Packet{At: at, Length: info.Length, Data: data, Capture: number},
		})
	}
}

// port finds out what an interface of the file is, by its name, such as client/eth0, and its description, which begins with the ID of
// the namespace.
func (c *capture) port(name, description string) *port {
	if from, _, isCable := strings.Cut(name, " > "); isCable {
		end := c.end(from, "")
		return &port{end: end, link: c.links[end], fate: true}
	}
	end := c.end(name, description)
	p := &port{end: end, link: c.links[end], skip: end.Node == ""}
	p.skip = p.skip || slices.ContainsFunc(c.trace.Events, func(e tracedata.Event) bool {
		return e.Node == end.Node && e.Change != nil && e.Change.Section == "links" && e.Change.Key == end.Interface && strings.Contains(e.Change.Text, "  bridge")
	})
	return p
}

func (c *capture) end(name, description string) (end tracedata.End) {
	node, device, ok := cutLast(name, "/")
	if !ok {
		return end
	}
	for _, n := range c.trace.Nodes {
		if strings.HasPrefix(description, n.ID) || description == "" && n.Name == node {
			return tracedata.End{Node: n.ID, Interface: device}
		}
	}
	for _, n := range c.trace.Nodes {
		if n.Name == node {
			return tracedata.End{Node: n.ID, Interface: device}
		}
	}
	return end
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

func (c *capture) hash(data []byte) uint64 { return maphash.Bytes(c.seed, data) }

// add adds what an interface has sent or received.
func (c *capture) add(p *port, outgoing bool, packet *tracedata.Packet) {
	packet.From = p.end
	switch {
	case p.link == nil && p.end.Interface == "lo":
		packet.To = p.end
	case p.link == nil && !outgoing:
		packet.From, packet.To = tracedata.End{}, p.end
	case p.link == nil:
	case outgoing:
		packet.Link, packet.To = p.link.id, p.link.far
		key := passage{p.link.id, p.end, c.hash(packet.Data)}
		c.sent[key] = append(c.sent[key], packet)
	default:
		key := passage{p.link.id, p.link.far, c.hash(packet.Data)}
		if waiting := c.sent[key]; len(waiting) > 0 {
			if c.sent[key] = waiting[1:]; len(waiting) == 1 {
				delete(c.sent, key)
			}
			return
		}
		packet.Link, packet.From, packet.To = p.link.id, p.link.far, p.end
	}
	c.describe(packet)
	c.kept = append(c.kept, packet)
	if n := len(c.kept); n >= firstPackets+2*lastPackets {
		c.drop(n - firstPackets - lastPackets)
	}
}

// drop leaves out that many packets after the first ones.
func (c *capture) drop(n int) {
	c.kept = slices.Delete(c.kept, firstPackets, firstPackets+n)
	c.left += n
	clear(c.sent) // of which most are gone
}

// setFate says what a cable has done to a frame that was sent.
func (c *capture) setFate(s sighting) {
	if s.port.link == nil {
		return
	}
	key := passage{s.port.link.id, s.port.end, c.hash(s.packet.Data)}
	if waiting := c.sent[key]; len(waiting) > 0 {
		packet := waiting[len(waiting)-1]
		packet.Fate, packet.Bad = s.comment, packet.Bad || s.sign == pcapng.Bad
	}
}

// describe says what the packet is.
func (c *capture) describe(p *tracedata.Packet) {
	d := packets.Decode(p.Data, false)
	p.Summary = d.String()
	if again := c.flows.again(p, d); again > 1 {
		p.Summary += fmt.Sprintf(" (again, %s)", ordinal(again))
	}
	p.Bad = d.Error
}

func ordinal(n int) string {
	switch {
	case n%100/10 != 1 && n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%100/10 != 1 && n%10 == 3:
		return fmt.Sprintf("%drd", n)
	case n%100/10 != 1 && n%10 == 1:
		return fmt.Sprintf("%dst", n)
	}
	return fmt.Sprintf("%dth", n)
}

// finish says of what has not arrived why, if that is known, and decodes what is kept.
func (c *capture) finish() {
	if n := len(c.kept) - firstPackets - lastPackets; n > 0 {
		c.drop(n)
	}
	if c.left > 0 {
		c.trace.Omitted = append(c.trace.Omitted, fmt.Sprintf("%d packets are left out after the first %d; they are in %s.", c.left, firstPackets, Capture))
	}
	if c.dropped > 0 {
		c.trace.Omitted = append(c.trace.Omitted, fmt.Sprintf("%d packets came too fast for the capture, and are missing.", c.dropped))
	} else {
		c.findLost()
	}
	slices.SortStableFunc(c.kept, func(a, b *tracedata.Packet) int { return cmp.Compare(a.At, b.At) })
	for _, p := range c.kept {
		p.Layers = layersOf(p.Data)
		p.Data = p.Data[:min(len(p.Data), packetBytes)]
		c.trace.Packets = append(c.trace.Packets, *p)
	}
}
