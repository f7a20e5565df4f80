// SPDX-License-Identifier: Apache-2.0

// Package hostile has actions that leave in the folder for their coverage data what is
// none.
package hostile

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// Folder is where the runtime of a child writes to.
const Folder = "/proc/self/fd/7"

// Plant plants what its parameter names.
var Plant = reexec.Func("Plant", func(ctx context.Context, what string) (int, error) {
	// The right names for this program are those of the data of another process.
	if _, err := nothing.Run(ctx, 0, reexec.Nested()); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(Folder)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if hash, ok := strings.CutPrefix(e.Name(), "covmeta."); ok {
			return 0, plants[what](Folder+"/covcounters."+hash+".4711.1", Folder+"/"+e.Name())
		}
	}
	return 0, fmt.Errorf("no data in %v", entries)
})

var nothing = reexec.Func("Nothing", Nothing)

// Nothing does nothing.
func Nothing(context.Context, int) (int, error) { return 0, nil }

// Wait returns once its parent has done what it wants.
var Wait = reexec.Func("Wait", func(context.Context, int) (int, error) {
	fmt.Println("waiting")
	_, err := io.ReadAll(os.Stdin)
	return 0, err
})

func init() { reexec.Register("Lingers", Lingers) }

// Lingers answers and does not end.
func Lingers() {
	fmt.Println("[3]")
	select {}
}

// otherMeta is of no program: the runtime writes that of its own anew.
var otherMeta = Folder + "/covmeta." + strings.Repeat("0", 32)

// plants get the path of a file for counters, and that of the file which describes the
// program.
var plants = map[string]func(counters, meta string) error{
	"Fifo":        func(c, _ string) error { return syscall.Mkfifo(c, 0o666) },
	"FifoMeta":    func(string, string) error { return syscall.Mkfifo(otherMeta, 0o666) },
	"Link":        func(c, _ string) error { return os.Symlink("/dev/zero", c) },
	"LinkMeta":    func(string, string) error { return os.Symlink("/dev/zero", otherMeta) },
	"Device":      func(c, _ string) error { return syscall.Mknod(c, syscall.S_IFCHR|0o666, 1<<8|5) },
	"Dir":         func(c, _ string) error { return os.MkdirAll(c+"/below/below", 0o700) },
	"Empty":       func(c, _ string) error { return os.WriteFile(c, nil, 0o666) },
	"Garbage":     func(c, _ string) error { return os.WriteFile(c, bytes.Repeat([]byte("garbage "), 1000), 0o666) },
	"GarbageMeta": func(string, string) error { return os.WriteFile(otherMeta, []byte("garbage"), 0o666) },
	"Secret":      func(c, _ string) error { return os.WriteFile(c, []byte("garbage"), 0) },
	"Header":      func(c, _ string) error { return os.WriteFile(c, counters(c)[:48], 0o666) },
	"Magic":       func(c, _ string) error { return os.WriteFile(c, append([]byte{1}, counters(c)[1:]...), 0o666) },
	"Segments":    func(c, _ string) error { return os.WriteFile(c, counters(c), 0o666) },
	"WrongHash":   func(c, _ string) error { return os.WriteFile(c, counters(otherMeta), 0o666) },
	"Huge":        func(c, _ string) error { return errors.Join(os.WriteFile(c, nil, 0o666), os.Truncate(c, 1<<40)) },
	"TwoNames": func(c, _ string) error {
		return errors.Join(os.WriteFile(c, counters(c), 0o666), os.Link(c, Folder+"/other"))
	},
	"Many": func(c, _ string) (err error) {
		for i := range 100 {
			err = errors.Join(err, os.WriteFile(fmt.Sprint(c, i), []byte("garbage"), 0o666))
		}
		return err
	},

	// Of the right length, and of no program.
	"ForgedMeta": func(_, m string) error {
		text, err := os.ReadFile(m)
		clear(text[min(24, len(text)):])
		return errors.Join(err, os.WriteFile(otherMeta, text, 0o666))
	},
	// Package testing looks there for more files to read.
	"MetaFiles": func(string, string) error {
		return os.WriteFile(Folder+"/metafiles.txt", []byte(`{"ImportPaths": ["p"], "MetaFileFragments": ["/dev/zero"]}`), 0o666)
	},
	// A process that is left behind goes on making files, up to a number that harms nobody.
	"Leaves": func(string, string) error {
		cmd := exec.Command("sh", "-c", "while [ $((i+=1)) -lt 20000 ] && : > x$i; do :; done")
		cmd.Dir = Folder
		return cmd.Start()
	},
	"Temporary": func(string, string) error { return os.Symlink("/dev/zero", Folder+"/tmp.covcounters") },
}

// counters returns a file of no counters, of the program that a name tells.
func counters(name string) []byte {
	const magic = "\x00cwm"
	hash, _ := hex.DecodeString(strings.Split(name, ".")[1])
	return []byte(magic + "\x01\x00\x00\x00" + string(hash) + strings.Repeat("\x00", 24) + magic + strings.Repeat("\x00", 12))
}
