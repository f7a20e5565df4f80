// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// none of the ends is off. If both are, coupling.off is the one that was first.
const none = -1

// Couple has each end lose its carrier while the other one is switched off, from now on, as they do with a cable of copper: until
// then each has one as soon as it is switched on. When it returns, the carriers are as they are to be;
// what becomes of the ends later is followed within moments. Somebody who cannot wait for the carriers themselves calls it again.
func (c *Cable) Couple() error {
	c.coupled.Lock()
	defer c.coupled.Unlock()
	if c.isClosed() {
		return nil
	}
	if c.coupling.events == nil {
		if err := c.beginCoupling(); err != nil {
			return fmt.Errorf("cable: hear of its interfaces: %w", err)
		}
	}
	if err := c.followCarriers(); err != nil {
		return fmt.Errorf("cable: carriers: %w", err)
	}
	return nil
}

func (c *Cable) beginCoupling() (err error) {
	c.coupling.off, c.coupling.ended = none, make(chan struct{})
	if c.coupling.events, err = inside.GetIn(c.own, set.NS_NET, sys.LinkEvents); err != nil {
		return err
	}
	go func() {
		defer close(c.coupling.ended)
		buf := make([]byte, 1<<13) // of what it says nothing is read but that it does
		for {
			_, err := c.coupling.events.Read(buf)
			if err == nil || errors.Is(err, unix.ENOBUFS) { // there was more to say
				err = c.Couple()
			}
			if errors.Is(err, os.ErrClosed) {
				return
			}
			if err != nil {
				c.count(func() { c.broken = errors.Join(c.broken, err) })
				return
			}
		}
	}()
	return nil
}

// followCarriers switches the interfaces in the middle. That at an end has a carrier if the end is on, and the end has one
// if the interface is on, so that with one of the ends off the interface of the other one is to be off. That of the end which is off
// is on, or it would be left unseen that the end is switched on.
func (c *Cable) followCarriers() error {
	conn, err := rtnl.Dial(c.own)
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		states, err := conn.States([]int{innerIndex, innerIndex + 1})
		if err != nil {
			return err
		}
		carries := func(i int) bool { s := states[innerIndex+i]; return s == rtnl.Up || s == rtnl.NotRunning }
		off := c.coupling.off
		switch {
		case off == none && !carries(0):
			off = 0
		case off == none && !carries(1):
			off = 1
		case off != none && carries(off):
			off = none
		default:
			return nil
		}
		other := 1 - max(off, c.coupling.off)
		err = conn.Do(rtnl.SetUp(innerName(other), innerIndex+other, off == none))
		if errors.Is(err, unix.ENODEV) { // it has gone with a namespace
			return nil
		}
		if err != nil {
			return err
		}
		c.coupling.off = off
		if err := c.ends[other].ClearError(); err != nil { // what it has been told is over
			return err
		}
	}
}

// endCoupling returns when nobody follows any more. The cable is closed.
func (c *Cable) endCoupling() error {
	c.coupled.Lock()
	events := c.coupling.events
	c.coupled.Unlock()
	if events == nil {
		return nil
	}
	err := events.Close()
	<-c.coupling.ended
	return err
}
