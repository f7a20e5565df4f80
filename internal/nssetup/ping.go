// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"errors"
	"fmt"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// maxGroup is the highest group ID that net.ipv4.ping_group_range takes
// (net/ipv4/sysctl_net_ipv4.c).
const maxGroup = 1<<31 - 1

// groups returns how many group IDs there are from 0 on in this user namespace, less
// one. It does not change once a process runs.
var groups = sync.OnceValues(func() (last uint32, err error) {
	ranges, err := procfs.GIDMap(procfs.Root, procfs.Self)
	if err != nil {
		return 0, err
	}
	next := uint32(0)
	for _, r := range ranges { // the kernel sorts only long lists, but writers go upwards
		if r.Inside == next {
			next += r.Count
		}
	}
	return min(max(next, 1)-1, maxGroup), nil
})

// AllowPing lets every group have ping sockets in the calling thread's network
// namespace, IPv6 ones too, as distributions do on hosts (icmp(7)). In a new one even
// root has none.
func (s *Settings) AllowPing() error {
	last, err := groups()
	if err != nil {
		return err
	}
	if err := s.Set("net/ipv4/ping_group_range", fmt.Sprintf("0 %d", last)); err != nil {
		return fmt.Errorf("let groups 0 to %d have ping sockets: %w", last, err)
	}
	return nil
}

// AllowPing is [Settings.AllowPing] for callers that write no other setting.
func AllowPing() (err error) {
	var s Settings
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.AllowPing()
}
