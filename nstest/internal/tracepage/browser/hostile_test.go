// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

// TestNothingOfATraceIsExecuted clicks and types its way through a page whose every text attacks it.
func TestNothingOfATraceIsExecuted(t *testing.T) {
	page := open(t, tracetest.Hostile(), desk)
	eval[bool](page, `(() => {
		for (const e of document.querySelectorAll('main button, [role=tab], [role=option], .node, .link, summary')) e.dispatchEvent(new MouseEvent('click', { bubbles: true }));
		return true })()`)
	page.press("/")
	page.key("red")
	page.key(kb.Escape)
	for _, key := range []string{"f", "ArrowLeft", "ArrowRight", "z", "Escape"} {
		page.press(key)
	}
	if eval[bool](page, "window.hit !== undefined") {
		t.Error("a script of the trace has run")
	}
	if tags := eval[[]string](page, `[...document.querySelectorAll('img, iframe, object, embed, script:not(#trace), svg [onload], [onerror]')].map((e) => e.tagName)`); len(tags) != 1 {
		t.Errorf("elements of these kinds: %q, want the page's own script only", tags)
	}
	// Whatever is shown, in text or attributes, has no control character and none that turns the direction.
	shown := eval[string](page, `[document.body.innerText, ...[...document.querySelectorAll('main *, dialog *')].flatMap((e) => [...e.attributes].map((a) => a.value))].join(' ').match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u)?.[0] ?? ''`)
	if shown != "" {
		t.Errorf("%q is shown", shown)
	}
}

// TestOddTraces opens what is hardly a trace.
func TestOddTraces(t *testing.T) {
	for name, trace := range map[string]*tracedata.Trace{
		"empty":      {Version: tracedata.Version},
		"other":      {Version: 99},
		"unfinished": {Version: tracedata.Version, Test: tracedata.Test{Name: "TestX", Verdict: tracedata.Unfinished}, Log: []tracedata.Line{{Text: "one"}}},
		"unknown names": {
			Version: tracedata.Version,
			Nodes:   []tracedata.Node{{ID: "a", Name: "a", Role: tracedata.Host}},
			Links:   []tracedata.Link{{ID: "l", A: tracedata.End{Node: "a", Interface: "eth0"}}, {ID: "m", A: tracedata.End{Node: "zz"}, B: tracedata.End{Node: "a"}}},
			Events:  []tracedata.Event{{Node: "yy", Link: "xx", Text: "what", Change: &tracedata.Change{Section: "other", Key: "k", Text: "t"}}},
			Packets: []tracedata.Packet{{Link: "ww", Summary: "?"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			page := open(t, trace, desk)
			if text := page.text("main"); text == "" {
				t.Error("the page is empty")
			}
		})
	}
}
