// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// What a new network namespace would have in net.ipv4.conf.all and .default if it did not
// copy the host's (net.core.devconf_inherit_init_net, Documentation/admin-guide/sysctl/net.rst):
// ipv4_devconf and ipv4_devconf_dflt of net/ipv4/devinet.c. mc_forwarding cannot be
// written.
const zeroes = "forwarding accept_local arp_accept arp_announce arp_filter arp_ignore arp_notify " +
	"bc_forwarding bootp_relay disable_policy disable_xfrm drop_gratuitous_arp " +
	"drop_unicast_in_l2_multicast force_igmp_version ignore_routes_with_linkdown " +
	"log_martians medium_id promote_secondaries proxy_arp proxy_arp_pvlan route_localnet " +
	"rp_filter src_valid_mark tag"

var others = map[string]string{
	"accept_redirects": "1", "secure_redirects": "1", "send_redirects": "1", "shared_media": "1",
	"arp_evict_nocarrier":                "1",
	"igmpv2_unsolicited_report_interval": "10000",
	"igmpv3_unsolicited_report_interval": "1000",
}

const (
	toAll     = "net/ipv4/conf/all/"
	toDefault = "net/ipv4/conf/default/"
)

// defaults lists the settings that a network namespace may have from the host, with what
// the kernel itself gives it.
var defaults = sync.OnceValue(func() (list []setting) {
	for _, where := range []string{toAll, toDefault} {
		for name := range strings.FieldsSeq(zeroes) {
			list = append(list, setting{where + name, "0"})
		}
		for name, value := range others {
			list = append(list, setting{where + name, value})
		}
	}
	list = append(list, setting{toAll + "accept_source_route", "0"}, setting{toDefault + "accept_source_route", "1"})
	// These are the host's only where its administrator, or the command line of its kernel,
	// has it so.
	for _, where := range []string{"net/ipv6/conf/all/", "net/ipv6/conf/default/"} {
		list = append(list, setting{where + "disable_ipv6", "0"}, setting{where + "forwarding", "0"})
	}
	return list
})

type setting struct{ name, value string }

// inherited are those of the defaults that network namespaces here do not have. That is
// found out in the first one: to read all takes as long as to make a network namespace.
var inherited struct {
	sync.Mutex
	known bool
	list  []setting
}

// Defaults gives the calling thread's network namespace, a new one, the settings of the
// kernel instead of those that it has from the host, so that a test of routes means the same
// on each machine. In one without IPv6 there is nothing to set for it.
func (s *Settings) Defaults() error {
	list, err := inheritedHere()
	return errors.Join(err, s.setAll(list))
}

func (s *Settings) setAll(list []setting) error {
	var errs []error
	for _, one := range list {
		errs = append(errs, s.Set(one.name, one.value))
	}
	return errors.Join(errs...)
}

func inheritedHere() ([]setting, error) {
	inherited.Lock()
	defer inherited.Unlock()
	if inherited.known {
		return inherited.list, nil
	}
	list, err := differing()
	if err == nil {
		inherited.known, inherited.list = true, list
	}
	return list, err
}

// differing lists those of the defaults that the calling thread's network namespace does
// not have.
func differing() (list []setting, err error) {
	for _, want := range defaults() {
		is, err := sys.ReadFileAt(nowhere, "/proc/sys/"+want.name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // the kernel is older, or without IPv6
		case err != nil:
			return nil, fmt.Errorf("read /proc/sys/%s: %w", want.name, err)
		case strings.TrimSpace(is) != want.value:
			list = append(list, want)
			list = append(list, want.ofLo()...)
		}
	}
	return list, nil
}

// ofLo returns the same for lo, which was made with the network namespace: an interface
// copies 'default' when it is made, and later changes only as a whole.
func (s setting) ofLo() []setting {
	name, of := strings.CutPrefix(s.name, toDefault)
	if !of || strings.HasPrefix(name, "disable_") { // the kernel sets lo's to 1
		return nil
	}
	return []setting{{"net/ipv4/conf/lo/" + name, s.value}}
}
