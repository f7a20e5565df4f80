// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Config is what resolv.conf(5) says.
type Config struct {
	Servers  []netip.AddrPort
	Search   []string // domains, without dots at the end
	Ndots    int      // a name with as many dots is tried as it is first
	Timeout  time.Duration
	Attempts int
	Rotate   bool // spread the questions over the servers
	TCP      bool // use no UDP
	OneByOne bool // ask for IPv4 and IPv6 one after the other
}

const (
	port       = 53
	maxServers = 3 // MAXNS of resolv.conf(5)
)

// ParseConfig reads the text of /etc/resolv.conf, which may be empty: the host is
// its own name server then. The host's own domain is searched where no other is
// given. What is unknown or makes no sense is passed over.
func ParseConfig(text, hostname string) Config {
	c := Config{Ndots: 1, Timeout: 5 * time.Second, Attempts: 2}
	if _, domain, ok := strings.Cut(hostname, "."); ok {
		c.setSearch([]string{domain})
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || strings.ContainsAny(line[:1], "#;") {
			continue
		}
		switch words[0] {
		case "nameserver":
			if ip, err := netip.ParseAddr(words[1]); err == nil && len(c.Servers) < maxServers {
				c.Servers = append(c.Servers, netip.AddrPortFrom(ip.Unmap(), port))
			}
		case "domain":
			c.setSearch(words[1:2])
		case "search":
			c.setSearch(words[1:])
		case "options":
			for _, option := range words[1:] {
				c.setOption(option)
			}
		}
	}
	if len(c.Servers) == 0 {
		c.Servers = []netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port),
			netip.AddrPortFrom(netip.IPv6Loopback(), port),
		}
	}
	return c
}

func (c *Config) setSearch(domains []string) {
	c.Search = nil
	for _, domain := range domains {
		if domain = strings.TrimSuffix(domain, "."); domain != "" {
			c.Search = append(c.Search, domain)
		}
	}
}

// setOption knows the options that concern a resolver like this one; the
// limits are those of resolv.conf(5).
func (c *Config) setOption(option string) {
	name, value, _ := strings.Cut(option, ":")
	n, err := strconv.Atoi(value)
	switch name {
	case "ndots":
		if err == nil {
			c.Ndots = min(max(n, 0), 15)
		}
	case "timeout":
		if err == nil {
			c.Timeout = time.Duration(min(max(n, 1), 30)) * time.Second
		}
	case "attempts":
		if err == nil {
			c.Attempts = min(max(n, 1), 5)
		}
	case "rotate":
		c.Rotate = true
	case "use-vc":
		c.TCP = true
	case "single-request", "single-request-reopen":
		c.OneByOne = true
	}
}

// names returns what to ask for, in that order, when looking up a name. Those of
// Tor are nothing for DNS (RFC 7686).
func (c *Config) names(name string) []string {
	if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(name, ".")), ".onion") {
		return nil
	}
	if rooted, ok := strings.CutSuffix(name, "."); ok {
		return []string{rooted}
	}
	var list []string
	for _, domain := range c.Search {
		list = append(list, name+"."+domain)
	}
	if strings.Count(name, ".") >= c.Ndots {
		return append([]string{name}, list...)
	}
	return append(list, name)
}

// Hosts returns the addresses that the text of /etc/hosts gives to a name
// (hosts(5)).
func Hosts(text, name string) (addrs []netip.Addr) {
	name = strings.TrimSuffix(name, ".")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		ip, err := netip.ParseAddr(words[0])
		if err != nil {
			continue
		}
		for _, alias := range words[1:] {
			if strings.EqualFold(strings.TrimSuffix(alias, "."), name) {
				addrs = append(addrs, ip.Unmap())
				break
			}
		}
	}
	return addrs
}
