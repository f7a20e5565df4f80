// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var readers = []reader{
	{links, set.NS_NET, readLinks},
	{routes, set.NS_NET, readRoutes},
	{rules, set.NS_NET, readRules},
	{neighbours, set.NS_NET, readNeighbours},
	{sockets, set.NS_NET, readSockets},
	{nftables, set.NS_NET, readTables},
	{forwarding, set.NS_NET, readForwarding},
	{mounts, set.NS_MNT, readMounts},
	{hostname, set.NS_UTS, readHostname},
	{processes, ^0, func(s Subject) (func(*State), error) {
		list, err := Processes(s.Set)
		return func(state *State) { state.Processes = list }, err
	}},
}

// here is the calling thread, in /proc of this process's mount namespace.
const here = procfs.Root + "/" + procfs.ThreadSelf

func readSockets(s Subject) (func(*State), error) {
	list, err := listSockets(s)
	return func(state *State) { state.Sockets = list }, err
}

func listSockets(s Subject) (list []Socket, err error) {
	err = inside.DoIn(s.Set, set.NS_NET, func() error {
		var errs []error
		for _, file := range socketFiles {
			text, err := os.ReadFile(here + "/net/" + file.name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // a kernel without that protocol
			}
			found, e := parseSockets(file.protocol, string(text), file.parse)
			list = append(list, found...)
			errs = append(errs, err, e)
		}
		return errors.Join(errs...)
	})
	return list, err
}

func readForwarding(s Subject) (func(*State), error) {
	f := new(Forwarding)
	err := inside.DoIn(s.Set, set.NS_NET, func() error {
		ipv4, err := readSetting("net/ipv4/ip_forward")
		ipv6, err6 := readSetting("net/ipv6/conf/all/forwarding")
		f.IPv4, f.IPv6 = ipv4 != "0", ipv6 != "0" && ipv6 != ""
		return errors.Join(err, err6)
	})
	return func(state *State) { state.Forwarding = f }, err
}

// readSetting reads a setting of the calling thread's network namespace, or nothing if the kernel has none of the name.
func readSetting(path string) (string, error) {
	text, err := os.ReadFile(procfs.Root + "/sys/" + path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

func readMounts(s Subject) (func(*State), error) {
	if s.Usual == nil {
		s.Usual = func() ([]procfs.Mount, error) { return procfs.Mounts(procfs.Root, procfs.Self) }
	}
	usual, err := s.Usual()
	if err != nil {
		return nil, err
	}
	list, err := Mounts(s.Set)
	return func(state *State) { state.Mounts, state.Unmounted = unlike(list, usual), unlike(usual, list) }, err
}

// Mounts lists what is mounted in the Set's mount namespace.
func Mounts(s set.Set) ([]procfs.Mount, error) {
	// The Set may have another /proc, or none.
	root, err := os.OpenRoot(procfs.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var text []byte
	if err := inside.DoIn(s, set.NS_MNT, func() (err error) {
		text, err = root.ReadFile(procfs.ThreadSelf + "/mountinfo")
		return err
	}); err != nil {
		return nil, err
	}
	return procfs.ParseMountinfo(text)
}

// readHostname finds no names that another namespace, that of this process, has too.
func readHostname(s Subject) (func(*State), error) {
	var here, outside [2]string
	err := inside.DoIn(s.Set, set.NS_UTS, func() error { return readNames(&here) })
	if err != nil {
		return nil, err
	}
	ours, err := os.Readlink(procfs.Root + "/" + procfs.Self + "/ns/uts")
	id, idErr := s.Set.ID(set.NS_UTS)
	if err = errors.Join(err, idErr); err == nil && id != ours {
		err = readNames(&outside)
	}
	if here == outside {
		return nil, err
	}
	return func(state *State) { state.Hostname, state.Domain = here[0], here[1] }, err
}

func readNames(names *[2]string) (err error) {
	if names[0], err = readName("hostname"); err == nil {
		names[1], err = readName("domainname")
	}
	return err
}

// readName reads a name of the calling thread's uts namespace.
func readName(name string) (string, error) {
	text, err := os.ReadFile(procfs.Root + "/sys/kernel/" + name)
	value := strings.TrimSpace(string(text))
	if value == "(none)" {
		value = ""
	}
	return value, err
}
