// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Dot draws the network as it is now for Graphviz, dot(1). What is down or cut off is red and
// dashed.
func (n *Network) Dot() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	b.WriteString("graph network {\n  rankdir=LR\n  node [fontname=\"sans-serif\"]\n  edge [fontname=\"monospace\", fontsize=9]\n")
	shapes := map[nodeKind]string{isHost: "box", isRouter: "ellipse", isSwitch: "hexagon"}
	for _, node := range n.nodes {
		attributes := ""
		if len(node.notes()) > 0 {
			attributes = fmt.Sprintf(", label=%q", node.name+"\n"+node.what())
		}
		if note := n.noteFor(node); note != "" {
			attributes += `, xlabel="` + note + `", color="` + red + `", style=dashed`
		}
		fmt.Fprintf(&b, "  %q [shape=%s%s]\n", node.name, shapes[node.kind], attributes)
	}
	for _, l := range n.links {
		attributes := ""
		if notes := l.notes(); len(notes) > 0 {
			attributes = fmt.Sprintf(", label=%q", strings.Join(notes, ", "))
		}
		if l.down {
			attributes += `, color="` + red + `", style=dashed`
		}
		fmt.Fprintf(&b, "  %q -- %q [taillabel=%q, headlabel=%q%s]\n", l.ends[0].node.name, l.ends[1].node.name,
			strings.Join(l.ends[0].labels(), "\n"), strings.Join(l.ends[1].labels(), "\n"), attributes)
	}
	b.WriteString("}\n")
	return b.String()
}

// Mermaid draws the network as it is now for Mermaid, which Markdown of GitHub and GitLab shows. What
// is down or cut off is red and dashed.
func (n *Network) Mermaid() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	b.WriteString("graph LR\n")
	shapes := map[nodeKind][2]string{isHost: {"[", "]"}, isRouter: {"([", "])"}, isSwitch: {"{{", "}}"}}
	id := make(map[*node]int) // names such as "end" mean something else there
	for i, node := range n.nodes {
		id[node] = i
		text, class := node.name, ""
		if len(node.notes()) > 0 {
			text += "<br>" + node.what()
		}
		if note := n.noteFor(node); note != "" {
			text, class = text+"<br>"+note, ":::wrong"
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s%s\n", i, shapes[node.kind][0], text, shapes[node.kind][1], class)
	}
	var down []string
	for i, l := range n.links {
		near := strings.Join(l.ends[0].labels(), " ")
		far := strings.Join(l.ends[1].labels(), " ")
		text := strings.Join(append([]string{near, far}, l.notes()...), "<br>")
		fmt.Fprintf(&b, "  n%d ---|\"%s\"| n%d\n", id[l.ends[0].node], text, id[l.ends[1].node])
		if l.down {
			down = append(down, fmt.Sprint(i))
		}
	}
	style := "stroke:" + red + ",stroke-dasharray:5"
	if len(down) > 0 {
		fmt.Fprintf(&b, "  linkStyle %s %s\n", strings.Join(down, ","), style)
	}
	fmt.Fprintf(&b, "  classDef wrong %s\n", style)
	return b.String()
}

// red is for what is down or cut off, and for nothing else.
const red = "#c62f2f"

// labels are what stands at a link's end: the interface, and the first addresses.
func (e *end) labels() []string {
	labels := []string{e.name}
	if e.outside() {
		labels[0] += " outside"
	}
	if e.table.name != "" {
		labels[0] += " vrf " + e.table.name
	}
	for _, family := range []func(netip.Addr) bool{netip.Addr.Is4, netip.Addr.Is6} {
		for _, p := range e.addresses {
			if family(p.Addr()) {
				labels = append(labels, p.Addr().String())
				break
			}
		}
	}
	if more := len(e.addresses) - len(labels) + 1; more > 0 {
		labels = append(labels, fmt.Sprintf("+%d", more))
	}
	return labels
}

// notes are what is special about a link.
func (l *Link) notes() (notes []string) {
	if l.parallel > 0 {
		notes = append(notes, l.ordinal())
	}
	if l.config.cost > 0 {
		notes = append(notes, fmt.Sprintf("cost %d", l.config.cost))
	}
	if l.config.mtu > 0 {
		notes = append(notes, fmt.Sprintf("mtu %d", l.config.mtu))
	}
	notes = append(notes, l.impairmentNotes()...)
	if l.down {
		notes = append(notes, "down")
	}
	return notes
}

// noteFor says from whom a node is cut off. It is called with the lock held.
func (n *Network) noteFor(node *node) string {
	if slices.Contains(n.division.isolated, node) {
		return "isolated"
	}
	for i, group := range n.division.groups {
		if slices.Contains(group, node) {
			return fmt.Sprintf("group %d of %d", i+1, len(n.division.groups))
		}
	}
	return ""
}
