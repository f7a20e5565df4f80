// SPDX-License-Identifier: Apache-2.0

package gons

import (
	"fmt"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// defaultOrder has time last: nothing that comes before depends on it, while
// joining it takes the rights that a user namespace gives.
const defaultOrder = "!user,!mnt,!cgroup,!ipc,!net,!pid,!uts,!time"

// A step is one element of an order.
type step struct {
	kind.Kind
	early bool // opened before the first namespace is joined
}

// parseOrder reads an order such as "!user,net".
func parseOrder(order string) ([]step, error) {
	var steps []step
	for word := range strings.SplitSeq(order, ",") {
		name, early := strings.CutPrefix(word, "!")
		k, ok := kind.Named(name)
		if !ok {
			return nil, fmt.Errorf("unknown namespace %q: %w", name, os.ErrInvalid)
		}
		for _, s := range steps {
			if s.Name == name {
				return nil, fmt.Errorf("%s is named twice: %w", name, os.ErrInvalid)
			}
		}
		steps = append(steps, step{k, early})
	}
	return steps, nil
}
