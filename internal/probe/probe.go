// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// Kind reports whether a namespace of the kind with that flag, CLONE_NEW*, can be
// created and used by this process, as it is. Its name is the kind's, such as
// "net".
func Kind(flag int) Result {
	name := kind.Name(flag)
	if name == "" {
		return Result{
			Name:  fmt.Sprintf("%#x", flag),
			OK:    No,
			Cause: fmt.Errorf("%#x is not the flag of one namespace kind: %w", flag, os.ErrInvalid),
		}
	}
	return Named(name)
}

// Rootless reports whether a child of this process can be root in a user namespace
// of its own, and make namespaces of every other kind there. No privilege is
// asked for.
func Rootless() Result { return Named("rootless") }

// Named runs the check of that name, one of [Names].
func Named(name string) Result {
	for _, c := range checks {
		if c.name == name {
			return c.run()
		}
	}
	return Result{Name: name, OK: No, Cause: fmt.Errorf("no check is called %q: %w", name, os.ErrInvalid)}
}

// Names lists all checks.
func Names() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

// All runs all checks, in the order of [Names].
func All() []Result {
	results := make([]Result, len(checks))
	for i, c := range checks {
		results[i] = c.run()
	}
	return results
}
