// SPDX-License-Identifier: Apache-2.0

package gons

const DefaultOrder = defaultOrder

// ParseOrder returns the names in an order, those to be opened early with a "!".
func ParseOrder(order string) (names []string, err error) {
	steps, err := parseOrder(order)
	for _, s := range steps {
		name := s.Name
		if s.early {
			name = "!" + name
		}
		names = append(names, name)
	}
	return names, err
}
