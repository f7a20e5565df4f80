// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestAnAddressThatCannotBeHadSaysWhy(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	ns.AddAddress("lo", "192.0.2.1/24")
	off := nstest.New(t, set.NS_NET)
	off.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	for _, c := range []struct {
		in   *nstest.Fixture
		cidr string
		want string
	}{
		{ns, "192.0.2.1/24", "add 192.0.2.1/24 to lo: file exists: lo has that address already"},
		{off, "2001:db8::1/64", "add 2001:db8::1/64 to lo: permission denied: IPv6 is switched off there (net.ipv6.conf.lo.disable_ipv6)"},
	} {
		text := failure.Text(t, func(tb testing.TB) { c.in.For(tb).AddAddress("lo", c.cidr) })
		if !strings.HasSuffix(text, c.want) {
			t.Errorf("ends with %q, want %q", text, c.want)
		}
	}
}
