// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrIPv6Off is the error of an IPv6 address for an interface that is to have none.
var ErrIPv6Off = errors.New("IPv6 is switched off there")

// AddressError says what is known of why the kernel does not give an interface an address, in place of the words that some kernels
// have for it.
func AddressError(err error, link string, is6 bool) error {
	switch {
	case errors.Is(err, syscall.EEXIST):
		return fmt.Errorf("%w: %s has that address already", syscall.EEXIST, link)
	case is6 && errors.Is(err, syscall.EACCES): // net/ipv6/addrconf.c, addrconf_add_dev
		return fmt.Errorf("%w: %w (net.ipv6.conf.%s.disable_ipv6)", syscall.EACCES, ErrIPv6Off, link)
	}
	return err
}
