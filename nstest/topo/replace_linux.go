// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A savedEnd is what an interface has that another one is to take the place of.
type savedEnd struct {
	*rtnl.Saved
	settings map[string]string // below /proc/sys, by path
}

// replaceByCable replaces the interfaces of a link by those of a cable, which have all that the others had:
// the same names, indexes, hardware addresses, settings, addresses and routes. For a few milliseconds there
// are none. Sockets do not see that, but for those of packet(7), and for memberships in multicast groups.
func (n *Network) replaceByCable(l *Link) (err error) {
	var saved [2]savedEnd
	ends := l.cableEnds()
	for i, e := range l.ends {
		if e.before, err = e.count(); err != nil {
			return err
		}
		if saved[i], err = e.save(); err != nil {
			return fmt.Errorf("%v %s: replace the interface: %w; a link that is made with topo.Perfect() needs none of this",
				e.node.kind, e.node.name, err)
		}
		ends[i].Name, ends[i].MAC, ends[i].MTU = saved[i].Name, saved[i].MAC, saved[i].MTU
	}
	if err := l.ends[0].node.conn.Do(rtnl.DelLink(saved[0].Name, saved[0].Index)); err != nil { // and the other end
		return err
	}
	c, err := cable.Lay(ends)
	if err != nil {
		return err
	}
	l.impairer, l.cabled, l.told = c, true, [2]impair.Rules{}
	var nodes []*node
	for i, e := range l.ends {
		if err := e.restore(saved[i]); err != nil {
			return fmt.Errorf("%v %s: %w", e.node.kind, e.node.name, err)
		}
		nodes = append(nodes, e.node)
	}
	if err := l.couple(); err != nil {
		return err
	}
	return n.each(nodes, (*node).settle)
}

// settings are the folders of /proc/sys with those of an interface.
var settings = []string{"net/ipv4/conf", "net/ipv6/conf", "net/ipv4/neigh", "net/ipv6/neigh"}

func (e *end) save() (s savedEnd, err error) {
	if s.Saved, err = e.node.conn.Save(e.index); err != nil {
		return s, err
	}
	s.settings, err = readSettings(e.node.fixture.Set(), s.Name)
	return s, err
}

// readSettings returns the settings of an interface.
func readSettings(s set.Set, name string) (all map[string]string, err error) {
	all = make(map[string]string)
	e := s.Do(func() {
		for _, dir := range settings {
			dir = filepath.Join(dir, name)
			files, failed := os.ReadDir(filepath.Join(procSys, dir))
			if failed != nil && !errors.Is(failed, fs.ErrNotExist) { // a kernel may have no IPv6
				err = errors.Join(err, failed)
			}
			for _, file := range files {
				path := filepath.Join(dir, file.Name())
				text, failed := os.ReadFile(filepath.Join(procSys, path))
				if failed == nil {
					all[path] = strings.TrimSuffix(string(text), "\n")
				} else if !errors.Is(failed, syscall.EIO) { // a stable_secret (RFC 7217) that is not set
					err = errors.Join(err, failed)
				}
			}
		}
	})
	return all, errors.Join(e, err)
}

const procSys = "/proc/sys"

func (e *end) restore(s savedEnd) error {
	own := e.node.fixture.Set()
	now, err := readSettings(own, s.Name)
	if err != nil {
		return err
	}
	err = inside.Do(own, func() (err error) {
		for path, value := range s.settings {
			if now[path] != value {
				err = errors.Join(err, nssetup.SetSysctl(path, value))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return e.node.conn.Do(s.Restore()...)
}
