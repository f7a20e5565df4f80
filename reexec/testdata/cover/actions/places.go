// SPDX-License-Identifier: Apache-2.0

//go:build linux

package actions

import (
	"context"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// What runs elsewhere: in other namespaces, with nothing of the machine in sight, as
// another user.
func init() {
	byName["InUser"] = reexec.Func("InUser", InUser)
	byName["InPid"] = reexec.Func("InPid", InPid)
	byName["InMount"] = reexec.Func("InMount", InMount)
	byName["InMountOfUser"] = reexec.Func("InMountOfUser", InMountOfUser)
	byName["InAll"] = reexec.Func("InAll", InAll)
	byName["InChroot"] = reexec.Func("InChroot", InChroot)
	byName["AsOther"] = reexec.Func("AsOther", AsOther)
	byName["AsOtherInAll"] = reexec.Func("AsOtherInAll", AsOtherInAll)
}

func InUser(context.Context, Arg) (int, error) { return 4, nil }

func InPid(context.Context, Arg) (int, error) { return os.Getpid(), nil }

func InMount(context.Context, Arg) (int, error) { return 0, os.Chdir("/") }

func InMountOfUser(context.Context, Arg) (int, error) { return 7, os.Chdir("/") }

func InAll(context.Context, Arg) (int, error) { return 5, os.Chdir("/") }

func InChroot(context.Context, Arg) (int, error) { return 6, os.Chdir("/") }

func AsOther(context.Context, Arg) (int, error) { return os.Getuid(), nil }

func AsOtherInAll(context.Context, Arg) (int, error) { return os.Getgid(), nil }

var hide = reexec.Func("Hide", Hide)

// Hide mounts an empty folder on the root directory.
func Hide(context.Context, Arg) (int, error) {
	return 0, syscall.Mount("none", "/", "tmpfs", 0, "mode=755")
}

// inPlace adds to the options of an action what its name asks for, and calls run.
func inPlace(name, root string, run func(...reexec.Option) error) error {
	other := reexec.Credential(&syscall.Credential{Uid: 4711, Gid: 4711})
	// Root needs no user namespace. In one, a program with a loader would not start where
	// nothing is.
	user, opts := 0, []set.UnshareOpt(nil)
	if os.Geteuid() != 0 {
		user, opts = set.NS_USER, []set.UnshareOpt{set.WithRootMapped()}
	}
	switch name {
	default:
		return run()
	case "InUser":
		return run(reexec.Unshare(set.NS_USER, set.WithRootMapped()))
	case "InPid":
		return run(reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped()))
	case "InChroot":
		return run(reexec.Unshare(user|set.NS_UTS, opts...), reexec.Chroot(root))
	case "AsOther":
		return run(other)
	case "InMount":
		return inHidden(user, opts, run)
	case "InMountOfUser": // where Hide starts below what it mounts
		return inHidden(set.NS_USER, []set.UnshareOpt{set.WithRootMapped()}, run)
	case "InAll":
		return inHidden(user|set.NS_PID|set.NS_TIME, opts, run)
	case "AsOtherInAll":
		return inHidden(set.NS_PID|set.NS_TIME, nil, func(opts ...reexec.Option) error { return run(append(opts, other)...) })
	}
}

func inHidden(flags int, opts []set.UnshareOpt, run func(...reexec.Option) error) error {
	s, err := set.Unshare(flags|set.NS_MNT, opts...)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := hide.Run(context.Background(), Arg{}, reexec.In(s)); err != nil {
		return err
	}
	return run(reexec.In(s))
}
