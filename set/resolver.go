// SPDX-License-Identifier: Apache-2.0

package set

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/dns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// LookupNetIP returns the addresses of a host; network is "ip", "ip4" or "ip6". It is
// that of [net.Resolver], except that it asks the name servers in the Set's network
// namespace, and reads /etc/hosts and /etc/resolv.conf in the Set's mount namespace, or
// in the process's if the Set has none. Each call reads the files again.
//
// It works like the resolver of package net that is written in Go, with two
// differences. It does not read /etc/nsswitch.conf: files come before DNS. And it sorts
// addresses by whether the Set's network namespace has a route to them, then IPv6
// before IPv4; those that are equal stay in the server's order.
func (s Set) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	families := map[string]byte{"ip": 0, "ip4": '4', "ip6": '6'}
	family, ok := families[network]
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	if err := s.acquire("look up"); err != nil {
		return nil, err
	}
	defer s.release()
	return s.lookup(ctx, host, family)
}

// resolve returns the addresses of a target, in the order in which to try them;
// there is at least one.
func (s Set) resolve(ctx context.Context, t address) (addrs []netip.AddrPort, err error) {
	var ips []netip.Addr
	switch t.host {
	case "":
		ips = append(ips, t.unspecified())
	case "::":
		// With half of IPv6 one cannot connect to it (golang.org/issue/18806).
		ips, err = ofFamily(t.family, t.host, netip.IPv6Unspecified(), netip.IPv4Unspecified())
	default:
		ips, err = s.lookup(ctx, t.host, t.family)
	}
	if err != nil {
		return nil, err
	}
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip, t.port))
	}
	return addrs, nil
}

// lookup returns the addresses of a name, or a literal address, of the family.
// The Set has been acquired.
func (s Set) lookup(ctx context.Context, host string, family byte) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ofFamily(family, host, ip.Unmap())
	}
	etc, err := s.readEtc()
	if err != nil {
		return nil, err
	}
	addrs := dns.Hosts(etc.hosts, host)
	if len(addrs) == 0 {
		client := dns.Client{Config: dns.ParseConfig(etc.resolvConf, etc.hostname), Dial: s.dialServer}
		addrs, err = client.Lookup(ctx, host, family)
	} else {
		addrs, err = ofFamily(family, host, addrs...)
	}
	if err != nil {
		return nil, err
	}
	return s.sort(addrs)
}

// ofFamily leaves the addresses of one family, of which there must be one.
func ofFamily(family byte, host string, addrs ...netip.Addr) ([]netip.Addr, error) {
	addrs = slices.DeleteFunc(addrs, func(ip netip.Addr) bool {
		return family != 0 && ip.Is4() != (family == '4')
	})
	if len(addrs) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return addrs, nil
}

// dialServer connects to a name server.
func (s Set) dialServer(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	t := address{network: network, kind: sys.Datagram, host: server.Addr().String()}
	if network == "tcp" {
		t.kind = sys.Stream
	}
	return s.connect(ctx, t, server)
}

// What a resolver goes by.
type etc struct{ hosts, resolvConf, hostname string }

func (s Set) readEtc() (e etc, err error) {
	err = s.inside(NS_MNT|NS_UTS, func() (err error) {
		for path, text := range map[string]*string{"/etc/hosts": &e.hosts, "/etc/resolv.conf": &e.resolvConf} {
			read, err := readConfig(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				return err
			}
			*text = string(read)
		}
		e.hostname, err = os.Hostname()
		return err
	})
	return e, err
}

// maxConfig is the size in bytes of the largest file that is read.
const maxConfig = 1 << 20

// readConfig reads a file that root inside may have made: it does not wait for a FIFO, and a file
// without an end does not fill the memory.
func readConfig(path string) (_ []byte, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is %v, and no file: %w", info.Mode(), fs.ErrInvalid)}
	}
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has more than %d bytes: %w", maxConfig, fs.ErrInvalid)}
	}
	return text, err
}

// sort puts addresses that the Set's network namespace has a route to before
// those that it has none to, and IPv6 before IPv4: the rules 1 and 6 of RFC 6724.
// A wrong guess costs no more than the delay of Happy Eyeballs.
func (s Set) sort(addrs []netip.Addr) ([]netip.Addr, error) {
	if len(addrs) < 2 {
		return addrs, nil
	}
	rank := make(map[netip.Addr]int)
	err := s.inside(NS_NET, func() error {
		for _, ip := range addrs {
			if !reachable(ip) {
				rank[ip] = 2
			}
			if ip.Is4() {
				rank[ip]++
			}
		}
		return nil
	})
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return rank[a] - rank[b] })
	return addrs, err
}

// reachable reports whether there is a route to an address: connecting a datagram
// socket looks for one and sends nothing.
func reachable(ip netip.Addr) bool {
	fd, err := sys.Socket(ip.Is6(), sys.Datagram, 0)
	if err != nil {
		return false
	}
	defer fd.Close() // nothing was sent
	const anyPort = 53
	_, err = sys.Connect(fd.Int(), netip.AddrPortFrom(ip, anyPort))
	return err == nil
}
