// SPDX-License-Identifier: Apache-2.0

// Package plain is a test binary without nstest.
package plain

import "testing"

func TestNothing(*testing.T) {}
