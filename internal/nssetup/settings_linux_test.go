// SPDX-License-Identifier: Apache-2.0

package nssetup_test

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// kernels are the settings of a network namespace that has nothing from the host: what is
// seen in a new one under net.core.devconf_inherit_init_net=2 (Linux 5.16 to 6.18). All
// others are 0.
var kernels = map[string]map[string]string{
	"all": {
		"accept_redirects": "1", "arp_evict_nocarrier": "1", "igmpv2_unsolicited_report_interval": "10000",
		"igmpv3_unsolicited_report_interval": "1000", "secure_redirects": "1", "send_redirects": "1", "shared_media": "1",
	},
	"default": {
		"accept_redirects": "1", "accept_source_route": "1", "arp_evict_nocarrier": "1",
		"igmpv2_unsolicited_report_interval": "10000", "igmpv3_unsolicited_report_interval": "1000",
		"secure_redirects": "1", "send_redirects": "1", "shared_media": "1",
	},
	"lo": {
		"accept_redirects": "1", "accept_source_route": "1", "arp_evict_nocarrier": "1", "disable_policy": "1",
		"disable_xfrm": "1", "igmpv2_unsolicited_report_interval": "10000",
		"igmpv3_unsolicited_report_interval": "1000", "secure_redirects": "1", "send_redirects": "1", "shared_media": "1",
	},
}

// The host's settings are those of a machine that routes, and of one that somebody has
// hardened: a network namespace copies what the first one has.
func TestDefaultsAreTheKernelsWhateverTheHostHas(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET, nstest.Raw())
	for name := range kernels {
		dir := "/proc/sys/net/ipv4/conf/" + name
		entries, err := os.ReadDir(dir)
		g.Expect(err).NotTo(HaveOccurred())
		for _, e := range entries {
			if e.Name() != "mc_forwarding" { // a router's alone, through a socket
				g.Expect(nssetup.SetSysctl("net/ipv4/conf/"+name+"/"+e.Name(), "1")).To(Succeed())
			}
		}
		g.Expect(nssetup.SetSysctl("net/ipv4/conf/"+name+"/accept_redirects", "0")).To(Succeed())
		g.Expect(nssetup.SetSysctl("net/ipv6/conf/"+name+"/disable_ipv6", "1")).To(Succeed())
		g.Expect(nssetup.SetSysctl("net/ipv6/conf/"+name+"/forwarding", "1")).To(Succeed())
	}
	nssetup.ForgetInherited()
	t.Cleanup(nssetup.ForgetInherited)
	var s nssetup.Settings
	g.Expect(s.Defaults()).To(Succeed())
	g.Expect(s.Close()).To(Succeed())

	for name, values := range kernels {
		entries, err := os.ReadDir("/proc/sys/net/ipv4/conf/" + name)
		g.Expect(err).NotTo(HaveOccurred())
		for _, e := range entries {
			want, special := values[e.Name()]
			if !special {
				want = "0"
			}
			g.Expect(procfs.Sysctl(procfs.Root, "net/ipv4/conf/"+name+"/"+e.Name())).To(Equal(want), name+"/"+e.Name())
		}
		for _, setting := range []string{"disable_ipv6", "forwarding"} {
			g.Expect(procfs.Sysctl(procfs.Root, "net/ipv6/conf/"+name+"/"+setting)).To(Equal("0"), name+"/"+setting)
		}
	}
	g.Expect(procfs.Sysctl(procfs.Root, "net/ipv4/ip_forward")).To(Equal("0"))
}

// Where nothing is the host's, nothing is written.
func TestDefaultsThatAreThereAreLeftAlone(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET|gonso.NS_MNT)
	nssetup.ForgetInherited()
	t.Cleanup(nssetup.ForgetInherited)
	g.Expect(unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND|unix.MS_REC, "")).To(Succeed())
	g.Expect(unix.MountSetattr(unix.AT_FDCWD, "/proc/sys", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})).To(Succeed())
	var s nssetup.Settings
	g.Expect(s.Defaults()).To(Succeed())
	g.Expect(s).To(BeZero())
}
