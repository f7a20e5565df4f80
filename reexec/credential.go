// SPDX-License-Identifier: Apache-2.0

//go:build unix

package reexec

import "syscall"

// Credential makes the action run as another user, with IDs as they are inside of the
// namespaces. This takes root in there. Where setgroups(2) is denied, as in a user
// namespace with [set.WithRootMapped], it needs NoSetGroups.
func Credential(cred *syscall.Credential) Option {
	return func(c *config) {
		c.credential = &credential{
			UID: cred.Uid, GID: cred.Gid, Groups: cred.Groups, NoSetGroups: cred.NoSetGroups,
		}
	}
}
