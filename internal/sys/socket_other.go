// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import "net/netip"

// Types of [Socket].
const (
	Stream = 1 + iota
	Datagram
	Raw
)

func Socket(bool, int, int) (*FD, error)        { return nil, errUnsupported }
func NoIPv6(error) bool                         { return false }
func (fd *FD) SetV6Only(bool) error             { return errUnsupported }
func (fd *FD) SetBroadcast() error              { return errUnsupported }
func (fd *FD) SetReuseAddress() error           { return errUnsupported }
func (fd *FD) Bind(netip.AddrPort) error        { return errUnsupported }
func (fd *FD) Listen() error                    { return errUnsupported }
func Connect(int, netip.AddrPort) (bool, error) { return false, errUnsupported }
func InterfaceIndex(string) (int, error)        { return 0, errUnsupported }
