// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// A work is a row of the table.
type work struct {
	what    string
	bench   string // the benchmark, up to /who=
	unit    string // sec/op if empty
	floor   string // the who that is the floor
	peers   []string
	targets []target
}

// A target is what a figure is to be at most: the own one, if who is empty, and
// otherwise its ratio to that of who. Of a peer, it is how many times faster this is to
// be at least.
type target struct {
	who   string
	limit float64
}

const ours = "gonso"

// works are the rows, in their order. Their targets are promises.
var works = []work{
	{"run a function in a net namespace, thread used again, GOMAXPROCS=1", "Reused/kinds=1/procs=1", "", "floor", []string{"CNI"},
		[]target{{"floor", 1.25}, {"CNI", 8}}},
	{"the same, GOMAXPROCS=2", "Reused/kinds=1/procs=2", "", "floor", []string{"CNI"},
		[]target{{"floor", 1.25}, {"CNI", 8}}},
	{"the same, GOMAXPROCS=4", "Reused/kinds=1/procs=4", "", "floor", []string{"CNI"},
		[]target{{"floor", 1.25}, {"CNI", 8}}},
	{"the same with four kinds (cgroup, net, pid, uts)", "Reused/kinds=4/procs=2", "", "floor", nil,
		[]target{{"floor", 1}}},
	{"the same with one kind, thread not used again", "Discarded", "", "floor", []string{"CNI"},
		[]target{{"floor", 1.15}, {"CNI", 1}}},
	{"the same, thread used again, 1,000 goroutines at once in 1,000 Sets, each call", "Crowd", "", "floor", nil,
		[]target{{"floor", 1.25}}},
	{"make a net namespace and let go of it", "Make", "", "floor", []string{"netns", "CNI"},
		[]target{{"floor", 1.10}, {"netns", 1}, {"CNI", 1}}},
	{"take a ready Set from a pool", "Pool/takers=1", "", "", nil,
		[]target{{"", 2e-6}}},
	{"the same, system calls", "PoolCalls", "calls/op", "", nil,
		[]target{{"", 0.1}}},
	{"the same, 1,000 goroutines at once, each", "Pool/takers=1000", "", "", nil,
		[]target{{"", 2e-6}}},
	{"what a test waits for that has a fixture, made and dropped", "Fixture", "", "", []string{"CNI"},
		[]target{{"CNI", 20}}},
	{"2,000 tests with a fixture each; floor: 2,000 namespaces", "Suite", "", "floor", nil,
		[]target{{"floor", 1.15}}},
	{"the same; floor: 2,000 with lo up and the fixture's sysctls", "Suite", "", "furnished", nil,
		[]target{{"furnished", 1.15}}},
	{"the same; floor: these, made by a thread for each CPU", "Suite", "", "furnished-by-all", nil,
		[]target{{"furnished-by-all", 1.15}}},
	{"a function in a new process; floor: a process that exits at once", "Action", "", "floor", nil,
		[]target{{"floor", 1.30}}},
	{"what a rootless run adds; floor: a process that exits at once", "Rootless", "", "floor", nil,
		[]target{{"floor", 1.30}}},
	{"a test that does nothing, in a binary with nstest; floor: without", "Start", "", "floor", nil,
		[]target{{"", 25e-3}}},
	{"the same, size of the binary", "Start", "binary-B", "floor", nil, nil},
	{"gonso exec -- true with all kinds of namespaces; floor: unshare -UrnmpfiuC true", "Exec/cgo=1", "", "floor", nil,
		[]target{{"floor", 2}}},
	{"the same, gonso built with CGO_ENABLED=0", "Exec/cgo=0", "", "floor", nil,
		[]target{{"floor", 2}}},
	{"true as a command in a net namespace; floor: os/exec", "Command/kind=net", "", "floor", nil,
		[]target{{"floor", 1.5}}},
	{"the same in a pid namespace", "Command/kind=pid", "", "floor", nil,
		[]target{{"floor", 1.5}}},
	{"run a function in one of 10,000 Sets; floor: of one", "ManySets", "", "floor", nil,
		[]target{{"floor", 1.05}}},
	{"heap of each of the 10,000", "ManySets", "heap-B/Set", "", nil,
		[]target{{"", 1024}}},
	{"descriptors of each of the 10,000, of one kind", "ManySets", "files/Set", "", nil,
		[]target{{"", 1}}},
	{"a datagram there and back over a wire, frames of 64 bytes; floor: over a veth", "RoundTrip/frame=64", "", "floor", nil,
		[]target{{"floor", 3}}},
	{"the same, frames of 512 bytes", "RoundTrip/frame=512", "", "floor", nil, nil},
	{"the same, frames of 1,514 bytes", "RoundTrip/frame=1514", "", "floor", nil, nil},
	{"the same, frames of 64 bytes, 99 % are faster", "RoundTrip/frame=64", "99%-sec/op", "floor", nil, nil},
	{"a frame of 64 bytes that is received over a wire, while one sends as fast as it can; floor: over a veth", "Frames/frame=64", "", "floor", nil,
		[]target{{"floor", 1.25}}},
	{"the same, frames of 512 bytes", "Frames/frame=512", "", "floor", nil, nil},
	{"the same, frames of 1,514 bytes", "Frames/frame=1514", "", "floor", nil, nil},
	{"the same, frames of 64 bytes, CPU time of sender, wire and receiver", "Frames/frame=64", "cpu-sec/op", "floor", nil, nil},
	{"a star of 50 hosts, up and usable; floor: the same calls by vishvananda/netlink, from one thread", "Network/hosts=50", "", "floor", []string{"ip"}, nil},
	{"the same, 200 hosts", "Network/hosts=200", "", "floor", []string{"ip", "Mininet"},
		[]target{{"floor", 0.8}, {"ip", 10}, {"Mininet", 60}}},
	{"the same, 200 hosts, CPU time of the process", "Network/hosts=200", "cpu-sec/op", "floor", nil, nil},
	{"the same, 1,000 hosts", "Network/hosts=1000", "", "floor", nil,
		[]target{{"floor", 0.2}}},
	{"the same, 1,000 hosts, CPU time of the process", "Network/hosts=1000", "cpu-sec/op", "floor", nil, nil},
	{"a host of a star of 1,000; floor: of 50", "HostOfMany", "", "floor", nil,
		[]target{{"floor", 1.5}}},
	{"the end of a star of 200 hosts, until the kernel has nothing left of it; floor: its namespaces are let go of", "TearDown/hosts=200", "", "floor", nil,
		[]target{{"", 1}}},
	{"the same, what a test waits for", "TearDown/hosts=200", "wait-sec/op", "", nil, nil},
	{"leak check at the end, 100 threads and 1,000 descriptors", "LeakCheck", "", "", nil,
		[]target{{"", 5e-3}}},
}

