// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A step is one of the things that gonso exec does to make a program feel at home.
type step struct {
	name  string
	what  string
	needs []string // steps without which this one makes no sense
	// flag is the kind of namespace that the step makes, if it makes one.
	flag int
	// do is what it does inside of the namespaces, if it does something there.
	do func() error
	// chain has the steps of which this one is not to overtake those before it.
	chain chain
}

type chain int

const (
	mounts chain = iota
	network
)

// steps has all steps in the order in which they are taken: first the namespaces,
// then what is done inside. What looks through all mounts, for /etc and /sys, comes before what makes
// one for each entry of /run and /var/lib.
//
// All kinds are made of which a program can find itself in one: a kind that was
// left out would still belong to the initial user namespace, and a program that
// leaves it could not go back to it (EPERM). A time namespace would gain nothing,
// since no threaded program can go back to one in any case.
var steps = []step{
	{name: "user", flag: set.NS_USER, what: "a user namespace, in which root is you"},
	{name: "subids", needs: []string{"user"}, what: "more users and groups than root, those of /etc/subuid and /etc/subgid"},
	{name: "net", flag: set.NS_NET, what: "a network namespace"},
	{name: "mnt", flag: set.NS_MNT, what: "a mount namespace, of which no mount is seen outside"},
	{name: "pid", flag: set.NS_PID, what: "a pid namespace, which ends all processes together with the program"},
	{name: "uts", flag: set.NS_UTS, what: "a uts namespace, for the host name"},
	{name: "ipc", flag: set.NS_IPC, what: "an ipc namespace"},
	{name: "cgroup", flag: set.NS_CGROUP, what: "a cgroup namespace"},
	{name: "proc", needs: []string{"pid", "mnt"}, do: newProc, what: "a /proc of the pid namespace"},
	{name: "lo", needs: []string{"net"}, chain: network, do: loUp, what: "bringing lo up"},
	{name: "ping", needs: []string{"net"}, chain: network, do: nssetup.AllowPing, what: "ping sockets, which a host lets every group have"},
	{name: "etc", needs: []string{"mnt"}, do: writableEtc, what: "a writable /etc"},
	{name: "sys", needs: []string{"mnt", "net"}, do: newSys, what: "a /sys of the network namespace"},
	{name: "run", needs: []string{"mnt"}, do: writableRun, what: "a writable /run, an empty /run/netns and XDG_RUNTIME_DIR"},
	{name: "varlib", needs: []string{"mnt"}, do: writableVarLib, what: "a writable /var/lib"},
	{name: "eth0", needs: []string{"net", "init"}, chain: network, do: hostLikeNetwork, what: "an eth0, with default routes to a router that knows no further"},
	{name: "shared", needs: []string{"mnt"}, do: shareMounts, what: "mounts that are shared with mount namespaces made inside"},
	{name: "init", what: "a process above the program that waits for orphans; without it the program is process 1"},
}
