// SPDX-License-Identifier: Apache-2.0

package kept

import "strings"

// nsenterOptions has the options of nsenter(1), by the kinds that are not called the same.
var nsenterOptions = map[string]string{"mnt": "mount"}

// Nsenter returns the command that starts a shell in a fixture of the entry, for those who have no gonso. It needs no
// quotes.
func (e *Entry) Nsenter(f *Fixture) string {
	inside := nsenter(f.Namespaces)
	if len(e.Around) == 0 {
		return inside
	}
	var around []Namespace
	for _, n := range e.Around {
		if !f.has(n.Kind) || n.Kind == "user" {
			around = append(around, n)
		}
	}
	if f.has("user") {
		// nsenter joins a single user namespace, and the paths are found in the outer one too.
		return nsenter(around) + " " + inside
	}
	return nsenter(append(around, f.Namespaces...))
}

func (f *Fixture) has(kind string) bool {
	for _, n := range f.Namespaces {
		if n.Kind == kind {
			return true
		}
	}
	return false
}

// nsenter returns the command for these namespaces. Who enters a user namespace keeps the ID that it has there: it is
// root's where root is mapped to the caller.
func nsenter(list []Namespace) string {
	words := []string{"nsenter"}
	for _, n := range list {
		option := n.Kind
		if o, ok := nsenterOptions[n.Kind]; ok {
			option = o
		}
		words = append(words, "--"+option+"="+n.Path)
		if n.Kind == "user" {
			words = append(words, "--preserve-credentials")
		}
	}
	return strings.Join(words, " ")
}
