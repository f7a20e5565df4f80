// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/shard"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Each makes a fixture whose namespaces are fresh in each spec of the container
// in whose body it is called, or of the suite:
//
//	var _ = Describe("two hosts", func() {
//		a, b := nstest.Each(gonso.NS_NET), nstest.Each(gonso.NS_NET)
//		It("talk", func() { a.Do(...); b.Do(...) })
//	})
func Each(flags int, opts ...Option) *Fixture {
	f, c := new(Fixture), newConfig(flags, opts)
	c.at = types.NewCodeLocation(1)
	ginkgo.BeforeEach(func() { f.begin(ginkgo.GinkgoTB(), c) }, ginkgo.Offset(1))
	return f
}

// Inside is a decorator for containers and for RunSpecs: every node of every spec in it runs in that spec's own
// fresh Set. Setup nodes, the spec, teardown and DeferCleanup of a spec share one Set; the specs of an Ordered
// container share one, from BeforeAll to AfterAll; each attempt of FlakeAttempts and MustPassRepeatedly gets a
// new one.
//
//	var _ = Describe("router", nstest.Inside(gonso.NS_NET), func() {
//		It("sees only lo", func() { ... })
//	})
//
// [Here] returns the fixture. In a mount namespace, the working directory is the one of the same path, and
// GinkgoT().Chdir changes it for one node only. The folder of GinkgoT().TempDir is removed from outside, so
// that no file of what is mounted in it is removed.
//
// Goroutines that a node starts are not inside. A function that Eventually polls is inside, since Gomega calls
// it on the goroutine of the node. Nodes that belong to no spec, such as BeforeSuite, run outside.
func Inside(flags int, opts ...Option) types.AroundNodeDecorator {
	c := newConfig(flags, opts)
	c.at = types.NewCodeLocation(1)
	anyInside = true
	return types.AroundNode(func(ctx context.Context, body func(context.Context)) {
		s := runningSpec()
		in := s.instance(c)
		if in == nil || flags&set.NS_MNT != 0 && removesTempDir() {
			body(ctx)
			return
		}
		// The goroutine is this node's only, and ends with it; with it ends its
		// thread.
		if err := enter(in.Set); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s of %v: %v", in.Name, c.at, err))
		}
		s.enter(in)
		defer s.leave(in)
		body(ctx)
		if in.Set.Closed() {
			return // it was the node that begins the next spec
		}
		if err := in.stillHere(); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s of %v: %v", in.Name, c.at, err))
		}
	}, c.at)
}

// anyInside reports whether the suite, whose tree is made by one goroutine, has any.
var anyInside bool

// A spec is what the nodes of one spec, or of one Ordered container, share.
type spec struct {
	mu        sync.Mutex
	instances map[*config]*instance // of Inside
	name      string                // of an Ordered container
	stack     []*instance           // that the running node is in, the innermost last
}

var running struct {
	sync.Mutex
	spec *spec
}

// This is the first node of every spec, since packages are initialised before
// those that import them. Ginkgo runs it once for a whole Ordered container, and
// again for each attempt; nothing else that Ginkgo tells would say to which
// Ordered container a spec belongs.
var _ = ginkgo.BeforeEach(func() {
	s := &spec{instances: make(map[*config]*instance)}
	ginkgo.DeferOnFailure(lifecycle.LogSpec)
	if anyInside && !ginkgo.CurrentSpecReport().IsInOrderedContainer {
		ginkgo.DeferCleanup(s.end)
	}
	if err := beginSpec(s); err != nil {
		ginkgo.Fail(err.Error())
	}
	shard.SkipOthers()
}, ginkgo.OncePerOrdered)

// beginSpec ends the spec before. That could not be done at its own end: the
// clean-up that a BeforeAll asks for comes after all others.
func beginSpec(s *spec) error {
	running.Lock()
	last := running.spec
	running.spec = s
	running.Unlock()
	if last == nil {
		return nil
	}
	return last.close()
}

// endSpec ends the last spec of all, and returns an exit code.
func endSpec() int {
	if err := beginSpec(nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// runningSpec returns nil for nodes that belong to no spec.
func runningSpec() *spec {
	if !ginkgo.CurrentSpecReport().LeafNodeType.Is(types.NodeTypeIt) {
		return nil
	}
	running.Lock()
	defer running.Unlock()
	return running.spec
}

// instance returns the spec's instance for one Inside, or nil where there is no spec.
func (s *spec) instance(c *config) *instance {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in, known := s.instances[c]
	if !known {
		s.instances[c] = nil // if making it fails, which ends this node
		in = newInstance(ginkgo.GinkgoTB(), c)
		if ginkgo.CurrentSpecReport().IsInOrderedContainer {
			in.Scope = lifecycle.OrderedScope()
		}
		s.instances[c] = in
		s.keep(in)
	}
	if in == nil {
		// A node must not run outside for want of a Set, least of all the teardown.
		ginkgo.Skip("nstest: the Set of this spec could not be made")
	}
	return in
}

// enter notes that the running node is in the instance from now on.
func (s *spec) enter(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stack = append(s.stack, in)
}

func (s *spec) leave(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A node that Ginkgo gave up on may still be in there.
	for i, other := range slices.Backward(s.stack) {
		if other == in {
			s.stack = slices.Delete(s.stack, i, i+1)
			return
		}
	}
}

// inside returns where the running node is.
func (s *spec) inside() []*instance {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stack)
}

// removesTempDir reports whether the running node is the clean-up of GinkgoT().TempDir. It
// must not see what is mounted in the folder, see [instance.leavable].
func removesTempDir() bool {
	events := ginkgo.CurrentSpecReport().SpecEvents.WithType(types.SpecEventNodeStart)
	if len(events) == 0 {
		return false
	}
	node := events[len(events)-1]
	return node.NodeType.Is(types.NodeTypeCleanupAfterEach|types.NodeTypeCleanupAfterAll) &&
		strings.HasSuffix(node.CodeLocation.FileName, "/internal/testingtproxy/testing_t_proxy.go")
}

// keep has the instance cleared when the spec ends, or the Ordered container. A BeforeAll node
// is the first one inside, so that its clean-up comes last. A node of an Ordered container
// that is run for each of its specs cannot ask for one at the container's end: the next spec
// has to see to it.
func (s *spec) keep(in *instance) {
	lifecycle.Specs().Keep(in.Instance)
	report := ginkgo.CurrentSpecReport()
	if s.name == "" {
		s.name = strings.Join(report.ContainerHierarchyTexts, " ")
	}
	events := report.SpecEvents.WithType(types.SpecEventNodeStart)
	if report.IsInOrderedContainer && events[len(events)-1].NodeType == types.NodeTypeBeforeAll {
		ginkgo.DeferCleanup(s.end, in.At)
	}
}

// end is the last clean-up of a spec. Nodes that report on it are yet to run inside.
func (s *spec) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, in := range s.instances {
		if in == nil {
			continue
		}
		if err := in.Sweep(); err != nil {
			errs = append(errs, fmt.Errorf("nstest: %s of %v: %w", in.Name, in.At, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		ginkgo.Fail(err.Error())
	}
}

func (s *spec) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, in := range s.instances {
		if in == nil {
			continue
		}
		if err := in.ReleaseLate(); err != nil {
			errs = append(errs, fmt.Errorf("nstest: %s of %q, which came before: %w", in.Name, s.name, err))
		}
	}
	return errors.Join(errs...)
}
