// SPDX-License-Identifier: Apache-2.0

package gons

const DefaultOrder = defaultOrder

// Flags returns the kind table.
func Flags() map[string]int {
	flags := make(map[string]int)
	for _, k := range kinds {
		flags[k.name] = k.flag
	}
	return flags
}

// ParseOrder returns the names in an order, those to be opened early with a "!".
func ParseOrder(order string) (names []string, err error) {
	steps, err := parseOrder(order)
	for _, s := range steps {
		name := s.name
		if s.early {
			name = "!" + name
		}
		names = append(names, name)
	}
	return names, err
}
