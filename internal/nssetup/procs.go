// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// perInstance is how many network namespaces are looked up in one instance of /proc.
//
// Below /proc/sys/net each network namespace has files of its own, which all have the same names in the same folder: to look
// one up is to compare it with those of all namespaces that were looked at (fs/proc/proc_sysctl.c, proc_sys_compare).
// The settings of a fixture take 0.15 ms then while there are few, and 0.7 ms while there are a thousand. Another instance
// has no files yet, and takes 0.1 ms.
const perInstance = 32

// An instance of /proc, in which settings are looked up.
type instance struct {
	own    *sys.FD // mounted nowhere; nil for that on /proc
	served int     // network namespaces
	users  int     // that are at it
}

// instances has the one that is for the next namespace. The first is that on /proc.
var instances struct {
	sync.Mutex
	current *instance
}

// takeInstance returns an instance to write to, which must be put back. If it is not to be that on /proc, the error is
// why there is no other.
func takeInstance(mounted bool) (*instance, error) {
	instances.Lock()
	defer instances.Unlock()
	i := instances.current
	if i == nil {
		i = new(instance)
		instances.current = i
	}
	if i.served >= perInstance || i.own == nil && !mounted {
		own, err := sys.OpenFilesystem("proc")
		switch {
		case err == nil:
			err = i.replace(&instance{own: own})
			i = instances.current
			if err != nil {
				return nil, err
			}
		case !mounted:
			return nil, err
		default: // as for root of a user namespace, whose settings then take their time
			i.served = 0
		}
	}
	i.served++
	i.users++
	return i, nil
}

// replace has the next namespaces use another instance, or none of those that were used, if it is nil.
func (i *instance) replace(next *instance) error {
	instances.current = next
	return i.closeUnused()
}

// put gives back what takeInstance has returned.
func (i *instance) put() error {
	instances.Lock()
	defer instances.Unlock()
	i.users--
	return i.closeUnused()
}

// closeUnused closes an instance that nobody is at, and that is not for the next namespace.
func (i *instance) closeUnused() error {
	if i.own == nil || i.users > 0 || i == instances.current {
		return nil
	}
	return i.own.Close()
}

// CloseProc closes the instance of /proc that is kept for the settings of the next namespaces, if there is one. They
// get another when it is needed.
func CloseProc() error {
	instances.Lock()
	defer instances.Unlock()
	if instances.current == nil {
		return nil
	}
	return instances.current.replace(nil)
}

// write writes a setting of the calling thread's network namespace.
func (i *instance) write(name, value string) (path string, err error) {
	if i.own != nil {
		return "(another /proc)/sys/" + name, sys.WriteFileAt(i.own, "sys/"+name, value)
	}
	path = "/proc/sys/" + name
	return path, sys.WriteFileAt(nowhere, path, value)
}
