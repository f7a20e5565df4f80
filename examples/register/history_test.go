// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/examples/register"
)

func TestLinearizable(t *testing.T) {
	type op = register.Operation
	for name, c := range map[string]struct {
		want       bool
		operations []op
	}{
		"nothing":                     {true, nil},
		"at first there is no value":  {true, []op{{Began: 1, Ended: 2}}},
		"what was written is read":    {true, []op{{Write: true, Value: "a", Began: 1, Ended: 2}, {Value: "a", Began: 3, Ended: 4}}},
		"at once, either may be":      {true, []op{{Write: true, Value: "a", Began: 1, Ended: 4}, {Value: "", Began: 2, Ended: 3}}},
		"an old value":                {false, []op{{Write: true, Value: "a", Began: 1, Ended: 2}, {Value: "", Began: 3, Ended: 4}}},
		"a value of nobody":           {false, []op{{Value: "a", Began: 1, Ended: 2}}},
		"a value from the future":     {false, []op{{Value: "a", Began: 1, Ended: 2}, {Write: true, Value: "a", Began: 3, Ended: 4}}},
		"new, then old":               {false, []op{{Write: true, Value: "a", Began: 1, Ended: 9}, {Value: "a", Began: 2, Ended: 3}, {Value: "", Began: 4, Ended: 5}}},
		"a failed write may be seen":  {true, []op{{Write: true, Value: "a", Began: 1, Ended: 2, Failed: true}, {Value: "", Began: 3, Ended: 4}, {Value: "a", Began: 5, Ended: 6}}},
		"or never":                    {true, []op{{Write: true, Value: "a", Began: 1, Ended: 2, Failed: true}, {Value: "", Began: 3, Ended: 4}}},
		"but not before it is begun":  {false, []op{{Value: "a", Began: 1, Ended: 2}, {Write: true, Value: "a", Began: 3, Ended: 4, Failed: true}}},
		"nor seen and then not":       {false, []op{{Write: true, Value: "a", Began: 1, Ended: 2, Failed: true}, {Value: "a", Began: 3, Ended: 4}, {Value: "", Began: 5, Ended: 6}}},
		"two writes at once, one way": {true, []op{{Write: true, Value: "a", Began: 1, Ended: 5}, {Write: true, Value: "b", Began: 1, Ended: 5}, {Value: "b", Began: 6, Ended: 7}, {Value: "b", Began: 8, Ended: 9}}},
		"and not the other way too":   {false, []op{{Write: true, Value: "a", Began: 1, Ended: 5}, {Write: true, Value: "b", Began: 1, Ended: 5}, {Value: "b", Began: 6, Ended: 7}, {Value: "a", Began: 8, Ended: 9}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := register.Linearizable(c.operations); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
