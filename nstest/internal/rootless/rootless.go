// SPDX-License-Identifier: Apache-2.0

// Package rootless runs a test binary again in a user namespace, where its process may not make namespaces.
package rootless

// Variable is the environment variable in which a user says whether the tests may run themselves again in a
// user namespace.
const Variable = "NSTEST_ROOTLESS"

// A Place is where the tests run.
type Place int

const (
	Here      Place = iota // in this process, as it is
	Inside                 // in this process, which is the child of a rootless run
	Elsewhere              // in the child of this process
)
