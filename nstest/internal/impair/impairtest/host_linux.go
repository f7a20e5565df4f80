// SPDX-License-Identifier: Apache-2.0

package impairtest

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/vishvananda/netlink"
)

// checksumErrors is how many datagrams the receiver has dropped for their checksums.
func checksumErrors(t *testing.T, d *direction) (count int) {
	t.Helper()
	var text []byte
	var err error
	if e := d.line.B.Set.Do(func() { text, err = os.ReadFile("/proc/thread-self/net/snmp") }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	var names, values []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == "Udp:" {
			names, values = values, fields
		}
	}
	for i, name := range names {
		if name == "InCsumErrors" {
			if _, err := fmt.Sscan(values[i], &count); err != nil {
				t.Fatal(err)
			}
			return count
		}
	}
	t.Fatal("the kernel has no counter InCsumErrors")
	return 0
}

// largeSegments has TCP send a lot at once, which the kernel would divide only where a cable begins.
func largeSegments(t *testing.T, d *direction) {
	d.set(impair.Rules{Delay: ms}, 1)
	l, err := d.line.B.Set.Listen("tcp4", netip.AddrPortFrom(d.line.B.Address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	const bytes = 1 << 20
	done := make(chan error, 1)
	go func() { done <- accept(l, bytes) }()
	conn, err := d.line.A.Set.DialContext(t.Context(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(make([]byte, bytes)); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	var link netlink.Link
	if e := d.line.B.Set.Do(func() { link, err = netlink.LinkByName(d.line.B.Interface) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	const largest = 1514
	if s := link.Attrs().Statistics; s.RxBytes > s.RxPackets*largest {
		t.Errorf("%d frames have %d bytes together, and so one has more than %d", s.RxPackets, s.RxBytes, largest)
	}
}

// accept reads so many bytes of a connection, and closes all.
func accept(l net.Listener, bytes int64) error {
	defer l.Close()
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.CopyN(io.Discard, conn, bytes)
	return err
}
