// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) { nstest.Main(m) }
