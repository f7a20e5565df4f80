// SPDX-License-Identifier: Apache-2.0

// Package sys is the system call layer: the only place that issues namespace
// system calls and the only one that tells Linux from the rest of the world.
//
// It takes care, once, of what every caller would otherwise repeat: each
// descriptor is close-on-exec and owned by an [FD], EINTR never gets out, and
// on every GOOS but Linux each call reports [errors.ErrUnsupported], so that the
// packages above need no build tags.
package sys
