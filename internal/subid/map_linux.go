// SPDX-License-Identifier: Apache-2.0

package subid

import "syscall"

// A Map is a line of an ID map of a user namespace: Size IDs from ContainerID on, inside, are
// those from HostID on outside.
type Map = syscall.SysProcIDMap
