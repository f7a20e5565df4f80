// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keylog"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/pcapng"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// pcapVariable is the environment variable that asks for captures.
const pcapVariable = "NSTEST_PCAP"

// pcaps has the captures of the tests that run.
var pcaps struct {
	mode  evidence.Mode   // which does not change
	begin sync.Mutex      // of who begins one
	none  map[string]bool // tests that have none, as their logs say; of who begins one
	sync.Mutex
	list []*pcap
}

func init() {
	evidence.Provide(pcapVariable)
	wanted, _ := evidence.ModeOf(pcapVariable)                        // Main says what is wrong
	if pcaps.mode = max(wanted, mode); pcaps.mode == evidence.Never { // a trace has packets in it
		return
	}
	lifecycle.Observe(pcapObserver{})
	journal.Listen(notePcaps)
	cable.Watch(watchCable)
	keylog.Provide(keyPath)
}

// A pcap is the capture of one test: of its fixtures, and of those that it shares with the tests around it. In Ginkgo it is that
// of a spec, or of the nodes that belong to none.
type pcap struct {
	tb    testing.TB
	owner string // the name of the test
	dir   string
	file  *pcapng.File
	notes *pcapng.Interface

	mu      sync.Mutex
	sources []*source
	keys    *keyFile // for daemons, see keyPath
	failed  bool
	ended   bool
	kept    bool // of the goroutine that ends the test
	errs    []error
}

// beginPcap returns the capture of a test, which is begun if there is none. It is nil where there can be none.
func beginPcap(tb testing.TB) *pcap {
	tb.Helper()
	pcaps.begin.Lock()
	defer pcaps.begin.Unlock()
	if p := find(tb); p != nil || pcaps.none[tb.Name()] {
		return p
	}
	p := &pcap{tb: tb, owner: tb.Name()}
	if err := p.create(); err != nil {
		if pcaps.none == nil {
			pcaps.none = make(map[string]bool)
		}
		pcaps.none[p.owner] = true
		tb.Logf("nstest: %s: there is no capture of this test: %v", pcapVariable, err)
		return nil
	}
	p.addShared()
	pcaps.Lock()
	pcaps.list = append(pcaps.list, p)
	pcaps.Unlock()
	if !p.isSpec() {
		atEnd(tb, p.settle)
		tb.Cleanup(p.end) // while what it logs has a line
	}
	return p
}

// find returns the capture of that very test, or nil.
func find(tb testing.TB) *pcap {
	owner, isSpec := tb.Name(), lifecycle.IsGinkgo(tb)
	pcaps.Lock()
	defer pcaps.Unlock()
	for _, p := range pcaps.list {
		if p.owner == owner && p.isSpec() == isSpec {
			return p
		}
	}
	return nil
}

func (p *pcap) isSpec() bool { return lifecycle.IsGinkgo(p.tb) }

func (p *pcap) create() (err error) {
	if p.dir, err = evidence.Folder(p.tb); err != nil {
		return err
	}
	text := fmt.Sprintf("Packets of %s. They are as the kernel passes them between the interfaces of one machine: checksums may be left out, "+
		"and what would be several TCP segments may be one.", cmp.Or(p.owner, "the suite"))
	p.file, p.notes, err = pcapng.Create(filepath.Join(p.dir, "capture.pcapng"), text)
	return err
}

// addShared adds the fixtures that the test may share with those around it.
func (p *pcap) addShared() {
	if p.isSpec() {
		for _, in := range lifecycle.Specs().Instances() {
			p.add(in)
		}
		return
	}
	for around := lifecycle.Around(p.owner); around != nil; around = lifecycle.Around(around.Name()) {
		for _, in := range lifecycle.Of(around).Instances() {
			p.add(in)
		}
	}
}

// add begins to capture what the interfaces of an instance receive and send.
func (p *pcap) add(in *lifecycle.Instance) {
	if in.Own.Flags()&set.NS_NET == 0 || in.Set.Closed() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || slices.ContainsFunc(p.sources, func(s *source) bool { return s.instance == in }) {
		return
	}
	s, err := openSource(p, in)
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s: %w", in.Name, err))
		return
	}
	p.sources = append(p.sources, s)
}

// all returns the fixtures that are captured.
func (p *pcap) all() []*source {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sources)
}

// flush has the file have all until now.
func (p *pcap) flush() {
	for _, s := range p.all() {
		_ = s.reader.Flush() // whose error Close says again
	}
	p.file.Write()
}

