// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"fmt"
	"math"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// How an interface treats what it sends: its root is a token bucket filter (tc-tbf(8)), which holds nothing
// back but divides large segments that the kernel has put off dividing (GSO), so that netem below
// it (tc-netem(8)) gets the frames that a cable would carry, one by one. So that programs of this host
// do not make such segments in the first place, the interface is told to take none.

// Handles of the two (linux/pkt_sched.h).
const (
	root        = math.MaxUint32 // TC_H_ROOT
	tbfHandle   = 1 << 16
	tbfClass    = tbfHandle | 1
	netemHandle = 2 << 16
)

// NetemFits reports whether netem means by these rules what they mean. It draws for duplication
// before it does for loss, so that a frame that is to be doubled and lost is sent once
// (sch_netem.c, netem_enqueue).
func NetemFits(r impair.Rules) bool {
	return r.Duplicate == 0 || r.Loss == 0 || r.Loss == 1
}

// SetNetem has an interface, with that MTU, treat the frames that it sends by the rules. The seed is for
// Linux 6.6 and later; kernels before it ignore it. An interface keeps the frames that it holds, which is
// why netem stays also where it has nothing more to do.
func SetNetem(name string, index, mtu int, r impair.Rules, seed uint64) []Request {
	return []Request{forbidSegments(name, index), addTBF(name, index, mtu), setNetem(name, index, r, seed)}
}

// forbidSegments has the interface take no segments that are to be divided.
func forbidSegments(name string, index int) Request {
	r := request("forbid large segments on "+name, unix.RTM_NEWLINK, 0)
	r.AddData(End{Index: index}.message())
	r.AddData(nl.NewRtAttr(unix.IFLA_GSO_MAX_SEGS, nl.Uint32Attr(1)))
	return r
}

func qdisc(what, kind string, index int, parent, handle uint32) Request {
	r := request(what, unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.AddData(&nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index), Parent: parent, Handle: handle})
	r.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated(kind)))
	return r
}

// addTBF makes a token bucket that is full again before the next frame comes, and is as large as a
// frame: what is larger is divided, or dropped if it cannot be.
func addTBF(name string, index, mtu int) Request {
	const (
		rate   = 100 << 30           // bytes per second
		header = 14 + 4              // Ethernet, with a VLAN tag
		limit  = math.MaxUint32 >> 1 // that of netem counts
	)
	bucket := uint32(mtu + header)
	r := qdisc("set tbf of "+name, "tbf", index, root, tbfHandle)
	options := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
	parameters := nl.TcTbfQopt{Rate: nl.TcRateSpec{Linklayer: nl.LINKLAYER_ETHERNET, Rate: math.MaxUint32}, Limit: limit}
	options.AddRtAttr(nl.TCA_TBF_PARMS, parameters.Serialize())
	options.AddRtAttr(nl.TCA_TBF_RATE64, nl.Uint64Attr(rate))
	options.AddRtAttr(nl.TCA_TBF_BURST, nl.Uint32Attr(bucket))
	r.AddData(options)
	return r
}

// Attributes of netem that package nl has no name for (linux/pkt_sched.h).
const (
	netemLatency64 = 10
	netemJitter64  = 11
	netemSeed      = 14
)

// setNetem says all there is to say each time: the kernel keeps what it is not told.
func setNetem(name string, index int, r impair.Rules, seed uint64) Request {
	parameters := nl.TcNetemQopt{
		Limit:     uint32(r.QueueSize()),
		Loss:      chance(r.Loss),
		Duplicate: chance(r.Duplicate),
	}
	if r.Loss == 1 {
		parameters.Duplicate = 0 // see NetemFits
	}
	if r.Reorder > 0 {
		parameters.Gap = 1 // each frame may overtake
	}
	q := qdisc("set netem of "+name, "netem", index, tbfClass, netemHandle)
	options := nl.NewRtAttr(nl.TCA_OPTIONS, parameters.Serialize())
	options.AddRtAttr(nl.TCA_NETEM_REORDER, (&nl.TcNetemReorder{Probability: chance(r.Reorder)}).Serialize())
	options.AddRtAttr(nl.TCA_NETEM_CORRUPT, (&nl.TcNetemCorrupt{Probability: chance(r.Corrupt)}).Serialize())
	rate := uint64(r.Rate) / 8
	options.AddRtAttr(nl.TCA_NETEM_RATE, (&nl.TcNetemRate{Rate: uint32(min(rate, math.MaxUint32))}).Serialize())
	options.AddRtAttr(nl.TCA_NETEM_RATE64, nl.Uint64Attr(rate))
	options.AddRtAttr(netemLatency64, nl.Uint64Attr(uint64(r.Delay)))
	options.AddRtAttr(netemJitter64, nl.Uint64Attr(uint64(r.Jitter)))
	options.AddRtAttr(netemSeed, nl.Uint64Attr(seed))
	q.AddData(options)
	return q
}

// chance turns a probability into what netem compares a random number of 32 bits with.
func chance(p float64) uint32 { return uint32(math.Round(p * math.MaxUint32)) }

// NetemSeed returns the seed that netem of the interface has, or false for a kernel whose netem has none.
func (c *Conn) NetemSeed(index int) (seed uint64, has bool, err error) {
	err = c.dump(unix.RTM_GETQDISC, &nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index)}, func(m syscall.NetlinkMessage) error {
		message := nl.DeserializeTcMsg(m.Data)
		if message.Ifindex != int32(index) || message.Handle != netemHandle {
			return nil
		}
		options, err := attribute(m.Data[nl.SizeofTcMsg:], nl.TCA_OPTIONS)
		if err != nil || len(options) < nl.SizeofTcNetemQopt {
			return err
		}
		value, err := attribute(options[nl.SizeofTcNetemQopt:], netemSeed)
		if len(value) == 8 {
			seed, has = binary.NativeEndian.Uint64(value), true
		}
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("look at netem: %w", err)
	}
	return seed, has, nil
}
