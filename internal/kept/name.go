// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
)

// longest is how long a name may be. Its file has it, and a suffix, and no file name has more than 255 bytes.
const longest = 80

// NameOf makes a name of what a test or a fixture is called that can be typed in a shell without quotes, and be that
// of a file: letters and digits of ASCII, and - _ . between them. Everything else becomes a dash. Where a
// part had to be left out, a number tells names apart.
func NameOf(text string) string {
	var b strings.Builder
	strange := false
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.'):
			b.WriteRune(r)
		default:
			strange = strange || r > unicode.MaxASCII
			if !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
	}
	name := strings.Trim(b.String(), "-.")
	if len(name) <= longest && name != "" && !strange {
		return name
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(text)) // which never fails
	return strings.TrimPrefix(fmt.Sprintf("%s-%08x", strings.TrimRight(name[:min(len(name), longest)], "-."), sum.Sum32()), "-")
}
