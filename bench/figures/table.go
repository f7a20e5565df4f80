// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A machine is what tells how fast one is: with it, figures of two compare.
type machine struct{ call, start spread }

func machineOf(r *runs) (m machine, err error) {
	for name, s := range map[string]*spread{"SystemCall": &m.call, "Program": &m.start} {
		values, err := r.of(key{name, "sec/op"})
		if err != nil {
			return m, err
		}
		*s = spreadOf(values)
	}
	return m, nil
}

// in says how many system calls a time is, or how many starts of a program.
func (m machine) in(v float64, unit string) string {
	switch {
	case !strings.HasSuffix(unit, "sec/op"):
		return ""
	case v < m.start.median/2:
		return ratio(v/m.call.median) + " calls"
	}
	return ratio(v/m.start.median) + " starts"
}

// table is RESULTS.md.
func table(r *runs, m machine, lines []line) []byte {
	var out bytes.Buffer
	fact := func(name string) string { return strings.Join(r.facts[name], ", ") }
	busy := r.facts["busy-cpus"]
	fmt.Fprint(&out, "<!-- Written by .ci/run figures, see README.md. -->\n# Results\n\n")
	fmt.Fprintf(&out, "%s, %s, %s, %s CPUs, Go %s; medians of %d runs. Before each run, others kept %s of the CPUs busy.\n\n",
		fact("date"), fact("kernel"), fact("cpu"), fact("cpus"), fact("go"), r.count(), strings.Join(slices.Compact([]string{slices.Min(busy), slices.Max(busy)}), " to "))
	fmt.Fprintf(&out, "Here a system call takes %s (getppid), and the start of a program %s (/bin/true, with its end): the column \"that is\" is in these. "+
		"In parentheses stand the lowest and the highest of these runs.\n\n", figure(m.call.median, "sec/op"), figure(m.start.median, "sec/op"))
	out.WriteString(verdict(lines))
	fmt.Fprint(&out, "| work | gonso | that is | floor | gonso : floor | peer | peer : gonso | target | met |\n"+
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n")
	for _, l := range lines {
		cells := []string{l.what, figure(l.ours.median, l.unit), m.in(l.ours.median, l.unit), l.figures(false), l.ratios(false), l.figures(true), l.ratios(true), l.targetTexts(), l.verdicts()}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
	}
	return out.Bytes()
}

// verdict says how many targets are met, and which are missed.
func verdict(lines []line) string {
	var met int
	var missed []string
	var before string // the last work that has a name of its own
	for _, l := range lines {
		name := l.what
		if strings.HasPrefix(name, "the same") {
			name = before + "; " + name
		} else {
			before, _, _ = strings.Cut(name, ";")
		}
		for _, g := range l.goals {
			if g.met {
				met++
				continue
			}
			missed = append(missed, fmt.Sprintf("- %s: %s, and it is %s\n", name, g.text, g.is))
		}
	}
	if missed == nil {
		return fmt.Sprintf("All %d targets are met.\n\n", met)
	}
	return fmt.Sprintf("%d targets are met, %d are missed:\n\n%s\n", met, len(missed), strings.Join(missed, ""))
}

// each joins what f makes of the peers or of the floor.
func (l *line) each(peers bool, f func(other) string) string {
	var texts []string
	for _, o := range l.others {
		if o.peer == peers {
			texts = append(texts, f(o))
		}
	}
	return strings.Join(texts, "<br>")
}

func (l *line) figures(peers bool) string {
	return l.each(peers, func(o other) string {
		if peers {
			return o.who + " " + figure(o.figure.median, l.unit)
		}
		return figure(o.figure.median, l.unit)
	})
}

func (l *line) ratios(peers bool) string {
	return l.each(peers, func(o other) string {
		return fmt.Sprintf("%s (%s&ndash;%s)", ratio(o.ratio.median), ratio(o.ratio.low), ratio(o.ratio.high))
	})
}

func (l *line) targetTexts() string {
	return joinGoals(l.goals, func(g goal) string { return g.text })
}

func (l *line) verdicts() string {
	return joinGoals(l.goals, func(g goal) string { return map[bool]string{true: "yes", false: "**no**"}[g.met] })
}

func joinGoals(goals []goal, f func(goal) string) string {
	var texts []string
	for _, g := range goals {
		texts = append(texts, f(g))
	}
	return strings.Join(texts, "<br>")
}

// ratio writes three digits or so.
func ratio(r float64) string {
	if r < 10 {
		return strconv.FormatFloat(r, 'f', 2, 64)
	}
	return strconv.FormatFloat(r, 'f', 0, 64)
}

// figure writes a value with its unit.
func figure(v float64, unit string) string {
	if !strings.HasSuffix(unit, "sec/op") {
		name, _, _ := strings.Cut(unit, "/")
		if name == "binary-B" {
			v, name = v/1e6, "binary-MB"
		}
		name = map[string]string{"heap-B": " B", "binary-MB": " MB"}[name]
		return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64) + name
	}
	for _, scale := range []struct {
		unit string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}} {
		if v >= scale.size {
			return three(v/scale.size) + " " + scale.unit
		}
	}
	return three(v/1e-9) + " ns"
}

// three writes three digits, or more if there are more before the point.
func three(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}
