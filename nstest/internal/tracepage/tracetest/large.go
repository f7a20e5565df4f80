// SPDX-License-Identifier: Apache-2.0

package tracetest

import (
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Large returns a trace of a test of ten seconds with so many packets, a tenth as many events and lines in its log, on a chain of four nodes.
func Large(packets int) *tracedata.Trace {
	const duration = int64(10 * time.Second)
	trace := &tracedata.Trace{
		Version: tracedata.Version,
		Test:    tracedata.Test{Name: "TestLarge", Package: "example.org/large", Verdict: tracedata.Failed, Message: "too much", Duration: duration},
	}
	for i, name := range []string{"client", "west", "east", "server"} {
		role := tracedata.Router
		if i%3 == 0 {
			role = tracedata.Host
		}
		trace.Nodes = append(trace.Nodes, tracedata.Node{ID: name, Name: name, Role: role})
	}
	for i := range 3 {
		id := fmt.Sprintf("link%d", i)
		trace.Links = append(trace.Links, tracedata.Link{
			ID: id, Name: id, A: tracedata.End{Node: trace.Nodes[i].ID, Interface: "eth1"}, B: tracedata.End{Node: trace.Nodes[i+1].ID, Interface: "eth0"},
		})
	}
	for i := range packets {
		link := trace.Links[i%3]
		packet := tracedata.Packet{
			At: int64(i) * duration / int64(packets), Link: link.ID, From: link.A, To: link.B, Length: 74, Capture: i + 1,
			Summary: fmt.Sprintf("TCP SYN 10.0.0.1:%d > 10.0.2.2:80", 1024+i%60000),
			Layers:  []tracedata.Layer{{Name: "TCP", Fields: []tracedata.Field{{Name: "SYN", Value: "true"}, {Name: "Seq", Value: fmt.Sprint(i)}}}},
			Data:    make([]byte, 54),
		}
		if i%97 == 0 {
			packet.Fate, packet.Bad = "lost: at random", true
		}
		trace.Packets = append(trace.Packets, packet)
	}
	for i := range packets / 10 {
		at := int64(i) * duration / int64(packets/10+1)
		node := trace.Nodes[i%4].ID
		trace.Events = append(trace.Events, tracedata.Event{
			At: at, Lane: tracedata.NetworkLane, Kind: "change", Node: node, Text: fmt.Sprintf("neighbour 10.0.0.%d", i%200),
			Change: &tracedata.Change{Section: "neighbours", Key: fmt.Sprintf("10.0.0.%d", i%200), Text: fmt.Sprintf("REACHABLE %d", i)},
		})
		trace.Log = append(trace.Log, tracedata.Line{At: at, Text: fmt.Sprintf("line %d of the log", i)})
	}
	trace.Events = append(trace.Events, tracedata.Event{At: duration, Lane: tracedata.TestLane, Kind: "failure", Text: "too much", Bad: true})
	return trace
}

// Wide returns a trace of many hosts on some switches.
func Wide(hosts int) *tracedata.Trace {
	trace := Large(100)
	trace.Nodes, trace.Links = []tracedata.Node{{ID: "core", Name: "core", Role: tracedata.Router}}, nil
	join := func(a, b string) {
		id := a + "-" + b
		trace.Links = append(trace.Links, tracedata.Link{ID: id, Name: id, A: tracedata.End{Node: a, Interface: "to-" + b}, B: tracedata.End{Node: b, Interface: "eth0"}})
	}
	for i := range hosts {
		sw := fmt.Sprintf("switch%d", i/50)
		if i%50 == 0 {
			trace.Nodes = append(trace.Nodes, tracedata.Node{ID: sw, Name: sw, Role: tracedata.Switch})
			join("core", sw)
		}
		host := fmt.Sprintf("host%d", i)
		trace.Nodes = append(trace.Nodes, tracedata.Node{ID: host, Name: host, Role: tracedata.Host})
		join(sw, host)
	}
	return trace
}
