// SPDX-License-Identifier: Apache-2.0

// Package nssetup furnishes namespaces so that programs find in them what they
// would find as root on a host: a /run that they can write to, a /sys of the network
// namespace they are in, ping sockets, the settings of the kernel.
//
// Every function changes namespaces of the calling thread. Of a mount namespace the
// mounts must not propagate to the host.
package nssetup
