// SPDX-License-Identifier: Apache-2.0

// Package tracedata is the data of a trace: what happened in a test, and what its network was like at each moment. A
// trace page has it as one block of JSON, and 'gonso trace -json' prints it.
//
// All times are nanoseconds since the test began. What a node was like at a moment is what the changes up to then have
// made of nothing: see [Change].
package tracedata

import "time"

// Version is that of the form of a [Trace]. It changes when a field gets another meaning or goes, not when one is added.
const Version = 1

// A Trace is one test.
type Trace struct {
	Version int      `json:"version"`
	Test    Test     `json:"test"`
	Nodes   []Node   `json:"nodes"`
	Links   []Link   `json:"links"`
	Events  []Event  `json:"events"`  // by time
	Packets []Packet `json:"packets"` // by time
	Log     []Line   `json:"log"`     // of the test
	Sources []Source `json:"sources"` // of the lines that Test and Events name
	Omitted []string `json:"omitted"` // what is not in here, and why, in a sentence each
}

// A Verdict is how a test has ended.
type Verdict string

// The verdicts.
const (
	Passed     Verdict = "passed"
	Failed     Verdict = "failed"
	Skipped    Verdict = "skipped"
	Unfinished Verdict = "unfinished" // its process ended, or was killed, before the test did
)

// A Test is the test that the trace is of.
type Test struct {
	Name     string    `json:"name"` // such as TestFailover/west; in Ginkgo the texts of the spec
	Package  string    `json:"package"`
	Verdict  Verdict   `json:"verdict"`
	Message  string    `json:"message,omitempty"` // of its first failure
	Where    Place     `json:"where"`             // of its first failure, otherwise of the test
	Began    time.Time `json:"began"`
	Duration int64     `json:"duration"`
	Seed     string    `json:"seed,omitempty"` // of the random decisions of its network
	Kernel   string    `json:"kernel"`
	Go       string    `json:"go"`
	Rootless bool      `json:"rootless"`
	Again    string    `json:"again"` // the command that runs it again
}

// A Place is a line of a source file. An unknown one is empty.
type Place struct {
	File string `json:"file,omitempty"` // as the compiler knows it
	Line int    `json:"line,omitempty"`
}

// A Role is what a node does in its network.
type Role string

// The roles.
const (
	Fixture Role = "fixture" // of a test without topology
	Host    Role = "host"
	Router  Role = "router"
	Switch  Role = "switch"
)

// A Node is a fixture, or what else has a network namespace of its own.
type Node struct {
	ID         string            `json:"id"`   // which others name it by
	Name       string            `json:"name"` // which people know
	Role       Role              `json:"role"`
	Namespaces map[string]string `json:"namespaces,omitempty"` // by kind, such as "net": "net:[4026532281]"
}

// A Link joins two interfaces. One that the trace does not know the far end of has no B.
type Link struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	A    End    `json:"a"`
	B    End    `json:"b"`
}

// An End is an interface of a node.
type End struct {
	Node      string `json:"node"` // its ID
	Interface string `json:"interface"`
}

// A Lane is a row of the time line.
type Lane string

// The lanes.
const (
	TestLane      Lane = "test"      // marks, steps, assertions that failed
	FaultLane     Lane = "faults"    // what the test did to the network
	NetworkLane   Lane = "network"   // what the kernel said of links, addresses, routes, neighbours and rules
	ProcessesLane Lane = "processes" // starts, output, ends
)

// An Event is something that happened, other than a packet.
type Event struct {
	At        int64      `json:"at"`
	Lane      Lane       `json:"lane"`
	Kind      string     `json:"kind"` // mark, step, failure, fault, verdict, change, start, output, end
	Node      string     `json:"node,omitempty"`
	Link      string     `json:"link,omitempty"`
	Text      string     `json:"text"` // in a line
	Where     Place      `json:"where"`
	Bad       bool       `json:"bad,omitempty"` // it is, or may have caused, what went wrong
	Change    *Change    `json:"change,omitempty"`
	Condition *Condition `json:"condition,omitempty"` // of the link, from now on
}

// A Change is to one thing that a node has. Together, in their order, those up to a moment give the node's state.
type Change struct {
	Section string `json:"section"` // links, addresses, routes, rules, neighbours, sockets, nftables, forwarding, processes
	Key     string `json:"key"`     // names the thing within its section
	Text    string `json:"text"`    // what it is like from now on, in a line
	Gone    bool   `json:"gone,omitempty"`
	Bad     bool   `json:"bad,omitempty"`     // such as a neighbour that does not answer, a link that is down
	Initial bool   `json:"initial,omitempty"` // it was there when the trace began to look
}

// A Condition is what a link does to frames.
type Condition struct {
	Up   bool   `json:"up"`
	Text string `json:"text,omitempty"` // such as "delay 20ms, loss 1%"
	Bad  bool   `json:"bad,omitempty"`  // frames are lost
}

// A Packet is a frame that a link has carried, or lost.
type Packet struct {
	At      int64   `json:"at"`
	Link    string  `json:"link"`
	From    End     `json:"from"`
	To      End     `json:"to"`
	Length  int     `json:"length"`            // in bytes, on the link
	Summary string  `json:"summary"`           // such as "TCP SYN 10.0.1.2:4101 > 10.0.2.2:80 (again, 2nd)"
	Fate    string  `json:"fate,omitempty"`    // what became of it, if it did not just arrive: "lost: the link is down"
	Bad     bool    `json:"bad,omitempty"`     // it was lost or damaged, or is an error such as a reset or "unreachable"
	Layers  []Layer `json:"layers,omitempty"`  // from the outermost on
	Data    []byte  `json:"data,omitempty"`    // its first bytes
	Capture int     `json:"capture,omitempty"` // its number in the capture file beside the trace, from 1
}

// A Layer is a header of a packet.
type Layer struct {
	Name   string  `json:"name"`
	Fields []Field `json:"fields"`
}

// A Field is one of a layer.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Line is one of the test's log.
type Line struct {
	At    int64  `json:"at"`
	Text  string `json:"text"`
	Where Place  `json:"where"`
	Bad   bool   `json:"bad,omitempty"`
}

// A Source is a part of a source file.
type Source struct {
	File  string   `json:"file"`
	First int      `json:"first"` // number of the first line
	Lines []string `json:"lines"`
}
