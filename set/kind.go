// SPDX-License-Identifier: Apache-2.0

package set

import (
	"fmt"
	"math/bits"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// The kinds of namespaces. Each is the flag that unshare(2) and clone(2) know as
// CLONE_NEW*; here it also names a kind that exists, as in [Current]. Several
// are combined with |.
const (
	NS_CGROUP = kind.Cgroup // cgroup_namespaces(7)
	NS_IPC    = kind.IPC    // ipc_namespaces(7)
	NS_MNT    = kind.Mnt    // mount_namespaces(7)
	NS_NET    = kind.Net    // network_namespaces(7)
	NS_PID    = kind.PID    // pid_namespaces(7)
	NS_TIME   = kind.Time   // time_namespaces(7)
	NS_USER   = kind.User   // user_namespaces(7)
	NS_UTS    = kind.UTS    // uts_namespaces(7)
)

// Kinds returns each kind in flags by itself, in the order in which they are
// joined.
func Kinds(flags int) (each []int) { return kind.Each(flags) }

// KindNames returns the names of the kinds in flags for messages, such as "net, uts".
// The names are those of /proc/PID/ns. A bit that is no kind shows as a number.
func KindNames(flags int) string { return kind.Names(flags) }

// What is wrong with flags. Each is an [os.ErrInvalid].
var (
	errNoKind   = invalid("no namespace kind given")
	errManyKind = invalid("one namespace kind wanted, not several")
)

func invalid(text string) error { return fmt.Errorf("%s: %w", text, os.ErrInvalid) }

// checkFlags accepts any combination of kinds.
func checkFlags(flags int) error {
	if rest := flags &^ kind.All; rest != 0 {
		return invalid(fmt.Sprintf("flags %#x contain %#x, which is no namespace kind", flags, rest))
	}
	return nil
}

// checkKinds accepts one kind or more.
func checkKinds(flags int) error {
	if flags == 0 {
		return errNoKind
	}
	return checkFlags(flags)
}

// indexOf returns the row of a single kind.
func indexOf(flag int) (int, error) {
	if err := checkKinds(flag); err != nil {
		return 0, err
	}
	if bits.OnesCount(uint(flag)) > 1 {
		return 0, fmt.Errorf("%s: %w", KindNames(flag), errManyKind)
	}
	return kind.Index(flag), nil
}