// note remembers an error for the log.
func (p *pcap) note(what string, err error) {
	if err == nil {
		return
	}
	if what != "" {
		err = fmt.Errorf("%s: %w", what, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs = append(p.errs, err)
}

// mark adds a text at this moment, after the packets until now.
func (p *pcap) mark(at time.Time, text string, sign pcapng.Sign) {
	p.flush()
	p.file.AddNote(p.notes, at, text, sign)
}

// fail is called when the test has failed, before its clean-ups.
func (p *pcap) fail() {
	p.mu.Lock()
	first := !p.failed
	p.failed = true
	p.mu.Unlock()
	if first {
		p.mark(time.Now(), cmp.Or(p.owner, "the suite")+" has failed, and its clean-up begins", pcapng.CleanUp)
		p.readKeys()
	}
}

// leave ends the capture of instances, whose Sets are closed next. It reports whether others of the test are left.
func (p *pcap) leave(instances []*lifecycle.Instance) (others bool) {
	var closing sync.WaitGroup // the kernel waits some milliseconds for each
	defer closing.Wait()
	for _, s := range p.all() {
		if slices.Contains(instances, s.instance) {
			closing.Go(s.close)
		} else if !s.closed.Load() && s.instance.Owner == p.owner {
			others = true
		}
	}
	return others
}

// end ends the capture. It is called once or twice.
func (p *pcap) end() {
	p.tb.Helper()
	pcaps.Lock()
	before := len(pcaps.list)
	pcaps.list = slices.DeleteFunc(pcaps.list, func(other *pcap) bool { return other == p })
	isFirst := len(pcaps.list) < before
	pcaps.Unlock()
	if !isFirst {
		return
	}
	for _, s := range p.all() {
		s.close()
	}
	p.readKeys()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	if p.isWanted() {
		p.keep()
	}
	if p.isSpec() {
		p.settle()
	}
}

// isWanted reports whether the file is to stay, as far as it is known.
func (p *pcap) isWanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed || pcaps.mode == evidence.Always || p.failedNow()
}

// keep closes the file and logs where it is.
func (p *pcap) keep() {
	p.tb.Helper()
	p.kept = true
	p.note("", errors.Join(p.file.Close(), p.keys.remove()))
	evidence.Say(p.tb, "capture", p.file.Path())
	p.complain(p.file.Complaint())
}

// settle is called when it is known whether the test has failed: by a clean-up that comes after end, too.
func (p *pcap) settle() {
	p.tb.Helper()
	switch {
	case p.kept:
	case p.isWanted():
		p.keep()
	default:
		p.note("", errors.Join(p.file.Discard(), p.keys.remove(), evidence.Discard(p.dir)))
		p.complain("")
	}
}

func (p *pcap) failedNow() bool {
	if p.isSpec() {
		return lifecycle.Specs().Failed()
	}
	return lifecycle.Failed(p.tb)
}

// complain logs what is wrong with the capture, which fails no test.
func (p *pcap) complain(text string) {
	p.tb.Helper()
	for _, s := range p.all() {
		if s.stats.Dropped > 0 {
			text += fmt.Sprintf("\n%d packets of %s are not in it: they came too fast, and the kernel dropped them", s.stats.Dropped, s.instance.Name)
		}
	}
	p.mu.Lock()
	err := errors.Join(p.errs...)
	p.mu.Unlock()
	if err != nil {
		text += "\n" + err.Error()
	}
	if text = strings.TrimPrefix(text, "\n"); text != "" {
		p.tb.Logf("nstest: the capture of this test: %s", text)
	}
}

// ofTest returns the capture of a test or, if it has none, of the innermost test around it. A spec shares others.
func ofTest(tb testing.TB) (found []*pcap) {
	isSpec, name := lifecycle.IsGinkgo(tb), tb.Name()
	pcaps.Lock()
	defer pcaps.Unlock()
	for _, p := range pcaps.list {
		switch {
		case p.isSpec() != isSpec:
		case isSpec:
			found = append(found, p)
		case p.owner == name || strings.HasPrefix(name, p.owner+"/"):
			if len(found) == 0 || len(p.owner) > len(found[0].owner) {
				found = []*pcap{p}
			}
		}
	}
	return found
}

// of returns the captures of a test of package lifecycle.
func of(t *lifecycle.Test) (found []*pcap) {
	pcaps.Lock()
	defer pcaps.Unlock()
	for _, p := range pcaps.list {
		if slices.ContainsFunc(p.all(), func(s *source) bool { return s.instance.Test() == t && s.instance.Owner == p.owner }) {
			found = append(found, p)
		}
	}
	return found
}

// notePcaps writes what happens in a test into its capture.
func notePcaps(tb testing.TB, e journal.Entry) {
	if e.NewNode != nil || e.NewLink != nil || e.Seed != "" || e.Kind == "output" || e.Kind == "verdict" { // the programs' lines are too many; frames have a comment
		return
	}
	for _, p := range ofTest(tb) {
		p.mark(e.Time, strings.TrimPrefix(e.Kind+": "+e.Text, ": "), "")
	}
}

// A pcapObserver begins and ends captures.
type pcapObserver struct{}

func (pcapObserver) Began(in *lifecycle.Instance) {
	in.TB.Helper()
	if in.Own.Flags()&set.NS_NET == 0 {
		return
	}
	if p := beginPcap(in.TB); p != nil {
		p.add(in)
	}
}

func (pcapObserver) Failed(t *lifecycle.Test) {
	for _, p := range of(t) {
		p.fail()
	}
}

func (pcapObserver) Hangs(t *lifecycle.Test) {
	for _, p := range of(t) {
		p.flush()
		fmt.Fprintf(os.Stderr, "nstest: capture of %s: %s\n", cmp.Or(p.owner, "the suite"), p.file.Path())
	}
}

func (pcapObserver) Ended(t *lifecycle.Test, instances []*lifecycle.Instance) {
	pcaps.Lock()
	list := slices.Clone(pcaps.list)
	pcaps.Unlock()
	for _, p := range list { // those of other tests may share the instances
		if others := p.leave(instances); !others && p.isSpec() && t == lifecycle.Specs() {
			p.end()
		}
	}
}
