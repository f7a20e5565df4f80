// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Counts are those of an interface.
type Counts struct {
	Received uint64 // frames
	Dropped  uint64 // frames that were to be sent: by the interface, and by the queueing discipline of SetNetem
}

// Counts returns what the kernel has counted at an interface.
func (c *Conn) Counts(index int) (counts Counts, err error) {
	if err := c.linkCounts(index, &counts); err != nil {
		return Counts{}, fmt.Errorf("counters of the interface %d: %w", index, err)
	}
	if err := c.qdiscCounts(index, &counts); err != nil {
		return Counts{}, fmt.Errorf("counters of netem at the interface %d: %w", index, err)
	}
	return counts, nil
}

// Places in struct rtnl_link_stats64 (linux/if_link.h), which grows at its end.
const (
	rxPackets = 0 * 8
	txDropped = 7 * 8
)

func (c *Conn) linkCounts(index int, counts *Counts) error {
	r := request("", unix.RTM_GETLINK, 0)
	r.AddData(End{Index: index}.message())
	if err := c.socket.Send(r.NetlinkRequest); err != nil {
		return err
	}
	return c.each(func(m syscall.NetlinkMessage) (done bool, err error) {
		if m.Header.Seq != r.Seq {
			return false, nil
		}
		if m.Header.Type == unix.NLMSG_ERROR {
			return true, errnoOf(m)
		}
		stats, err := attribute(m.Data[unix.SizeofIfInfomsg:], unix.IFLA_STATS64)
		if len(stats) >= txDropped+8 {
			counts.Received += binary.NativeEndian.Uint64(stats[rxPackets:])
			counts.Dropped += binary.NativeEndian.Uint64(stats[txDropped:])
		}
		return true, err
	})
}

// Attributes of queueing disciplines: TCA_STATS_QUEUE of linux/gen_stats.h, and where its drops are.
const (
	statsQueue = 3
	queueDrops = 2 * 4
)

// qdiscCounts asks the tbf above netem, which counts what netem drops as well.
func (c *Conn) qdiscCounts(index int, counts *Counts) error {
	return c.dump(unix.RTM_GETQDISC, &nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index)}, func(m syscall.NetlinkMessage) error {
		message := nl.DeserializeTcMsg(m.Data)
		if message.Ifindex != int32(index) || message.Handle != tbfHandle {
			return nil
		}
		stats, err := attribute(m.Data[nl.SizeofTcMsg:], nl.TCA_STATS2)
		if err != nil {
			return err
		}
		queue, err := attribute(stats, statsQueue)
		if len(queue) >= queueDrops+4 {
			counts.Dropped += uint64(binary.NativeEndian.Uint32(queue[queueDrops:]))
		}
		return err
	})
}
