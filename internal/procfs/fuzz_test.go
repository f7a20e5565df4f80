// SPDX-License-Identifier: Apache-2.0

package procfs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// Each parser accepts what the kernel could have written and nothing else: what
// was read, written again in the kernel's form, reads the same.

func FuzzParseNamespace(f *testing.F) {
	for _, seed := range []string{"net:[4026531840]", "pid_for_children:[1]", "net:[]", "net:[01]", "/net:[1]", "socket:[1]", "net:[1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		ns, err := procfs.ParseNamespace(name)
		if (err == nil) != (ns.String() == name && name != "none") {
			t.Errorf("%q gives %v, %v", name, ns, err)
		}
		if err != nil && !errors.Is(err, procfs.ErrNotNamespace) {
			t.Errorf("%q: %v is not ErrNotNamespace", name, err)
		}
	})
}

func FuzzParseStat(f *testing.F) {
	const rest = " 42 42 0 -1 4194304 120 0 1 0 0 0 0 0 20 0 4 0 1000 3133440"
	for _, seed := range []string{
		"42 (router) S 1" + rest, "42 (a) R (b) D 1" + rest, "42 () Z 0" + rest,
		"42 ) S 1(" + rest, "(", "42 (router) S 1", "-1 (router) S 1" + rest,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		stat, err := procfs.ParseStat(text)
		if err != nil {
			if stat != (procfs.Stat{}) {
				t.Errorf("%q gives %+v beside %v", text, stat, err)
			}
			return
		}
		head := fmt.Sprintf("%d (%s) %c %d", stat.PID, stat.Comm, stat.State, stat.PPID)
		again, err := procfs.ParseStat([]byte(head + strings.Repeat(" 0", 17) + fmt.Sprintf(" %d", stat.Start)))
		if err != nil || again != stat {
			t.Errorf("%q gives %+v, and again %+v, %v", text, stat, again, err)
		}
	})
}

func FuzzParseIDMap(f *testing.F) {
	for _, seed := range []string{
		"         0          0 4294967295\n", "0 1000 1\n1 100000 65536\n", "", "0 0\n", "0 0 4294967296\n", "a b c", "\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := procfs.ParseIDMap(text)
		if err != nil {
			return
		}
		var out []byte
		for _, r := range list {
			out = fmt.Appendf(out, "%10d %10d %10d\n", r.Inside, r.Outside, r.Count)
		}
		again, err := procfs.ParseIDMap(out)
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%q gives %v, and again %v, %v", text, list, again, err)
		}
	})
}

func FuzzParseMountinfo(f *testing.F) {
	for _, seed := range []string{
		"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n",
		"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n",
		"31 27 0:4 net:[4026532177] /run/netns/a\\040b\\134\\011\\043 rw shared:5 master:6 - nsfs nsfs rw\n",
		"1 1 0:1 / / rw - tmpfs  rw\n", // an empty source
		"1 1 0:1 / / rw - cifs //srv/My Docs rw\n",
		"1 1 0:1 / / rw", "1 1 0 / / rw - a b c\n", "1 1 0:1 / /\\9\\ rw - a b c\n", "\n", "",
	} {
		f.Add([]byte(seed))
	}
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`)
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := procfs.ParseMountinfo(text)
		if err != nil {
			return
		}
		var out []byte
		for _, m := range list {
			optional := ""
			if m.Optional != "" {
				optional = m.Optional + " "
			}
			out = fmt.Appendf(out, "%d %d %d:%d %s %s %s %s- %s %s %s\n", m.ID, m.Parent, m.Major, m.Minor,
				escape.Replace(m.Root), escape.Replace(m.Target), m.Options, optional,
				escape.Replace(m.FSType), escape.Replace(m.Source), m.SuperOptions)
		}
		again, err := procfs.ParseMountinfo(out)
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%q gives %+v, and again %+v, %v", text, list, again, err)
		}
	})
}

func FuzzParseCmdline(f *testing.F) {
	for _, seed := range []string{"", "sleep\x00100\x00", "sh\x00-c\x00\x00", "no zero at the end", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		args := procfs.ParseCmdline(text)
		again := procfs.ParseCmdline([]byte(strings.Join(args, "\x00") + "\x00"))
		if len(text) > 0 && !slices.Equal(again, args) || len(text) == 0 && args != nil {
			t.Errorf("%q gives %q, and again %q", text, args, again)
		}
	})
}
