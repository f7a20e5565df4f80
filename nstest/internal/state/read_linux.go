// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var readers = []reader{
	{links, set.NS_NET, readLinks},
	{routes, set.NS_NET, readRoutes},
	{rules, set.NS_NET, readRules},
	{neighbours, set.NS_NET, readNeighbours},
	{sockets, set.NS_NET, readSockets},
	{nftables, set.NS_NET, readTables},
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
	var list []Socket
	err := s.inside(set.NS_NET, func() error {
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
	return func(state *State) { state.Sockets = list }, err
}

// readMounts compares with the mount namespace of the process's first thread,
// which the Set's was made from.
func readMounts(s Subject) (func(*State), error) {
	outside, err := procfs.Mounts(procfs.Root, procfs.Self)
	if err != nil {
		return nil, err
	}
	// The Set may have another /proc, or none.
	root, err := os.OpenRoot(procfs.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var text []byte
	if err := s.inside(set.NS_MNT, func() (err error) {
		text, err = root.ReadFile(procfs.ThreadSelf + "/mountinfo")
		return err
	}); err != nil {
		return nil, err
	}
	list, err := procfs.ParseMountinfo(text)
	return func(state *State) {
		state.Mounts, state.Unmounted = unlike(list, outside), unlike(outside, list)
	}, err
}

func readHostname(s Subject) (func(*State), error) {
	var host, domain string
	err := s.inside(set.NS_UTS, func() (err error) {
		if host, err = readName("hostname"); err == nil {
			domain, err = readName("domainname")
		}
		return err
	})
	return func(state *State) { state.Hostname, state.Domain = host, domain }, err
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
