// SPDX-License-Identifier: Apache-2.0

package shardplan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Read reads how long tests took, and how often each was run to its end, from what 'go test -json' has printed, or from
// a report of 'ginkgo --json-report'. Several of the first, one after the other, are read as one.
func Read(r io.Reader) (Times, map[Test]int, error) {
	in := bufio.NewReader(r)
	for {
		first, err := in.Peek(1)
		switch {
		case err == io.EOF:
			return nil, nil, fmt.Errorf("it is empty: want the output of 'go test -json', or a report of 'ginkgo --json-report'")
		case err != nil:
			return nil, nil, err
		case first[0] == ' ' || first[0] == '\n' || first[0] == '\t' || first[0] == '\r':
			if _, err := in.Discard(1); err != nil {
				return nil, nil, err
			}
		case first[0] == '[':
			return readGinkgo(in)
		default:
			return readEvents(in)
		}
	}
}

// quick is how long a test took that go test, which rounds to 10 ms, says took no time. With none at all a thousand such tests
// would go to one shard.
const quick = 5 * time.Millisecond

// readEvents reads events of test2json (go doc test2json). Lines of something else are between them, such as those of the
// go command about modules.
func readEvents(in *bufio.Reader) (Times, map[Test]int, error) {
	times, runs := make(Times), make(map[Test]int)
	below, parents := make(Times), make(map[Test]bool) // of subtests
	understood := false
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var e struct {
				Action, Package, Test string
				Elapsed               float64 // seconds
			}
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				understood = true
				ended := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
				took := time.Duration(e.Elapsed * float64(time.Second))
				switch at := strings.LastIndex(e.Test, "/"); {
				case !ended || e.Test == "":
				case at < 0:
					t := Test{e.Package, e.Test}
					times[t] += max(took, quick)
					runs[t]++
				default:
					below[Test{e.Package, e.Test}] += took
					for ; at >= 0; at = strings.LastIndex(e.Test[:at], "/") {
						parents[Test{e.Package, e.Test[:at]}] = true
					}
				}
			}
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, nil, err
		}
	}
	if !understood {
		return nil, nil, fmt.Errorf("it has no event of 'go test -json'")
	}
	// The time of a test is without that of its parallel subtests.
	parallel := make(Times)
	for t, took := range below {
		if top, _, _ := strings.Cut(t.Name, "/"); !parents[t] {
			parallel[Test{t.Package, top}] += took
		}
	}
	for t, n := range runs { // with -count
		times[t] = max(times[t], parallel[t])
		times[t] /= time.Duration(n)
	}
	return times, runs, nil
}

// readGinkgo reads a list of reports (types.Report of Ginkgo).
func readGinkgo(in io.Reader) (Times, map[Test]int, error) {
	var reports []struct {
		SpecReports []struct {
			ContainerHierarchyTexts []string
			LeafNodeType            string
			LeafNodeText            string
			State                   string
			IsInOrderedContainer    bool
			RunTime                 time.Duration
			Failure                 struct{ Message string }
		}
	}
	if err := json.NewDecoder(in).Decode(&reports); err != nil {
		return nil, nil, fmt.Errorf("it is no report of 'ginkgo --json-report': %w", err)
	}
	times, runs, elsewhere := make(Times), make(map[Test]int), make(map[Test]bool)
	for _, r := range reports {
		// Of an Ordered container only the first spec says so, Ginkgo skips the others for its sake.
		for _, s := range r.SpecReports {
			if s.State == "skipped" && s.Failure.Message == Elsewhere {
				elsewhere[Spec(s.ContainerHierarchyTexts, s.LeafNodeText, s.IsInOrderedContainer)] = true
			}
		}
		for _, s := range r.SpecReports {
			t := Spec(s.ContainerHierarchyTexts, s.LeafNodeText, s.IsInOrderedContainer)
			if s.LeafNodeType != "It" || s.State == "pending" || s.State == "skipped" && elsewhere[t] {
				continue
			}
			times[t] += s.RunTime
			runs[Test{Name: strings.Join(append(s.ContainerHierarchyTexts, s.LeafNodeText), " ")}]++
		}
	}
	return times, runs, nil
}

// Elsewhere is why a spec of Ginkgo is skipped that another shard runs.
const Elsewhere = "this spec is in another shard"

// Spec returns what one shard runs of a spec's neighbours. Ginkgo does not say which container is Ordered, so those of an
// outermost one stay together.
func Spec(containers []string, text string, isOrdered bool) Test {
	if isOrdered {
		return Test{Name: containers[0]}
	}
	return Test{Name: strings.Join(append(containers[:len(containers):len(containers)], text), " ")}
}
