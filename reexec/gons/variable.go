// SPDX-License-Identifier: Apache-2.0

package gons

import "github.com/seed-1bc5c4a2/gonso/internal/kind"

// The environment variables: one for each kind, and the order.
const (
	prefix        = "gons_"
	orderVariable = prefix + "order"
)

// variable returns the name of the environment variable for a kind's path.
func variable(k kind.Kind) string { return prefix + k.Name }
