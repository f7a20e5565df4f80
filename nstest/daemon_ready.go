// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A condition is one that a daemon has to meet to be ready.
type condition struct {
	what    string
	network bool                // it takes a network namespace
	pattern *regexp.Regexp      // of a line
	free    func(set.Set) error // before the start
	check   func(*daemonRun) (met bool, err error)
	tries   bool // an error of check says why it is not met, and nothing else
}

// readyInterval is how long nobody looks whether a daemon is ready.
const readyInterval = 5 * time.Millisecond

// before returns an error if what the daemon is to bring about is there already.
func (c *condition) before(d *Daemon) error {
	if c.free == nil {
		return nil
	}
	return c.free(d.room.set)
}

// awaitReady returns when all conditions are met. What wakes it before the interval is over is the end
// of the program.
func (d *Daemon) awaitReady(r *daemonRun) (err error) {
	if len(d.conditions) == 0 {
		return nil
	}
	var end []*sys.FD
	d.mu.Lock()
	if over, err := r.over(); !over && err == nil {
		if fd, err := sys.OpenProcess(r.cmd.Process.Pid); err == nil { // or the kernel is too old to tell
			end = append(end, fd)
			defer func() { err = errors.Join(err, fd.Close()) }()
		}
	}
	d.mu.Unlock()
	deadline := time.Now().Add(d.within)
	for _, c := range d.conditions {
		for {
			met, cause := c.check(r)
			if met {
				break
			}
			if cause != nil && !c.tries {
				return fmt.Errorf("whether it %s: %w", c.what, cause)
			}
			select {
			case <-r.ended:
				return fmt.Errorf("before it %s it has ended: %s", c.what, howEnded(r.err))
			default:
			}
			if time.Now().After(deadline) {
				return notReady(c, d.within, cause)
			}
			if err := sys.WaitReadable(readyInterval, end...); err != nil {
				return os.NewSyscallError("ppoll", err)
			}
		}
	}
	return nil
}

func notReady(c *condition, limit time.Duration, cause error) error {
	if cause == nil {
		return fmt.Errorf("after %v it is not so that it %s", limit, c.what)
	}
	return fmt.Errorf("after %v it is not so that it %s: %w", limit, c.what, cause)
}

// A listening is where a socket is to listen.
type listening struct {
	protocol string // as state.Socket has it
	ip4, ip6 bool
	path     string     // of a unix socket
	ip       netip.Addr // the zero one stands for any
	port     uint16
}

func parseListening(network, address string) (l listening, err error) {
	switch network {
	case "unix", "unixgram", "unixpacket":
		if address == "" {
			return l, fmt.Errorf("the socket has no name: %w", os.ErrInvalid)
		}
		return listening{protocol: "unix", path: address}, nil
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
		l.protocol = network[:3]
		l.ip4, l.ip6 = !strings.HasSuffix(network, "6"), !strings.HasSuffix(network, "4")
	default:
		return l, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return l, err
	}
	port, err := net.DefaultResolver.LookupPort(context.Background(), network, service)
	if err != nil {
		return l, err
	}
	if l.port = uint16(port); port == 0 {
		return l, fmt.Errorf("which port the kernel will choose for 0 is unknown: %w", os.ErrInvalid)
	}
	if host != "" {
		if l.ip, err = netip.ParseAddr(host); err != nil {
			return l, err
		}
		l.ip = l.ip.WithZone("")
	}
	return l, nil
}

// is reports whether a socket listens there.
func (l listening) is(s state.Socket) bool {
	if s.Protocol != l.protocol {
		return false
	}
	if l.path != "" {
		// A datagram socket has no state of its own, and one that was accepted has the path too.
		return s.Local == l.path && s.State != "ESTABLISHED"
	}
	local, err := netip.ParseAddrPort(s.Local)
	if err != nil || local.Port() != l.port || s.Protocol == "tcp" && s.State != "LISTEN" || s.Remote != "" {
		return false
	}
	ip := local.Addr()
	// A socket for all addresses of IPv6 takes what comes for IPv4, as a rule (ipv6(7)).
	family := ip.Is4() && l.ip4 || ip.Is6() && (l.ip6 || ip.IsUnspecified())
	return family && (!l.ip.IsValid() || ip == l.ip || ip.IsUnspecified() && (ip.Is6() || l.ip.Is4()))
}

func (l listening) listens(s set.Set) (bool, error) {
	found, err := l.find(s)
	return found != nil, err
}

// free returns an error if somebody listens there.
func (l listening) free(s set.Set) error {
	found, err := l.find(s)
	if found != nil {
		return fmt.Errorf("%s %s is taken already, before it starts: stop what listens there, or give the daemon another address", found.Protocol, found.Local)
	}
	return err
}

func (l listening) find(s set.Set) (*state.Socket, error) {
	sockets, err := state.Sockets(s)
	for _, s := range sockets {
		if l.is(s) {
			return &s, nil
		}
	}
	return nil, err
}
