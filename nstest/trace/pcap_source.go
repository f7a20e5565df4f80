// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/pcapng"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A source is a fixture in a capture.
type source struct {
	pcap     *pcap
	instance *lifecycle.Instance
	id       string // of its network namespace
	reader   *packets.Reader
	packet   pcapng.Packet
	ports    map[*packets.Interface]*pcapng.Interface

	once   sync.Once
	closed atomic.Bool
	stats  packets.Stats
}

func openSource(p *pcap, in *lifecycle.Instance) (s *source, err error) {
	s = &source{pcap: p, instance: in, ports: make(map[*packets.Interface]*pcapng.Interface)}
	if s.id, err = in.Own.ID(set.NS_NET); err != nil {
		return nil, err
	}
	s.reader, err = packets.Open(in.Own, packets.Sink{Show: s.show, Drained: p.file.Write})
	return s, err
}

// show adds a packet to the file.
func (s *source) show(read *packets.Packet) {
	port := s.ports[read.Interface]
	if port == nil {
		port = s.pcap.file.AddInterface(s.instance.Name+"/"+read.Interface.Name, s.id)
		s.ports[read.Interface] = port
	}
	s.packet = pcapng.Packet{At: read.At, Outgoing: read.Outgoing, IP: read.Interface.IP, Data: read.Data, Length: read.Length}
	switch {
	case read.Length > len(read.Data):
		s.packet.Comment = "the kernel had no room for the rest"
	case read.Segments:
		s.packet.Comment = "several TCP segments, which a cable would carry one by one"
	}
	s.pcap.file.AddPacket(port, &s.packet)
}

// close ends the capture of the fixture.
func (s *source) close() {
	s.once.Do(func() {
		s.closed.Store(true)
		at := time.Now() // the kernel needs some time to end it
		err := s.reader.Close()
		s.stats, _ = s.reader.Stats() // whose error is that of Close
		s.pcap.note(s.instance.Name, err)
		var none uint64
		dropped := &none
		if s.stats.Dropped > 0 { // of which interface is not known
			dropped = nil
			all := s.pcap.file.AddInterface(s.instance.Name, s.id+": what the kernel dropped of all interfaces")
			s.pcap.file.AddStats(all, at, &s.stats.Dropped)
		}
		for _, port := range s.ports {
			s.pcap.file.AddStats(port, at, dropped)
		}
		s.pcap.file.Write()
	})
}

// watchCable has captures have the frames that a cable has not just carried.
func watchCable(ends [2]cable.End) cable.Tap {
	var ids [2]string
	for i, end := range ends {
		ids[i], _ = end.Set.ID(set.NS_NET) // a cable was just laid in there
	}
	ports := make(map[*pcap]*[2]*pcapng.Interface)
	return func(e cable.Event) {
		if e.Left {
			return
		}
		fate := e.What()
		if fate == "" {
			return
		}
		var sign pcapng.Sign
		if e.Fate.Bad() {
			sign = pcapng.Bad
		}
		pcaps.Lock()
		defer pcaps.Unlock()
		for _, p := range pcaps.list {
			port := ports[p]
			if port == nil {
				if port = p.addCable(ends, ids); port == nil {
					continue
				}
				ports[p] = port
			}
			p.file.AddPacket(port[e.Direction], &pcapng.Packet{
				At: e.At, Outgoing: true, Data: e.Data, Length: len(e.Data), Comment: fate, Sign: sign,
			})
		}
	}
}

// addCable adds an interface for each direction of a cable, if the capture has both ends or one.
func (p *pcap) addCable(ends [2]cable.End, ids [2]string) *[2]*pcapng.Interface {
	var names [2]string
	for _, s := range p.all() {
		for i, id := range ids {
			if s.id == id {
				names[i] = s.instance.Name + "/" + ends[i].Name
			}
		}
	}
	if names == [2]string{} {
		return nil
	}
	var ports [2]*pcapng.Interface
	for d := range ports {
		from, to := cmp.Or(names[d], "?/"+ends[d].Name), cmp.Or(names[1-d], "?/"+ends[1-d].Name)
		ports[d] = p.file.AddInterface(from+" > "+to, "frames to which the cable has done something, as they were before")
	}
	return &ports
}
