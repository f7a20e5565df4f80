// SPDX-License-Identifier: Apache-2.0

// Package sandbox furnishes a mount namespace so that programs find in it what
// they would find as root on a host: a /run that they can write to, a /sys of the
// network namespace they are in.
//
// Every function changes the mount namespace of the calling thread, which must
// be one whose mounts do not propagate to the host.
package sandbox
