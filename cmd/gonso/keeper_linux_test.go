// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// keep is a program that keeps fixtures, as a test does: keeper [-paused] test kind,kind=fixture...
// It says "ready", and ends when it is killed or, with -paused, resumed.
func keep() {
	if err := keepUntilTheEnd(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
}

var keeperKinds = map[string]int{"net": set.NS_NET, "uts": set.NS_UTS, "mnt": set.NS_MNT, "user": set.NS_USER, "pid": set.NS_PID}

func keepUntilTheEnd(args []string) error {
	this, err := kept.ThisProcess()
	if err != nil {
		return err
	}
	e := &kept.Entry{Holder: this, Since: time.Now(), Folder: "/of/the/package"}
	if args[0] == "-paused" {
		until := time.Now().Add(time.Hour)
		e.Paused = &kept.Pause{Test: this, Until: &until}
		args = args[1:]
	}
	e.Test = args[0]
	var open []set.FdSet // or their finalizers would close them
	for _, arg := range args[1:] {
		kinds, name, _ := strings.Cut(arg, "=")
		f := kept.Fixture{Name: name}
		flags := 0
		for k := range strings.SplitSeq(kinds, ",") {
			flags |= keeperKinds[k]
		}
		s, err := set.Unshare(flags)
		if flags&set.NS_USER != 0 {
			s, err = set.Unshare(flags, set.WithRootMapped())
		}
		if err != nil {
			return err
		}
		if flags == set.NS_UTS || flags == set.NS_NET|set.NS_UTS {
			if err := s.Do(func() { err = syscall.Sethostname([]byte(name)) }); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		fds, err := s.Fds(0)
		if err != nil {
			return err
		}
		open = append(open, fds)
		for _, kind := range set.Kinds(flags) {
			file := fds.Get(kind)
			f.Namespaces = append(f.Namespaces, kept.Namespace{
				Kind: set.KindNames(kind), ID: file.Name(), Path: fmt.Sprintf("/proc/%d/fd/%d", this.PID, file.Fd()),
			})
		}
		e.Fixtures = append(e.Fixtures, f)
	}
	folder, err := kept.Create()
	if err != nil {
		return err
	}
	if err := folder.Add(e); err != nil {
		return err
	}
	var resumed *os.File
	if e.Paused != nil {
		if resumed, err = folder.AwaitResume(e); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	if e.Paused == nil {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		_ = open
		return nil
	}
	if _, err := resumed.Read(make([]byte, 1)); err != nil {
		return err
	}
	fmt.Println("goes on")
	return errors.Join(resumed.Close(), folder.Remove(e.Name))
}
