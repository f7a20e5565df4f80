// SPDX-License-Identifier: Apache-2.0

package main

import "flag"

var doctorVerb = verb{
	name:    "doctor",
	args:    "[-json]",
	short:   "tell what works here, what does not, and what helps",
	long:    func() string { return "" },
	flags:   func(*flag.FlagSet) action { return func([]string) int { return 0 } },
	failure: usageError,
}
