// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

func TestKeys(t *testing.T) {
	page := open(t, tracetest.Prepared(t)["failover"], desk)
	now := func() string { return page.text("#now") }
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("at first", now(), "2.310 s")
	page.key(kb.ArrowLeft)
	expect("one event back", now(), "2.150 s")
	page.key(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
	page.key(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
	page.key(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
	page.key(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
	expect("notable ones", now(), "1.512 s")
	expect("what is said of it", page.text("#at"), "faults · wan: wan.Down() · router_test.go:40")
	expect("the slider", eval[string](page, `document.querySelector('[role=slider]').getAttribute('aria-valuetext')`), "1.512 s, faults · wan: wan.Down() · router_test.go:40")
	page.press("t")
	page.key(kb.Enter)
	page.key(kb.ArrowRight)
	page.key(kb.ArrowRight)
	page.click("#node-body-since-the-pin")
	if text := page.text("#node-body"); !strings.Contains(text, "DOWN, mtu 1500") {
		t.Errorf("since the pin: %s", text)
	}
	page.key(kb.Escape)
	if n := eval[int](page, `document.querySelectorAll('#node-body-since-the-pin').length`); n != 0 {
		t.Error("Escape has left the pin")
	}
	page.press("f")
	expect("at the failure", now(), "2.310 s")

	page.press("/")
	page.key("eth1 down")
	if text := page.text("#results"); !strings.Contains(text, "bird: eth1 down") {
		t.Errorf("found: %s", text)
	}
	page.key(kb.ArrowDown)
	page.key(kb.ArrowUp)
	page.key(kb.Enter)
	if eval[bool](page, `document.getElementById('search').open`) {
		t.Error("Enter has not closed the search")
	}
	page.press("?")
	if text := page.text("#help"); !strings.Contains(text, "tcp.syn") {
		t.Errorf("help: %s", text)
	}
	page.key(kb.Escape)
	page.press("p")
	page.key("arp")
	page.key(kb.Enter)
	page.key(kb.Home)
	expect("the first packet of the filter", now(), "1.600 s")
	page.key(kb.ArrowDown)
	if text := page.text("#packet"); !strings.Contains(text, "ARP who has 10.0.3.9") || !strings.Contains(text, "1.660200 s") {
		t.Errorf("the second packet: %s", text)
	}
}

// TestTabReachesEverything goes through the page by the Tab key alone.
func TestTabReachesEverything(t *testing.T) {
	page := open(t, tracetest.Prepared(t)["failover"], desk)
	reached := map[string]bool{}
	for range 80 {
		page.key(kb.Tab)
		where := eval[string](page, `(() => { const e = document.activeElement; return e.id || e.dataset.key || e.getAttribute('role') || e.className || e.tagName })()`)
		reached[where] = true
		if where == "BODY" {
			break
		}
	}
	for _, where := range []string{"back", "find", "theme", "keys", "finding bad", "node west", "link wan", "node-choice", "node-body", "node-body-state",
		"slider", "filter", "packet-list", "log-list", "log-body-log", "copy-log"} {
		if !reached[where] {
			t.Errorf("%s is not reached; these are: %v", where, reached)
		}
	}
}

func TestDragSelectsARange(t *testing.T) {
	page := open(t, tracetest.Prepared(t)["failover"], desk)
	box := eval[[]float64](page, `(() => { const b = document.querySelector('.lanes').getBoundingClientRect(); return [b.left, b.right, b.top + 60] })()`)
	x := (box[0] + box[1]) / 2
	page.do(chromedp.DragAndDropXY(x, box[2], x+300, box[2]))
	all, some := 110, eval[int](page, `Number(document.getElementById('packet-list').querySelector('[aria-setsize]').getAttribute('aria-setsize'))`)
	if some == 0 || some >= all {
		t.Errorf("%d packets in the range", some)
	}
	page.press("z")
	page.do(chromedp.MouseClickXY(x, box[2]))
	page.key(kb.Escape)
	if text := page.text("#packet-count"); text != "110 packets" {
		t.Errorf("after Escape there are %s", text)
	}
}

func TestFilter(t *testing.T) {
	trace := tracetest.Prepared(t)["failover"]
	page := open(t, trace, desk)
	for filter, want := range map[string]int{
		"":                     110,
		"arp":                  6,
		"tcp.syn -ack":         13,
		"again":                2,
		"bad":                  1,
		"host east":            6,
		"host 10.0.3.9":        6,
		"link spare":           6,
		"port 41020":           4,
		"after 1.5 before 1.7": 3,
		`"host unreachable"`:   1,
		"nothing like this":    0,
		"constructor":          0,
	} {
		got := eval[string](page, fmt.Sprintf(`(() => { const f = document.getElementById('filter'); f.value = %q; f.dispatchEvent(new Event('input')); return document.getElementById('packet-count').textContent })()`, filter))
		if prefix := fmt.Sprintf("%d ", want); !strings.HasPrefix(got, prefix) {
			t.Errorf("%q lets %s through, want %d", filter, got, want)
		}
	}
}

func TestClicks(t *testing.T) {
	page := open(t, tracetest.Prepared(t)["failover"], desk)
	page.click(`[data-key="node client"]`)
	if text := page.text("#node-title"); text != "client" {
		t.Errorf("the node is %s", text)
	}
	page.click("#node-body-changes")
	page.click(`[data-key="link home"]`)
	page.click("#log-body-events")
	page.click("#event-list [data-row='0']")
	if text := page.text("#now"); text != "0.120 s" {
		t.Errorf("the first event is at %s", text)
	}
	page.click(".finding")
	if text := page.text("#node-title"); text != "west" {
		t.Errorf("the finding leads to %s", text)
	}
	var themes []string
	for range 3 {
		page.click("#theme")
		themes = append(themes, eval[string](page, "document.documentElement.dataset.theme + ' ' + getComputedStyle(document.body).backgroundColor"))
	}
	if want := []string{"light rgb(247, 247, 245)", "dark rgb(18, 20, 22)", "as the system rgb(247, 247, 245)"}; !slices.Equal(themes, want) {
		t.Errorf("the colours: %q, want %q", themes, want)
	}
}
