// SPDX-License-Identifier: Apache-2.0

package container_test

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// TestSettings holds where settings can be written. What the host has set, such as a host
// of containers net.ipv4.ip_forward, does not matter.
func TestSettings(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "ipv6")
	nstest.Enter(t, gonso.NS_NET)
	for name, want := range map[string]string{
		"ipv4/ip_forward": "0", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
		"ipv4/conf/lo/rp_filter": "0", "ipv4/conf/all/accept_redirects": "1",
		"ipv6/conf/default/accept_dad": "0", "ipv6/conf/all/disable_ipv6": "0",
	} {
		text, err := os.ReadFile("/proc/sys/net/" + name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(strings.TrimSpace(string(text))).To(Equal(want), name)
	}
	g.Expect(os.ReadFile("/proc/sys/net/ipv4/ping_group_range")).To(HavePrefix("0\t"))
}
