// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Expected is what is to be there once the kernel has done what it does by itself after a
// change.
type Expected struct {
	Running map[int]string // interfaces, index to name, that are up and have a carrier
	Local   []netip.Addr   // IPv6 addresses that packets are delivered to
}

// Settle waits until what is expected is there, by what the kernel tells of changes. Most often it
// is there already, and takes no second socket.
func (c *Conn) Settle(s set.Set, want Expected, limit time.Duration) error {
	missing, err := c.missing(want)
	if err != nil || len(missing) == 0 {
		return err
	}
	return Await(s, limit, func() ([]string, error) { return c.missing(want) }, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV6_ROUTE)
}

// Await waits until nothing is missing any more, and looks each time the kernel tells of a change in one
// of those groups. What is missing at the end of the time is the error, which is [os.ErrDeadlineExceeded].
func Await(s set.Set, limit time.Duration, look func() (missing []string, err error), groups ...uint) error {
	events, err := Dial(s, groups...)
	if err != nil {
		return err
	}
	defer events.Close()
	deadline := time.Now().Add(limit)
	for { // the first look after the socket is there, so that no change is missed
		missing, err := look()
		if err != nil || len(missing) == 0 {
			return err
		}
		_, err = events.Receive(deadline)
		if errors.Is(err, unix.EAGAIN) {
			return lateError(fmt.Sprintf("after %v, %s", limit.Round(time.Millisecond), strings.Join(missing, ", ")))
		}
		if err != nil && !errors.Is(err, unix.ENOBUFS) { // that there was more to say is one thing to say
			return err
		}
	}
}

// A lateError says what was still missing at the end of the time.
type lateError string

func (e lateError) Error() string { return string(e) }

func (e lateError) Unwrap() error { return os.ErrDeadlineExceeded }

// missing says what of the expected is not there.
func (c *Conn) missing(want Expected) (list []string, err error) {
	indexes := slices.Sorted(maps.Keys(want.Running))
	states, err := c.States(indexes)
	if err != nil {
		return nil, err
	}
	for _, index := range indexes {
		if states[index] != Up {
			list = append(list, want.Running[index]+" is down or has no carrier")
		}
	}
	if len(want.Local) == 0 {
		return list, nil
	}
	local, err := c.local6()
	if err != nil {
		return nil, err
	}
	for _, address := range want.Local {
		if !local[address] {
			list = append(list, fmt.Sprintf("packets to %v are not delivered", address))
		}
	}
	return list, nil
}

// States returns the states of interfaces, but for those that there are not. Each is asked for by itself: that has the kernel look for its
// carrier at once (net/core/rtnetlink.c, rtnl_getlink, since 6.8), while it leaves it to itself to
// do so for a hundred interfaces a second (net/core/link_watch.c). Until it has done so, one that was switched on before the other
// end of its veth loses all it is to send, and is no port that a bridge forwards to; but the flags say that it runs
// where the kernel is older. Its operational state is unknown then (Documentation/networking/operstates.rst).
func (c *Conn) States(indexes []int) (map[int]LinkState, error) {
	list := make(map[int]LinkState)
	const atOnce = 16 // answers, each of some 4 KiB in the socket's buffer of 208 KiB
	for chunk := range slices.Chunk(indexes, atOnce) {
		awaited := make(map[uint32]bool)
		for _, index := range chunk {
			r := request("look at an interface", unix.RTM_GETLINK, 0)
			r.AddData(End{Index: index}.message())
			awaited[r.Seq] = true
			if err := c.socket.Send(r.NetlinkRequest); err != nil {
				return nil, err
			}
		}
		err := c.each(func(m syscall.NetlinkMessage) (done bool, err error) {
			if awaited[m.Header.Seq] && m.Header.Type == unix.RTM_NEWLINK { // or it is gone
				info := nl.DeserializeIfInfomsg(m.Data)
				state, err := stateIn(info, m.Data[unix.SizeofIfInfomsg:])
				if err != nil {
					return false, err
				}
				list[int(info.Index)] = state
			}
			delete(awaited, m.Header.Seq)
			return len(awaited) == 0, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// stateIn is [StateOf], and NotRunning for what the kernel does not know yet to be in operation.
func stateIn(info *nl.IfInfomsg, attributes []byte) (LinkState, error) {
	state := StateOf(info.Flags)
	operation, err := attribute(attributes, unix.IFLA_OPERSTATE)
	if state == Up && !bytes.Equal(operation, []byte{netlink.OperUp}) {
		state = NotRunning
	}
	return state, err
}

// local6 lists the IPv6 addresses that packets are delivered to. The kernel adds these routes
// later than the address (net/ipv6/addrconf.c, addrconf_dad_work).
func (c *Conn) local6() (map[netip.Addr]bool, error) {
	list := make(map[netip.Addr]bool)
	message := nl.NewRtMsg()
	message.Family = unix.AF_INET6
	err := c.dump(unix.RTM_GETROUTE, message, func(m syscall.NetlinkMessage) error {
		if nl.DeserializeRtMsg(m.Data).Type != unix.RTN_LOCAL {
			return nil
		}
		to, err := attribute(m.Data[unix.SizeofRtMsg:], unix.RTA_DST)
		if to != nil {
			list[Addr(to)] = true
		}
		return err
	})
	return list, err
}

// dumpTimes is how often a list is asked for that changed while it was read.
const dumpTimes = 10

// dump asks for a list.
func (c *Conn) dump(kind int, message nl.NetlinkRequestData, each func(syscall.NetlinkMessage) error) error {
	return Undisturbed(dumpTimes, func() error {
		r := nl.NewNetlinkRequest(kind, unix.NLM_F_DUMP)
		r.AddData(message)
		if err := c.socket.Send(r); err != nil {
			return err
		}
		return c.each(func(m syscall.NetlinkMessage) (done bool, err error) {
			switch {
			case m.Header.Seq != r.Seq:
				return false, nil
			case m.Header.Type == unix.NLMSG_DONE:
				return true, interruption(m.Header.Flags)
			case m.Header.Type == unix.NLMSG_ERROR:
				return true, errnoOf(m)
			}
			return false, each(m)
		})
	})
}
