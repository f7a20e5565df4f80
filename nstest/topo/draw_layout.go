// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// How a network is laid out: nodes are in columns, by how many links they are from the first one,
// so that each link joins neighbouring columns or two nodes of one. In its column a node is about as high
// as its neighbours are. Hosts of one switch or router that are many and all alike are one
// box, a stack.

// A box is a node of the picture, or a stack of hosts.
type box struct {
	nodes       []*node
	column, row int
	y, height   float64
	left, right []*port
	edges       []*edge
	placed      bool
}

// A port is where an edge leaves a box.
type port struct {
	box *box
	end *end
	y   float64
}

// An edge is a link of the picture.
type edge struct {
	link *Link
	a, b *port // a is not right of b
}

// A layout is where everything is.
type layout struct {
	boxes  []*box
	edges  []*edge
	height float64
}

// Distances of the picture.
const (
	margin    = 24.0
	pitch     = 36.0 // between the edges at a box
	boxHeight = 52.0 // at least
	boxGap    = 26.0
	manyHosts = 8 // make a stack
)

func (n *Network) layOut() *layout {
	out := new(layout)
	of := out.makeBoxes(n)
	stacked := make(map[*box]bool)
	for _, l := range n.links {
		a, b := of[l.ends[0].node], of[l.ends[1].node]
		if leaf := a; len(a.nodes) > 1 || len(b.nodes) > 1 {
			if len(b.nodes) > 1 {
				leaf = b
			}
			if stacked[leaf] {
				continue
			}
			stacked[leaf] = true
		}
		w := &edge{link: l, a: &port{box: a, end: l.ends[0]}, b: &port{box: b, end: l.ends[1]}}
		out.edges = append(out.edges, w)
		a.edges, b.edges = append(a.edges, w), append(b.edges, w)
	}
	top := margin
	for _, b := range out.boxes {
		if !b.placed {
			top = out.placeComponent(b, top) + 2*boxGap
		}
	}
	out.height = max(top-2*boxGap, 0) + margin
	return out
}

// makeBoxes makes the boxes, and returns that of each node.
func (out *layout) makeBoxes(n *Network) map[*node]*box {
	leaves := make(map[place][]*node)
	for _, node := range n.nodes {
		if n.plain(node) {
			leaves[node.place()] = append(leaves[node.place()], node)
		}
	}
	of := make(map[*node]*box)
	for i, node := range n.nodes {
		if of[node] != nil {
			continue
		}
		b := &box{nodes: n.nodes[i : i+1]}
		if n.plain(node) {
			if alike := leaves[node.place()]; len(alike) > manyHosts {
				b.nodes = alike
			}
		}
		for _, member := range b.nodes {
			of[member] = b
		}
		out.boxes = append(out.boxes, b)
	}
	return of
}

// A place is where a host with one link is, and what the link is like: hosts of the same place are alike.
type place struct {
	at     *node
	region *Region
	notes  string
}

func (n *node) place() place {
	e := n.ends[0]
	return place{e.far.node, n.region, strings.Join(e.link.notes(), ", ")}
}

// plain reports whether there is nothing to say of a host.
func (n *Network) plain(node *node) bool {
	return node.kind == isHost && len(node.ends) == 1 && !node.ends[0].link.down && n.noteFor(node) == "" &&
		node.ends[0].far.node.kind != isHost
}

func (w *edge) other(b *box) *box {
	if w.a.box == b {
		return w.b.box
	}
	return w.a.box
}

// placeComponent places all that hangs together with a box, from top on, and returns where it ends.
func (out *layout) placeComponent(first *box, top float64) float64 {
	columns := columnsFrom(first)
	for range 3 { // sweeps: there, and back
		for c := 1; c < len(columns); c++ {
			arrange(columns[c], -1)
		}
		for c := len(columns) - 2; c >= 0; c-- {
			arrange(columns[c], +1)
		}
	}
	tallest := 0.0
	for _, column := range columns {
		for _, b := range column {
			b.connect()
		}
		tallest = max(tallest, heightOf(column))
	}
	for _, column := range columns {
		y := top + (tallest-heightOf(column))/2
		for _, b := range column {
			b.y = y
			y += b.height + boxGap
		}
	}
	for _, b := range slices.Concat(columns...) {
		b.spread()
	}
	return top + tallest
}

// columnsFrom sorts the boxes into columns by how many edges they are from the first one.
func columnsFrom(first *box) [][]*box {
	columns := [][]*box{{first}}
	first.placed = true
	for c := 0; c < len(columns); c++ {
		var next []*box
		for _, b := range columns[c] {
			next = append(next, b.placeNeighbours(c+1)...)
		}
		if len(next) > 0 {
			columns = append(columns, next)
		}
	}
	return columns
}

// placeNeighbours places the neighbours of a box that have no column yet, and returns them.
func (b *box) placeNeighbours(column int) (placed []*box) {
	for _, w := range b.edges {
		if o := w.other(b); !o.placed {
			o.placed, o.column = true, column
			placed = append(placed, o)
		}
	}
	return placed
}

func heightOf(column []*box) float64 {
	height := -boxGap
	for _, b := range column {
		height += b.height + boxGap
	}
	return height
}

// arrange sorts a column by where the neighbours of its boxes in another column are.
func arrange(column []*box, side int) {
	weight := make(map[*box]float64)
	for i, b := range column {
		sum, count := 0.0, 0.0
		for _, w := range b.edges {
			if o := w.other(b); o.column == b.column+side {
				sum, count = sum+float64(o.row), count+1
			}
		}
		weight[b] = float64(i)
		if count > 0 {
			weight[b] = sum / count
		}
	}
	slices.SortStableFunc(column, func(a, b *box) int {
		switch {
		case weight[a] < weight[b]:
			return -1
		case weight[a] > weight[b]:
			return 1
		}
		return 0
	})
	for i, b := range column {
		b.row = i
	}
}

// connect gives the box its ports, and room for them.
func (b *box) connect() {
	for _, w := range b.edges {
		p := w.a
		if w.b.box == b {
			p = w.b
		}
		if w.other(b).column < b.column {
			b.left = append(b.left, p)
		} else {
			b.right = append(b.right, p)
		}
	}
	b.height = max(boxHeight, float64(max(len(b.left), len(b.right)))*pitch+boxHeight-pitch)
}

// spread has the ports in the order of what they lead to.
func (b *box) spread() {
	for _, side := range [][]*port{b.left, b.right} {
		far := func(p *port) float64 {
			for _, w := range b.edges {
				if w.a == p || w.b == p {
					return w.other(b).y + w.other(b).height/2
				}
			}
			return 0
		}
		slices.SortStableFunc(side, func(p, q *port) int {
			switch {
			case far(p) < far(q):
				return -1
			case far(p) > far(q):
				return 1
			}
			return 0
		})
		y := b.y + b.height/2 - float64(len(side)-1)*pitch/2
		for _, p := range side {
			p.y = y
			y += pitch
		}
	}
}

// name is what the box is called.
func (b *box) name() string {
	if len(b.nodes) == 1 {
		return b.nodes[0].name
	}
	return b.nodes[0].name + " … " + b.nodes[len(b.nodes)-1].name
}

// kind is what stands below the name.
func (b *box) kind() string {
	if len(b.nodes) == 1 {
		return b.nodes[0].what()
	}
	return strings.Join(append([]string{fmt.Sprintf("%d hosts", len(b.nodes))}, b.nodes[0].notes()...), ", ")
}

func runes(s string) float64 { return float64(utf8.RuneCountInString(s)) }
