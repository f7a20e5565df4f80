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

// Options of docker run(1): they take away the seccomp filter, the AppArmor profile, the
// mounts over parts of /proc and /sys, and add a device. .ci/docker/run does what they say,
// for want of AppArmor but the second.
const (
	DropSeccomp  = "docker run --security-opt seccomp=unconfined ..."
	DropAppArmor = "docker run --security-opt apparmor=unconfined ..."
	DropMasks    = "docker run --security-opt systempaths=unconfined ..."
	AddTun       = "docker run --device /dev/net/tun ..."
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
