// SPDX-License-Identifier: Apache-2.0

package denial

import (
	"fmt"
	"strings"
)

// Settings that may be in the way of user namespaces: Debian's at 0, Ubuntu's at 1.
const (
	UsernsClone    = "kernel.unprivileged_userns_clone"
	RestrictUserns = "kernel.apparmor_restrict_unprivileged_userns"
)

// What lets everybody make user namespaces.
const (
	AllowUserns = "sudo sysctl -w " + UsernsClone + "=1"
	RelaxUserns = "sudo sysctl -w " + RestrictUserns + "=0"
)

// enough is about the limit that the kernel sets itself on a machine with 24 GiB.
const enough = 100000

// MaxNamespaces returns the name of the limit on namespaces of a kind.
func MaxNamespaces(kind string) string { return "user.max_" + kind + "_namespaces" }

// RaiseLimit returns what lets there be many namespaces of these kinds.
func RaiseLimit(kinds ...string) string {
	var settings strings.Builder
	for _, kind := range kinds {
		fmt.Fprintf(&settings, " %s=%d", MaxNamespaces(kind), enough)
	}
	return "sudo sysctl -w" + settings.String()
}
