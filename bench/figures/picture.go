// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"html"
)

// The measures of the picture, in pixels.
const (
	pictureWidth = 760
	labelWidth   = 70
	barsWidth    = 520
	barHeight    = 14
	barGap       = 3
	titleHeight  = 22
	groupGap     = 14
	margin       = 10
)

const style = `<style>
text { font: 12px sans-serif; fill: #1f2328; }
.title { font-weight: bold; }
.gonso { fill: #1a7f64; }
.floor { fill: #8c959f; }
.peer { fill: #bf6a02; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.gonso { fill: #2ea98a; }
.floor { fill: #6e7681; }
.peer { fill: #db8a30; }
}
</style>
`

// picture is results.svg: bars of the works that somebody else did too. In each group the
// longest bar has the full width; the groups have nothing to do with each other.
func picture(lines []line) []byte {
	var bars bytes.Buffer
	y := margin
	for _, l := range lines {
		if len(l.others) == 0 {
			continue
		}
		y = l.draw(&bars, y)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="How long each takes; shorter is better">`+"\n",
		pictureWidth, y-groupGap+margin)
	out.WriteString("<!-- Written by .ci/run figures. -->\n" + style)
	out.Write(bars.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// draw draws a group of bars from y on and returns where the next one begins.
func (l *line) draw(out *bytes.Buffer, y int) int {
	longest := l.ours.median
	for _, o := range l.others {
		longest = max(longest, o.figure.median)
	}
	fmt.Fprintf(out, `<text class="title" x="%d" y="%d">%s</text>`+"\n", margin, y+barHeight-2, html.EscapeString(l.what))
	y += titleHeight
	bar := func(class, who string, value float64) {
		width := max(1, value/longest*barsWidth)
		middle := y + barHeight - 3
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end">%s</text>`, margin+labelWidth-6, middle, html.EscapeString(who))
		fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`, class, margin+labelWidth, y, width, barHeight)
		fmt.Fprintf(out, `<text x="%.1f" y="%d">%s</text>`+"\n", margin+labelWidth+width+6, middle, figure(value, l.unit))
		y += barHeight + barGap
	}
	bar("gonso", ours, l.ours.median)
	for _, o := range l.others {
		if o.peer {
			bar("peer", o.who, o.figure.median)
		} else {
			bar("floor", "floor", o.figure.median)
		}
	}
	return y + groupGap
}
