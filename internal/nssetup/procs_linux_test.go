// SPDX-License-Identifier: Apache-2.0

package nssetup_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// To look a setting up takes the longer, the more namespaces there are whose settings were looked up in the same /proc.
func TestSettingsOfManyNamespacesAreInSeveralProcs(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET)
	write := func(many int) (open []*nssetup.Settings, procs map[*sys.FD]int) {
		procs = make(map[*sys.FD]int)
		for range many {
			s := new(nssetup.Settings)
			open = append(open, s)
			g.Expect(s.Set("net/ipv4/conf/all/tag", "7")).To(Succeed())
			g.Expect(procfs.Sysctl(procfs.Root, "net/ipv4/conf/all/tag")).To(Equal("7"))
			g.Expect(s.Set("net/ipv4/conf/all/tag", "0")).To(Succeed())
			procs[nssetup.OwnProc(s)]++
		}
		return open, procs
	}
	const many = 3 * nssetup.PerInstance
	_, usual := write(many)
	g.Expect(usual).To(Equal(map[*sys.FD]int{nil: many}), "nobody has said that there are many")

	end, endInner := nssetup.Many(), nssetup.Many()
	open, procs := write(many)
	if another, err := sys.OpenFilesystem("proc"); errors.Is(err, fs.ErrPermission) {
		g.Expect(procs).To(Equal(map[*sys.FD]int{nil: many}))
	} else {
		g.Expect(another.Close(), err).To(Succeed())
		g.Expect(procs).To(HaveLen(3))
		g.Expect(procs).To(HaveEach(nssetup.PerInstance))
	}
	g.Expect(endInner()).To(Succeed())
	g.Expect(end()).To(Succeed())
	for _, s := range open {
		g.Expect(s.Set("net/ipv4/conf/all/tag", "7")).To(Succeed(), "in use")
		g.Expect(s.Close()).To(Succeed())
	}
	for proc := range procs {
		if proc != nil {
			g.Expect(proc.Int()).To(Equal(-1), "closed, once all have put it back")
		}
	}
}

// A setting that is not there is looked for in vain in each of them.
func TestSettingThatThereIsNot(t *testing.T) {
	g := NewWithT(t)
	nstest.Enter(t, gonso.NS_NET)
	end := nssetup.Many()
	t.Cleanup(func() { g.Expect(end()).To(Succeed()) })
	for range 2 * nssetup.PerInstance {
		g.Expect(nssetup.SetSysctl("net/ipv4/none", "1")).To(MatchError(os.ErrNotExist))
	}
}
