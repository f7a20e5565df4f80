// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// A Socket is one that has an address.
type Socket struct {
	Protocol string // "tcp", "udp", "udplite", "icmp", "raw", "unix"
	State    string // "LISTEN", "ESTABLISHED" ...; "" for those that are just open
	Local    string // an address and port, a path, an abstract name with @, for raw the protocol's number
	Remote   string // "" for none

	// Bytes that wait to be read, and to be sent or acknowledged. Of a listener,
	// connections that wait to be accepted, and none.
	ToRead, ToSend uint64
}

// socketFiles are the files of /proc/PID/net, and how each is read.
var socketFiles = []struct {
	name     string
	protocol string
	parse    func(protocol string, fields []string) (Socket, error)
}{
	{"tcp", "tcp", parseInet}, {"tcp6", "tcp", parseInet},
	{"udp", "udp", parseInet}, {"udp6", "udp", parseInet},
	{"udplite", "udplite", parseInet}, {"udplite6", "udplite", parseInet},
	{"icmp", "icmp", parseInet}, {"icmp6", "icmp", parseInet},
	{"raw", "raw", parseInet}, {"raw6", "raw", parseInet},
	{"unix", "unix", parseUnix},
}

// parseSockets reads one of these files, which begins with a line of titles.
func parseSockets(protocol, text string, parse func(string, []string) (Socket, error)) (list []Socket, err error) {
	first := true
	for line := range strings.Lines(text) {
		if first {
			first = false
			continue
		}
		s, err := parse(protocol, strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("%s socket %q: %w", protocol, line, err)
		}
		if s.Local != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

// The states of TCP (include/net/tcp_states.h). UDP knows the first and CLOSE, which
// is that of a socket without a peer.
var tcpStates = []string{
	1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT",
	7: "CLOSE", 8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED",
}

// parseInet reads what is described in proc_pid_net(5):
//
//	0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 1161 1 ...
func parseInet(protocol string, fields []string) (s Socket, err error) {
	if len(fields) < 5 {
		return s, procfs.ErrFormat
	}
	local, err := parseEndpoint(fields[1])
	if err != nil {
		return s, err
	}
	remote, err := parseEndpoint(fields[2])
	if err != nil {
		return s, err
	}
	state, err := strconv.ParseUint(fields[3], 16, 8)
	if err != nil {
		return s, err
	}
	if _, err := fmt.Sscanf(fields[4], "%x:%x", &s.ToSend, &s.ToRead); err != nil {
		return s, err
	}
	s.Protocol, s.Local = protocol, local.String()
	if remote.Port() != 0 || !remote.Addr().IsUnspecified() {
		s.Remote = remote.String()
	}
	if protocol == "tcp" && int(state) < len(tcpStates) {
		s.State = tcpStates[state]
	}
	if protocol == "raw" {
		// What stands for the port is the number of the protocol.
		s.Local = fmt.Sprintf("%v protocol %d", local.Addr(), local.Port())
	}
	return s, nil
}

// parseEndpoint reads 0100007F:1F90: the address in words of 32 bits in the
// byte order of the machine, the port as a number.
func parseEndpoint(text string) (endpoint netip.AddrPort, err error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil {
		return endpoint, err
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return endpoint, err
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return endpoint, procfs.ErrFormat
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// parseUnix reads
//
//	0000000000000000: 00000002 00000000 00010000 0001 01 21324 /run/socket
//
// A socket without a name is left out. The state is SS_UNCONNECTED, 1, or another; a flag
// tells the listeners (include/linux/net.h, __SO_ACCEPTCON).
func parseUnix(protocol string, fields []string) (s Socket, err error) {
	const acceptConnections = 1 << 16
	if len(fields) < 7 {
		return s, procfs.ErrFormat
	}
	if len(fields) == 7 {
		return s, nil
	}
	flags, err := strconv.ParseUint(fields[3], 16, 32)
	if err != nil {
		return s, err
	}
	s = Socket{Protocol: protocol, Local: strings.Join(fields[7:], " ")}
	switch {
	case flags&acceptConnections != 0:
		s.State = "LISTEN"
	case fields[5] == "03":
		s.State = "ESTABLISHED"
	}
	return s, nil
}

// socketLines has who listens first, and at the end what only the kernel still
// knows of.
func socketLines(list []Socket) []string {
	list = slices.Clone(list)
	rank := func(s Socket) int {
		switch s.State {
		case "LISTEN":
			return 0
		case "TIME-WAIT":
			return 2
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b Socket) int { return rank(a) - rank(b) })
	var rows [][]string
	for _, s := range list {
		var waiting []string
		if s.ToRead > 0 {
			what := "to read"
			if s.State == "LISTEN" {
				what = "to accept"
			}
			waiting = append(waiting, fmt.Sprintf("%d %s", s.ToRead, what))
		}
		if s.ToSend > 0 {
			waiting = append(waiting, fmt.Sprintf("%d to send", s.ToSend))
		}
		rows = append(rows, []string{s.Protocol, s.State, s.Local, s.Remote, strings.Join(waiting, ", ")})
	}
	return columns(rows)
}
