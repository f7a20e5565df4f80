// SPDX-License-Identifier: Apache-2.0

package rtnl_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { nstest.Main(m) }

func TestAnErrorHasTheWordsOfTheKernel(t *testing.T) {
	f := nstest.New(t, set.NS_NET)
	conn, err := rtnl.Dial(f.Set())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	nowhere := rtnl.AddRoute(unix.RT_TABLE_MAIN, netip.MustParsePrefix("198.51.100.0/24"), []netip.Addr{netip.MustParseAddr("192.0.2.1")})
	err = conn.Do(nowhere, rtnl.SetUp("c", 102, true))
	const want = "via [192.0.2.1]: network is unreachable: Nexthop has invalid gateway\nswitch on c: no such device"
	if !errors.Is(err, unix.ENETUNREACH) || !errors.Is(err, unix.ENODEV) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
