// SPDX-License-Identifier: Apache-2.0

package shardplan_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/shardplan"
)

func TestShardsTakeAboutAsLong(t *testing.T) {
	g := NewWithT(t)
	times := shardplan.Times{{"p", "A"}: 7, {"p", "B"}: 5, {"q", "A"}: 4, {"q", "C"}: 3, {"q", "D"}: 3, {"q", "E"}: 2}
	p := shardplan.New(times, 2)
	g.Expect(p.Shards()).To(Equal([]shardplan.Shard{
		{Tests: []shardplan.Test{{"p", "A"}, {"q", "C"}, {"q", "E"}}, Time: 12},
		{Tests: []shardplan.Test{{"p", "B"}, {"q", "A"}, {"q", "D"}}, Time: 12},
	}))
	for i, s := range p.Shards() {
		for _, test := range s.Tests {
			g.Expect(p.Of(test)).To(Equal(i))
		}
	}
	seen := make(map[int]bool)
	for _, name := range strings.Split("abcdefghij", "") { // of which nothing is known
		seen[p.Of(shardplan.Test{Package: "p", Name: name})] = true
	}
	g.Expect(seen).To(HaveLen(2))
}

func TestTimesAreThoseOfGoTestAndOfGinkgo(t *testing.T) {
	for _, c := range []struct {
		name, text string
		times      shardplan.Times
		runs       map[shardplan.Test]int
		err        string
	}{
		{
			name: "go test -json -count=2, with a line of the go command",
			text: `{"Action":"start","Package":"p"}
go: downloading something
{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A/sub","Elapsed":0.9}
{"Action":"pass","Package":"p","Test":"A","Elapsed":1}
{"Action":"pass","Package":"p","Test":"Parallel/one","Elapsed":2}
{"Action":"pass","Package":"p","Test":"Parallel/others/two","Elapsed":3}
{"Action":"pass","Package":"p","Test":"Parallel/others","Elapsed":3}
{"Action":"pass","Package":"p","Test":"Parallel","Elapsed":0}
{"Action":"pass","Package":"p","Test":"Killed/sub","Elapsed":1}
{"Action":"fail","Package":"p","Test":"A","Elapsed":2}
{"Action":"skip","Package":"q","Test":"B","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":3}`,
			times: shardplan.Times{{"p", "A"}: 1500 * time.Millisecond, {"p", "Parallel"}: 5 * time.Second, {"q", "B"}: 5 * time.Millisecond},
			runs:  map[shardplan.Test]int{{"p", "A"}: 2, {"p", "Parallel"}: 1, {"q", "B"}: 1},
		},
		{
			name: "ginkgo --json-report",
			text: ` [{"SpecReports":[
{"ContainerHierarchyTexts":null,"LeafNodeType":"BeforeSuite","RunTime":5},
{"ContainerHierarchyTexts":["a","b"],"LeafNodeType":"It","LeafNodeText":"c","State":"passed","RunTime":1},
{"ContainerHierarchyTexts":["o","b"],"LeafNodeType":"It","LeafNodeText":"d","State":"failed","IsInOrderedContainer":true,"RunTime":2},
{"ContainerHierarchyTexts":["o","c"],"LeafNodeType":"It","LeafNodeText":"e","State":"passed","IsInOrderedContainer":true,"RunTime":3},
{"ContainerHierarchyTexts":["a"],"LeafNodeType":"It","LeafNodeText":"own","State":"skipped","Failure":{"Message":"no kernel"},"RunTime":1},
{"ContainerHierarchyTexts":["a"],"LeafNodeType":"It","LeafNodeText":"other","State":"skipped","Failure":{"Message":"this spec is in another shard"},"RunTime":1},
{"ContainerHierarchyTexts":["e","b"],"LeafNodeType":"It","LeafNodeText":"first","State":"skipped","IsInOrderedContainer":true,"Failure":{"Message":"this spec is in another shard"}},
{"ContainerHierarchyTexts":["e","b"],"LeafNodeType":"It","LeafNodeText":"second","State":"skipped","IsInOrderedContainer":true,"Failure":{"Message":"Spec skipped because Skip() was called in BeforeEach"}},
{"ContainerHierarchyTexts":["a"],"LeafNodeType":"It","LeafNodeText":"later","State":"pending"}]}]`,
			times: shardplan.Times{{"", "a b c"}: 1, {"", "o"}: 5, {"", "a own"}: 1},
			runs:  map[shardplan.Test]int{{"", "a b c"}: 1, {"", "o b d"}: 1, {"", "o c e"}: 1, {"", "a own"}: 1},
		},
		{name: "nothing", text: "\n \n", err: "it is empty: want the output of 'go test -json', or a report of 'ginkgo --json-report'"},
		{name: "text", text: "ok  p 0.1s\n", err: "it has no event of 'go test -json'"},
		{name: "other JSON", text: "[1]", err: "it is no report of 'ginkgo --json-report': json: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			times, runs, err := shardplan.Read(strings.NewReader(c.text))
			if c.err != "" {
				g.Expect(err).To(MatchError(HavePrefix(c.err)))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(times).To(Equal(c.times))
			g.Expect(runs).To(Equal(c.runs))
		})
	}
}
