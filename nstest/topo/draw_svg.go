// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"strings"
)

// SVG draws the network as it is now, for browsers and pages. What is down or cut off is red and
// dashed. The same network gives the same picture, byte for byte.
func (n *Network) SVG() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.svg()
}

// svg is called with the lock held.
func (n *Network) svg() string {
	s := &picture{network: n, layout: n.layOut()}
	s.measure()
	return s.draw()
}

// Colours: what is calm is grey, what makes the network is blue.
const (
	ink    = "#1f2a37"
	quiet  = "#6b7785"
	line   = "#9fabb8"
	accent = "#2b6199"
	tint   = "#eaf1f8"
	paper  = "#ffffff"
)

const noteRune = 6.1 // the width of a letter, about

// A picture is what is drawn.
type picture struct {
	strings.Builder
	network      *Network
	layout       *layout
	boxWidth     float64
	label, curve float64 // how much room there is for what stands at an end, and between the two
}

// measure finds out how wide things have to be.
func (s *picture) measure() {
	const (
		nameRune, labelRune = 7.8, 5.5 // widths of a letter, about
		least               = 96.0
	)
	s.boxWidth, s.label, s.curve = least, 30, 56
	for _, b := range s.layout.boxes {
		s.boxWidth = max(s.boxWidth, runes(b.name())*nameRune+28, runes(b.kind())*labelRune+28)
	}
	for _, w := range s.layout.edges {
		for _, p := range []*port{w.a, w.b} {
			above, below := p.labels()
			s.label = max(s.label, max(runes(above), runes(below))*labelRune+14)
		}
		for _, note := range w.link.notes() {
			s.curve = max(s.curve, runes(note)*noteRune+24)
		}
	}
}

// labels are what stands above and below an edge where it leaves a box: the interface with its IPv4
// address, and the IPv6 one.
func (p *port) labels() (above, below string) {
	labels := p.end.labels()
	if len(p.box.nodes) > 1 {
		return labels[0], ""
	}
	if len(labels) > 2 {
		return labels[0] + " " + labels[1], strings.Join(labels[2:], " ")
	}
	return strings.Join(labels, " "), ""
}

func (s *picture) x(b *box) float64 {
	return margin + float64(b.column)*(s.boxWidth+2*s.label+s.curve)
}

func (s *picture) draw() string {
	width := 2*margin + s.boxWidth
	for _, b := range s.layout.boxes {
		right := s.x(b) + s.boxWidth + margin
		for _, w := range b.edges {
			if w.a.box.column == w.b.box.column { // it bulges to the right
				right = s.x(b) + s.boxWidth + s.label + s.curve + margin
			}
		}
		width = max(width, right)
	}
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n",
		width, s.layout.height, width, s.layout.height)
	fmt.Fprintf(s, "<title>%d nodes, %d links</title>\n", len(s.network.nodes), len(s.network.links))
	fmt.Fprintf(s, `<rect width="100%%" height="100%%" rx="12" fill="%s"/>`+"\n", paper)
	for _, w := range s.layout.edges {
		s.edge(w)
	}
	for _, b := range s.layout.boxes {
		s.box(b)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

func (s *picture) edge(w *edge) {
	stroke := fmt.Sprintf(`stroke="%s" stroke-width="1.5"`, line)
	if w.link.down {
		stroke = fmt.Sprintf(`stroke="%s" stroke-width="1.5" stroke-dasharray="6 5"`, red)
	}
	a, b := w.a, w.b
	if a.box.column > b.box.column {
		a, b = b, a
	}
	x1 := s.x(a.box) + s.boxWidth
	var middle float64
	if a.box.column == b.box.column {
		x := x1 + s.label
		fmt.Fprintf(s, `<path d="M%.1f %.1fH%.1fC%.1f %.1f %.1f %.1f %.1f %.1fH%.1f" fill="none" %s/>`+"\n",
			x1, a.y, x, x+s.curve, a.y, x+s.curve, b.y, x, b.y, x1, stroke)
		middle = x + s.curve*0.75
		s.end(b, x1, +1)
	} else {
		x2 := s.x(b.box)
		from, to := x1+s.label, x2-s.label
		half := (to - from) / 2
		fmt.Fprintf(s, `<path d="M%.1f %.1fH%.1fC%.1f %.1f %.1f %.1f %.1f %.1fH%.1f" fill="none" %s/>`+"\n",
			x1, a.y, from, from+half, a.y, to-half, b.y, to, b.y, x2, stroke)
		middle = from + half
		s.end(b, x2, -1)
	}
	s.end(a, x1, +1)
	s.notes(w.link, middle, (a.y+b.y)/2)
}

// notes writes what is special about a link over the middle of its edge, a line for each.
func (s *picture) notes(l *Link, x, y float64) {
	const height = 13.0
	colour := quiet
	if l.down {
		colour = red
	}
	notes := l.notes()
	y -= float64(len(notes)) / 2 * height
	for _, note := range notes {
		width := runes(note)*noteRune + 8
		fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x-width/2, y, width, height, paper)
		s.text(x, y+10, "middle", 10, colour, "", note)
		y += height
	}
}

// end writes what stands at an edge's end, to the right of x or to its left.
func (s *picture) end(p *port, x float64, side float64) {
	anchor := "start"
	if side < 0 {
		anchor = "end"
	}
	above, below := p.labels()
	s.text(x+side*7, p.y-5, anchor, 9, ink, "", above)
	if below != "" {
		s.text(x+side*7, p.y+12, anchor, 9, quiet, "", below)
	}
}

func (s *picture) box(b *box) {
	x, kind := s.x(b), b.nodes[0].kind
	fill, border, name, small, dash := paper, line, ink, quiet, ""
	radius := 6.0
	switch kind {
	case isRouter:
		fill, border, name, small, radius = accent, accent, paper, tint, 16
	case isSwitch:
		fill, border, radius = tint, accent, 2
	}
	note := s.network.noteFor(b.nodes[0])
	if note != "" {
		fill, border, name, small, dash = paper, red, ink, quiet, ` stroke-dasharray="6 5"`
	}
	if len(b.nodes) > 1 {
		for _, shift := range []float64{8, 4} {
			fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6" fill="%s" stroke="%s"/>`+"\n", x+shift, b.y+shift, s.boxWidth, b.height, fill, border)
		}
	}
	fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.0f" fill="%s" stroke="%s" stroke-width="1.5"%s/>`+"\n",
		x, b.y, s.boxWidth, b.height, radius, fill, border, dash)
	center := b.y + b.height/2
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="middle" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" font-weight="600" fill="%s">%s</text>`+"\n",
		x+s.boxWidth/2, center-1, name, b.name())
	s.text(x+s.boxWidth/2, center+14, "middle", 10, small, "", b.kind())
	if note != "" {
		s.text(x+s.boxWidth/2, b.y+b.height+14, "middle", 10, red, "", note)
	}
}

func (s *picture) text(x, y float64, anchor string, size int, colour, more, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s" font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="%d" fill="%s"%s>%s</text>`+"\n",
		x, y, anchor, size, colour, more, text)
}
