// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"errors"
	"strconv"
	"testing"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/containernetworking/plugins/pkg/testutils"
	"github.com/seed-1bc5c4a2/gonso/bench/suites/work"
	"github.com/vishvananda/netlink"
)

func TestSuite(t *testing.T) {
	for i := range work.Tests() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			if work.Parallel() {
				t.Parallel()
			}
			netns, err := testutils.NewNS()
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := errors.Join(netns.Close(), testutils.UnmountNS(netns)); err != nil {
					t.Error(err)
				}
			}()
			err = netns.Do(func(ns.NetNS) error {
				lo, err := netlink.LinkByName("lo")
				if err != nil {
					return err
				}
				if err := netlink.LinkSetUp(lo); err != nil {
					return err
				}
				return work.Do()
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
