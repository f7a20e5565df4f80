// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// An IDRange is one line of a uid_map or gid_map (user_namespaces(7)): Count IDs
// from Inside on, in the process's user namespace, are those from Outside on in
// the reader's; if both are in the same namespace, in the parent of it.
type IDRange struct{ Inside, Outside, Count uint32 }

// UIDMap returns the user IDs that are mapped into the user namespace of a
// process: none as long as the map has not been written.
func UIDMap(root, process string) ([]IDRange, error) { return readIDMap(root, process, "uid_map") }

// GIDMap returns the group IDs that are mapped into the user namespace of a
// process: none as long as the map has not been written.
func GIDMap(root, process string) ([]IDRange, error) { return readIDMap(root, process, "gid_map") }

func readIDMap(root, process, name string) ([]IDRange, error) {
	text, err := sys.ReadFile(path(root, process, name), 128)
	if err != nil {
		return nil, err
	}
	return ParseIDMap(text)
}

// ParseIDMap reads the content of a uid_map or gid_map.
func ParseIDMap(text []byte) ([]IDRange, error) {
	var list []IDRange
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) != 3 {
			return nil, fmt.Errorf("ID map %q: %w", line, ErrFormat)
		}
		var numbers [3]uint32
		for i, field := range fields {
			n, err := strconv.ParseUint(field, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("ID map %q: %w", line, err)
			}
			numbers[i] = uint32(n)
		}
		list = append(list, IDRange{numbers[0], numbers[1], numbers[2]})
	}
	return list, nil
}
