// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package subid

// A Map is a line of an ID map of a user namespace: Size IDs from ContainerID on, inside, are
// those from HostID on outside.
type Map = struct{ ContainerID, HostID, Size int }
