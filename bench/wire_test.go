// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/bench/wires"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"golang.org/x/sys/unix"
)

// joints are what joins two fixtures: a wire, with filters or without, and a veth.
var joints = []struct {
	who  string
	join func(b *testing.B, one, two *nstest.Fixture)
}{
	{"gonso", func(b *testing.B, one, two *nstest.Fixture) { wire.Join(b, one, two) }},
	{"filter", func(b *testing.B, one, two *nstest.Fixture) { wires.AddFilters(wire.Join(b, one, two), 1) }},
	{"filters", func(b *testing.B, one, two *nstest.Fixture) { wires.AddFilters(wire.Join(b, one, two), 10) }},
	{"floor", func(b *testing.B, one, two *nstest.Fixture) { link.Veth(b, one, two) }},
}

// eachJoint runs a benchmark for frames of all sizes, over all joints.
func eachJoint(b *testing.B, run func(b *testing.B, from net.Conn, to net.PacketConn, payload []byte)) {
	const headers = 14 + 20 + 8 // Ethernet, IPv4, UDP
	for _, size := range []int{64, 512, 1514} {
		for _, j := range joints {
			b.Run(fmt.Sprintf("frame=%d/who=%s", size, j.who), func(b *testing.B) {
				one, two := nstest.New(b, gonso.NS_NET), nstest.New(b, gonso.NS_NET)
				j.join(b, one, two)
				one.AddAddress("eth0", "192.0.2.1/24")
				two.AddAddress("eth0", "192.0.2.2/24")
				to := two.ListenPacket("udp4", "192.0.2.2:0")
				from, err := one.DialContext(b.Context(), "udp4", to.LocalAddr().String())
				check(b, err)
				defer func() { check(b, from.Close()) }()
				run(b, from, to, make([]byte, size-headers))
			})
		}
	}
}

// BenchmarkRoundTrip sends a datagram that is sent back, one at a time: the median, and the 99th percentile.
func BenchmarkRoundTrip(b *testing.B) {
	eachJoint(b, func(b *testing.B, from net.Conn, to net.PacketConn, payload []byte) {
		go echo(to)
		check(b, from.SetDeadline(time.Now().Add(time.Minute)))
		buf := make([]byte, 1<<16)
		times := make([]time.Duration, 0, 1<<16)
		for b.Loop() {
			start := time.Now()
			_, err := from.Write(payload)
			check(b, err)
			_, err = from.Read(buf)
			check(b, err)
			times = append(times, time.Since(start))
		}
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)*99/100]), "99%-ns/op")
		reportMedian(b, times, 1)
	})
}

// echo ends when the socket is closed.
func echo(conn net.PacketConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err == nil {
			_, err = conn.WriteTo(buf[:n], from)
		}
		if err != nil {
			return
		}
	}
}

// BenchmarkFrames sends datagrams as fast as one goroutine can, and counts those that are received: the time of each, and
// what all CPUs of the process have spent on it.
func BenchmarkFrames(b *testing.B) {
	eachJoint(b, func(b *testing.B, from net.Conn, to net.PacketConn, payload []byte) {
		var received atomic.Int64
		go func() {
			buf := make([]byte, 1<<16)
			for {
				if _, _, err := to.(*net.UDPConn).ReadFromUDPAddrPort(buf); err != nil {
					return
				}
				received.Add(1)
			}
		}()
		begin := received.Load()
		spent := cpuTime(b)
		for b.Loop() {
			for stop := begin + 1000; received.Load() < stop; { // received, not sent
				_, err := from.Write(payload)
				check(b, err)
			}
			begin = received.Load()
		}
		n := float64(received.Load())
		b.ReportMetric(float64(b.Elapsed())/n, "ns/op")
		b.ReportMetric(float64(cpuTime(b)-spent)/n, "cpu-ns/op")
	})
}

// cpuTime returns what this process has spent.
func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	check(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