// A line is a work with its figures.
type line struct {
	work
	ours   spread
	others []other
	goals  []goal
}

// An other is somebody who did the same work. The ratio is theirs to ours for a peer,
// ours to theirs for a floor.
type other struct {
	who           string
	peer          bool
	figure, ratio spread
}

// A goal is a target with what there is of it.
type goal struct {
	text, is string
	met      bool
}

// judge has the figures of all works.
func judge(r *runs) (lines []line, err error) {
	for _, w := range works {
		l, err := w.judge(r)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (w work) judge(r *runs) (l line, err error) {
	if w.unit == "" {
		w.unit = "sec/op"
	}
	l.work = w
	own, err := r.of(key{w.bench + "/who=" + ours, w.unit})
	if err != nil {
		return l, err
	}
	l.ours = spreadOf(own)
	add := func(who string, peer bool) error {
		theirs, err := r.of(key{w.bench + "/who=" + who, w.unit})
		if err != nil {
			return err
		}
		o := other{who, peer, spreadOf(theirs), spreadOf(ratios(own, theirs))}
		if peer {
			o.ratio = spreadOf(ratios(theirs, own))
		}
		l.others = append(l.others, o)
		return nil
	}
	if w.floor != "" {
		if err := add(w.floor, false); err != nil {
			return l, err
		}
	}
	for _, who := range w.peers {
		if err := add(who, true); err != nil {
			return l, err
		}
	}
	for _, t := range w.targets {
		l.goals = append(l.goals, l.goal(t))
	}
	return l, nil
}

func (l *line) goal(t target) goal {
	for _, o := range l.others {
		switch {
		case o.who != t.who:
		case o.peer:
			return goal{fmt.Sprintf("&ge; %g x as fast as %s", t.limit, o.who), ratio(o.ratio.median) + " x", o.ratio.median >= t.limit}
		default:
			return goal{fmt.Sprintf("&le; %.2f x floor", t.limit), ratio(o.ratio.median) + " x", o.ratio.median <= t.limit}
		}
	}
	return goal{"&le; " + figure(t.limit, l.unit), figure(l.ours.median, l.unit), l.ours.median <= t.limit}
}
