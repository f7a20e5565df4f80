// SPDX-License-Identifier: Apache-2.0

package rootless

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/forward"
	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a test binary runs itself again in a user namespace:
//
//  1. The kernel lets no multi-threaded process into a user namespace, and a Go
//     process is one from the start. So a child is started in one, from the same
//     file, with the same arguments, environment, files and folder.
//  2. In it, root is mapped to the caller, and the IDs above it to the caller's
//     subordinate ones. A ticket tells the child what it is.
//  3. The child sets up /run in its own mount namespace and runs the tests.
//  4. The parent only passes signals on, waits, and ends as the child did. Should
//     it be killed, the kernel kills the child.

const (
	// The child's roles in the handshake, without and with a network of its own.
	role           = "rootless"
	roleOwnNetwork = "rootlessnetwork"
	// ticketFD is where the child finds its ticket: the first of ExtraFiles.
	ticketFD = 3
)

// Run returns where the tests are to run: in this process as it is or, if
// they need that here, in a child in a user namespace, which makes its namespaces ready. In
// the parent it returns when they have been run, and their exit code.
func Run(ownNetwork bool) (code int, p Place) {
	isChild, err := handshake.Accept(role)
	hasNetwork, networkErr := handshake.Accept(roleOwnNetwork)
	if err := errors.Join(err, networkErr); err != nil {
		return report(err), Elsewhere
	}
	if isChild || hasNetwork {
		prepare(hasNetwork)
		return 0, Inside
	}
	if slices.Contains(os.Args, "-test.fuzzworker") {
		return 0, Here // where its parent is, which it talks to by descriptors
	}
	m := mode{ownNetwork: ownNetwork}
	if err := m.read(os.Getenv(Variable)); err != nil {
		return report(err), Elsewhere
	}
	if !m.needsChild() {
		return 0, Here
	}
	warnDebugger()
	// The caller's goroutine is locked to the main thread (nstest.Main). What is handed over to it and from it takes
	// two threads more each time, and each signal to listen for is.
	var parent sync.WaitGroup
	parent.Go(func() { code, err = runChild(m.ownNetwork) })
	parent.Wait()
	if err == nil {
		return code, Elsewhere
	}
	StopListening()
	report(err)
	if m.when == "force" {
		return 1, Elsewhere
	}
	return 0, Here // The tests can still say what they miss.
}

// prepare makes the child's namespaces ready. Where that fails, the tests that it concerns
// will say so; the others can run.
func prepare(hasNetwork bool) {
	if err := nssetup.PrivateRun(); err != nil {
		report(err)
	}
	if hasNetwork {
		if err := prepareNetwork(); err != nil {
			report(err)
		}
	}
}

func report(err error) int {
	fmt.Fprintf(os.Stderr, "nstest: rootless run: %v\n", err)
	return 1
}

// warnDebugger tells whoever traces this process why no breakpoint is reached. Delve
// follows a child only if vfork(2) has made it.
func warnDebugger() {
	tracer, err := procfs.Status(procfs.Root, procfs.Self, "TracerPid")
	if err == nil && tracer != "0" {
		report(errors.New("the tests run in a child, where a debugger of this process may not see them; " +
			"try: gonso exec -- dlv test"))
	}
}

// canUnshare tries the cheapest namespace that takes privilege. A network takes another one to be of use.
func canUnshare() bool {
	if lacks, err := denial.LacksNetAdmin(procfs.Root); lacks || err != nil {
		return false
	}
	s, err := set.Unshare(set.NS_UTS)
	if err != nil {
		return false
	}
	return s.Close() == nil
}

// signals are those that this process gets while it is a parent, and after that until [StopListening].
var signals forward.Signals

// StopListening has signals do again what they do by themselves, where the tests have been run in a child: it takes a
// while for each, and most parents are about to end.
func StopListening() {
	if signals != nil {
		signals.Stop()
	}
	signals = nil
}

// runChild runs this program again in new namespaces and returns how it ended.
func runChild(ownNetwork bool) (code int, err error) {
	signals = forward.Listen(forward.Stops...)
	child, err := startChild(ownNetwork)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, child.close()) }()
	if child.tunnel != nil {
		if err := child.tunnel.Serve(func(err error) { report(err) }); err != nil {
			report(err)
		}
	}
	followed := signals.Follow(child.Process)
	err = child.Wait()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = nil
	}
	if err = errors.Join(followed, err); err != nil {
		return 0, err
	}
	return exitLike(child.ProcessState), nil
}

// A child is this program, again.
type child struct {
	*set.Cmd
	from   set.Set         // this process's
	tunnel *forward.Tunnel // of one with a network of its own
}

func (c *child) close() error {
	err := c.from.Close()
	if c.tunnel != nil {
		err = errors.Join(err, c.tunnel.Close())
	}
	return err
}

// startChild starts the child, with the caller's subordinate IDs if there are any, so that tests
// can change owners as root does. Where no mount namespace can be had, those tests can run that
// need none, and so without a network of their own, which is said.
func startChild(ownNetwork bool) (*child, error) {
	kinds := set.NS_USER | set.NS_MNT
	if ownNetwork {
		kinds |= set.NS_NET
	}
	uids, gids, err := subid.Own()
	if err == nil {
		c, err := startIn(&syscall.SysProcAttr{
			Unshareflags: uintptr(kinds), UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true,
		})
		if err == nil {
			return c, nil
		}
		if errors.Is(err, subid.ErrKilled) {
			report(fmt.Errorf("the tests have no IDs but root: %w", err))
		}
	}
	c, err := startIn(rootMapped(kinds))
	denial := new(set.Error)
	if !errors.As(err, &denial) {
		return c, err
	}
	switch {
	case denial.Kind&set.NS_NET != 0:
		report(fmt.Errorf("the tests run in the host's network: %w", err))
		return startChild(false)
	case denial.Kind&set.NS_MNT != 0 || denial.Op == "mount":
		if c, err := startIn(rootMapped(kinds &^ set.NS_MNT)); err == nil {
			return c, nil
		}
	}
	return c, err
}

// rootMapped makes the caller root of a user namespace, which takes no more than that.
func rootMapped(kinds int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Unshareflags: uintptr(kinds),
		UidMappings:  []subid.Map{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []subid.Map{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// startIn starts the child in the namespaces that attr makes. The kernel kills it when this process dies, see set.Cmd.
func startIn(attr *syscall.SysProcAttr) (c *child, err error) {
	here, err := set.Current(set.NS_UTS)
	if err != nil {
		return nil, err
	}
	c = &child{Cmd: here.Command(context.Background(), handshake.Program()), from: here}
	its := role
	if attr.Unshareflags&set.NS_NET != 0 {
		its = roleOwnNetwork
		if c.tunnel, err = forward.NewTunnel(ginkgoServer()); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	ticket, env, err := handshake.Offer(its, ticketFD)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.Args = os.Args
	c.Env = append(os.Environ(), env)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.ExtraFiles = []*os.File{ticket}
	if c.tunnel != nil {
		c.ExtraFiles = append(c.ExtraFiles, c.tunnel.End())
	}
	c.SysProcAttr = attr
	if err = errors.Join(c.Start(), ticket.Close()); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// exitLike returns the code to end with as the child did. If a signal killed the
// child, this process dies of the same.
func exitLike(state *os.ProcessState) int {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return state.ExitCode()
	}
	return report(sys.EndBy(status.Signal()))
}

// WakeParent has the parent go on whenever this process does after a stop.
func WakeParent() (stop func()) { return forward.WakeParent(func(err error) { report(err) }) }
