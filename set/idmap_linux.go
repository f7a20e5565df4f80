// SPDX-License-Identifier: Apache-2.0

package set

import "syscall"

// IDMap maps a range of IDs of a user namespace: the Size IDs from ContainerID on,
// inside, are those from HostID on, outside.
type IDMap = syscall.SysProcIDMap
