// SPDX-License-Identifier: Apache-2.0

package gons

// A kind is a kind of namespace: its name in /proc/PID/ns and in our variables,
// and the flag by which setns(2) knows it.
type kind struct {
	name string
	flag int
}

// kinds is the twin of the table in gons.c, which is needed before there is Go.
var kinds = [...]kind{
	{"user", 0x10000000},   // CLONE_NEWUSER
	{"mnt", 0x00020000},    // CLONE_NEWNS
	{"cgroup", 0x02000000}, // CLONE_NEWCGROUP
	{"ipc", 0x08000000},    // CLONE_NEWIPC
	{"net", 0x40000000},    // CLONE_NEWNET
	{"pid", 0x20000000},    // CLONE_NEWPID
	{"uts", 0x04000000},    // CLONE_NEWUTS
	{"time", 0x00000080},   // CLONE_NEWTIME
}

// variable returns the name of the environment variable for a kind's path.
func (k kind) variable() string { return prefix + k.name }

// The environment variables: one for each kind, and the order.
const (
	prefix        = "gons_"
	orderVariable = prefix + "order"
)
