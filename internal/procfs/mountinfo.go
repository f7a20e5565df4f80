// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Mount is one line of a mountinfo file (proc_pid_mountinfo(5)). Paths are
// unescaped.
type Mount struct {
	ID, Parent   int
	Major, Minor uint32 // the device
	Root         string // what of the filesystem is mounted; for nsfs, the namespace's name
	Target       string // where, as seen from the process's root
	Options      string // of the mount
	Optional     string // propagation: "shared:N", "master:N", "propagate_from:N", "unbindable"
	FSType       string
	Source       string
	SuperOptions string // of the filesystem
}

// Namespace tells which namespace is mounted, if it is one.
func (m Mount) Namespace() (Namespace, bool) {
	if m.FSType != "nsfs" {
		return Namespace{}, false
	}
	ns, err := ParseNamespace(m.Root)
	return ns, err == nil
}

// Mounts lists the mounts in the mount namespace of a process's first thread, in
// the order of the kernel.
func Mounts(root, process string) ([]Mount, error) {
	text, err := sys.ReadFile(path(root, process, "mountinfo"), 8<<10)
	if err != nil {
		return nil, err
	}
	return ParseMountinfo(text)
}

// ParseMountinfo reads the content of a mountinfo file.
func ParseMountinfo(text []byte) ([]Mount, error) {
	list := make([]Mount, 0, bytes.Count(text, []byte("\n")))
	for line := range bytes.Lines(text) {
		mount, err := parseMount(strings.TrimSuffix(string(line), "\n"))
		if err != nil {
			return nil, fmt.Errorf("mountinfo %q: %w", line, err)
		}
		list = append(list, mount)
	}
	return list, nil
}

// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//
// Between the sixth field and the hyphen there are none or more optional ones.
func parseMount(line string) (m Mount, err error) {
	fields := strings.Split(line, " ")
	hyphen := 6
	for hyphen < len(fields) && fields[hyphen] != "-" {
		hyphen++
	}
	if len(fields) < hyphen+4 {
		return Mount{}, ErrFormat
	}
	var errs [4]error
	major, minor, _ := strings.Cut(fields[2], ":")
	m.ID, errs[0] = strconv.Atoi(fields[0])
	m.Parent, errs[1] = strconv.Atoi(fields[1])
	m.Major, errs[2] = parseUint32(major)
	m.Minor, errs[3] = parseUint32(minor)
	for _, err := range errs {
		if err != nil {
			return Mount{}, err
		}
	}
	m.Root, m.Target = unescape(fields[3]), unescape(fields[4])
	m.Options = fields[5]
	m.Optional = strings.Join(fields[6:hyphen], " ")
	m.FSType, m.Source = unescape(fields[hyphen+1]), unescape(fields[hyphen+2])
	m.SuperOptions = strings.Join(fields[hyphen+3:], " ")
	return m, nil
}

func parseUint32(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}

// unescape undoes the kernel's mangling of space, tab, newline, backslash and
// hash, each of which is a backslash and three octal digits.
func unescape(s string) string {
	before, rest, found := strings.Cut(s, `\`)
	if !found {
		return s
	}
	var out strings.Builder
	for ; found; before, rest, found = strings.Cut(rest, `\`) {
		out.WriteString(before)
		if c, err := strconv.ParseUint(rest[:min(3, len(rest))], 8, 8); err == nil && len(rest) >= 3 {
			out.WriteByte(byte(c))
			rest = rest[3:]
		} else {
			out.WriteByte('\\')
		}
	}
	out.WriteString(before)
	return out.String()
}
