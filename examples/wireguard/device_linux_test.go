// SPDX-License-Identifier: Apache-2.0

package wireguard_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A device is what package golang.zx2c4.com/wireguard/wgctrl would set, for one peer. The numbers are those of
// linux/wireguard.h.
type device struct {
	key      *ecdh.PrivateKey
	port     uint16
	peer     *ecdh.PublicKey
	endpoint netip.AddrPort // where the peer is
	inside   netip.Prefix   // what the tunnel leads to
	alive    uint16         // a packet is sent every so many seconds
}

func newKey() (*ecdh.PrivateKey, error) { return ecdh.X25519().GenerateKey(rand.Reader) }

// set sets the device of that name in the network namespace of the calling thread.
func (d device) set(name string) error {
	const (
		setDevice, version                       = 1, 1
		ifname, privateKey, listenPort, peers    = 2, 3, 6, 8
		publicKey, endpoint, keepalive, allowed  = 1, 4, 5, 9
		allowedFamily, allowedAddress, allowedIn = 1, 2, 3
	)
	family, err := netlink.GenlFamilyGet("wireguard")
	if err != nil {
		return fmt.Errorf("netlink family of WireGuard: %w", err)
	}
	list := nl.NewRtAttr(peers|unix.NLA_F_NESTED, nil)
	peer := list.AddRtAttr(unix.NLA_F_NESTED, nil)
	peer.AddRtAttr(publicKey, d.peer.Bytes())
	peer.AddRtAttr(endpoint, sockaddr(d.endpoint))
	peer.AddRtAttr(keepalive, nl.Uint16Attr(d.alive))
	in := peer.AddRtAttr(allowed|unix.NLA_F_NESTED, nil).AddRtAttr(unix.NLA_F_NESTED, nil)
	in.AddRtAttr(allowedFamily, nl.Uint16Attr(unix.AF_INET))
	in.AddRtAttr(allowedAddress, d.inside.Addr().AsSlice())
	in.AddRtAttr(allowedIn, []byte{byte(d.inside.Bits())})

	request := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_ACK)
	request.AddData(&nl.Genlmsg{Command: setDevice, Version: version})
	request.AddData(nl.NewRtAttr(ifname, nl.ZeroTerminated(name)))
	request.AddData(nl.NewRtAttr(privateKey, d.key.Bytes()))
	request.AddData(nl.NewRtAttr(listenPort, nl.Uint16Attr(d.port)))
	request.AddData(list)
	if _, err := request.Execute(unix.NETLINK_GENERIC, 0); err != nil {
		return fmt.Errorf("set the WireGuard device %s: %w", name, err)
	}
	return nil
}

// sockaddr is the kernel's struct sockaddr_in.
func sockaddr(at netip.AddrPort) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET)
	b = binary.BigEndian.AppendUint16(b, at.Port())
	b = append(b, at.Addr().AsSlice()...)
	return append(b, make([]byte, 8)...)
}
