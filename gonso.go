// SPDX-License-Identifier: Apache-2.0

// Package gonso is the one import for programs that use Linux namespaces: Sets
// of namespaces (package set) and pools of them (package pool).
//
//	s, err := gonso.Unshare(gonso.NS_NET)
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	err = s.Do(func() { ... }) // runs in the new network namespace
//
// Tests import package nstest instead, which makes, hands out and cleans up Sets
// for them. What needs a process of its own, such as a function in a new user or
// pid namespace, is in package reexec.
package gonso

import (
	"time"

	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// The kinds of namespaces, which are the flags of unshare(2) and clone(2).
const (
	NS_CGROUP = set.NS_CGROUP
	NS_IPC    = set.NS_IPC
	NS_MNT    = set.NS_MNT
	NS_NET    = set.NS_NET
	NS_PID    = set.NS_PID
	NS_TIME   = set.NS_TIME
	NS_USER   = set.NS_USER
	NS_UTS    = set.NS_UTS
)

type (
	// Set holds namespaces, see [set.Set].
	Set = set.Set
	// FdSet is a map of namespace flags to descriptors, see [set.FdSet].
	FdSet = set.FdSet
	// IDMap maps a range of IDs of a user namespace, see [set.IDMap].
	IDMap = set.IDMap
	// UnshareConfig holds what the options of Unshare choose.
	UnshareConfig = set.UnshareConfig
	// Propagation says how mounts propagate between mount namespaces, see
	// [set.Propagation].
	Propagation = set.Propagation
	// UnshareOpt is an option of Unshare.
	UnshareOpt = set.UnshareOpt
	// Error says what was tried, on which kinds, and why it failed, see [set.Error].
	Error = set.Error
	// PanicError carries a panic out of Do, see [set.PanicError].
	PanicError = set.PanicError
	// Pool hands out Sets of new namespaces, see [pool.Pool].
	Pool = pool.Pool
)

// How mounts propagate to and from a new mount namespace, see [set.Propagation].
const (
	PropagationUnchanged  = set.PropagationUnchanged
	PropagationPrivate    = set.PropagationPrivate
	PropagationSlave      = set.PropagationSlave
	PropagationShared     = set.PropagationShared
	PropagationUnbindable = set.PropagationUnbindable
)

// ErrNeedsProcess reports that no thread can join a Set, see [set.ErrNeedsProcess].
var ErrNeedsProcess = set.ErrNeedsProcess

// Current returns the caller's namespaces, see [set.Current].
func Current(flags int) (Set, error) { return set.Current(flags) }

// FromDir returns the namespaces whose files are in a folder, see [set.FromDir].
func FromDir(dir string, flags int) (Set, error) { return set.FromDir(dir, flags) }

// FromPid returns the namespaces of a process, see [set.FromPid].
func FromPid(pid, flags int) (Set, error) { return set.FromPid(pid, flags) }

// FromFds returns the namespaces of descriptors, see [set.FromFds].
func FromFds(fds FdSet) (Set, error) { return set.FromFds(fds) }

// Unshare makes new namespaces, see [set.Unshare].
func Unshare(flags int, opts ...UnshareOpt) (Set, error) { return set.Unshare(flags, opts...) }

// WithIDMaps sets the ID maps of a new user namespace, see [set.WithIDMaps].
func WithIDMaps(uidMaps, gidMaps []IDMap) UnshareOpt { return set.WithIDMaps(uidMaps, gidMaps) }

// WithRootMapped maps root to the caller, see [set.WithRootMapped].
func WithRootMapped() UnshareOpt { return set.WithRootMapped() }

// WithSubIDs maps root to the caller and the IDs above it to the caller's
// subordinate ones, see [set.WithSubIDs].
func WithSubIDs() UnshareOpt { return set.WithSubIDs() }

// WithTimeOffsets sets the clocks of a new time namespace, see
// [set.WithTimeOffsets].
func WithTimeOffsets(monotonic, boottime time.Duration) UnshareOpt {
	return set.WithTimeOffsets(monotonic, boottime)
}

// WithPropagation sets how mounts propagate to and from a new mount namespace, see
// [set.WithPropagation].
func WithPropagation(p Propagation) UnshareOpt { return set.WithPropagation(p) }

// NewPool returns a pool of Sets of new namespaces of the kinds in flags, each set up
// by afterCreate, unless that is nil, see [pool.New].
func NewPool(flags int, afterCreate func() error, opts ...UnshareOpt) *Pool {
	return pool.New(flags, afterCreate, opts...)
}
