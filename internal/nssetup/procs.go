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

// instances has the one that is for the next namespace, while many are made.
var instances struct {
	sync.Mutex
	many    int       // how often Many was called, and has not ended
	current *instance // nil until one is needed
	refused bool      // there is no other /proc to be had
}

// Many says that there are going to be many network namespaces at once, until end is called. Their settings are then looked up in
// several instances of /proc, of which one is kept open.
func Many() (end func() error) {
	instances.Lock()
	defer instances.Unlock()
	instances.many++
	return func() error {
		instances.Lock()
		defer instances.Unlock()
		if instances.many--; instances.many > 0 {
			return nil
		}
		instances.refused = false
		return replaceCurrent(nil)
	}
}

// takeInstance returns the instance to write to, which must be put back: that on /proc, unless there are many namespaces, or it is
// not to be that one. Then the error is why there is no other.
func takeInstance(mounted bool) (i *instance, err error) {
	instances.Lock()
	defer instances.Unlock()
	i = instances.current
	if i == nil || i.served >= perInstance {
		if i, err = newInstance(mounted); err != nil {
			return nil, err
		}
	}
	i.served++
	i.users++
	return i, nil
}

// newInstance is called with the lock held.
func newInstance(mounted bool) (*instance, error) {
	if mounted && (instances.many == 0 || instances.refused) {
		return new(instance), nil
	}
	own, err := sys.OpenFilesystem("proc")
	if err != nil && mounted { // as for root of a user namespace: then it takes its time
		instances.refused = true
		return new(instance), nil
	}
	if err != nil {
		return nil, err
	}
	i := &instance{own: own}
	if instances.many > 0 {
		err = replaceCurrent(i)
	}
	return i, err
}

// replaceCurrent is called with the lock held.
func replaceCurrent(next *instance) error {
	previous := instances.current
	instances.current = next
	if previous == nil {
		return nil
	}
	return previous.closeUnused()
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

// write writes a setting of the calling thread's network namespace.
func (i *instance) write(name, value string) (path string, err error) {
	if i.own != nil {
		return "(another /proc)/sys/" + name, sys.WriteFileAt(i.own, "sys/"+name, value)
	}
	path = "/proc/sys/" + name
	return path, sys.WriteFileAt(nowhere, path, value)
}
