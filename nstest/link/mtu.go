// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
)

// orWithoutMTU returns how a request for a link has failed. The kernel says no more of an MTU than that an argument is invalid: if it
// makes the link by a request that says none, it tells which ones the link takes.
func (l *Link) orWithoutMTU(refused error, mtus []int, again func() error) error {
	if !isInvalid(refused) || slices.Max(mtus) == 0 || again() != nil {
		return refused
	}
	found, err := lookUp(l.fixture.Netlink(), l.name)
	if err != nil {
		return errors.Join(refused, err)
	}
	l.index = found.Attrs().Index
	err = l.explainMTU(refused, mtus...)
	return errors.Join(err, l.remove()) // as if it never was
}

// isInvalid reports whether the kernel may have meant an MTU.
func isInvalid(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ERANGE)
}

// explainMTU adds to the error of a link that it has refused one of these MTUs, and which it takes.
func (l *Link) explainMTU(refused error, mtus ...int) error {
	least, most, err := l.takesMTU()
	if err != nil {
		return errors.Join(refused, err)
	}
	for _, mtu := range mtus {
		switch {
		case mtu == 0: // nobody chose it
		case most == 0 && mtu < least:
			return fmt.Errorf("an MTU of %d: it must be %d at least: %w", mtu, least, refused)
		case most != 0 && (mtu < least || mtu > most):
			return fmt.Errorf("an MTU of %d: it must be %d to %d: %w", mtu, least, most, refused)
		}
	}
	return fmt.Errorf("an MTU of %d: without it the link is made; one that sits on another link has no larger MTU than that: %w", mtus[0], refused)
}
