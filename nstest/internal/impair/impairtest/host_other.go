// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package impairtest

import "testing"

func checksumErrors(t *testing.T, _ *direction) int { t.Fatal("it takes Linux"); return 0 }
func largeSegments(t *testing.T, _ *direction)      { t.Fatal("it takes Linux") }
