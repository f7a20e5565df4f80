// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage"
)

// browser is the one of all tests. Each test has a tab of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which chromium wants of root
	}
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	return ctx, chromedp.Do(ctx)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if ctx, err := browser(); err == nil {
		if err := chromedp.Cancel(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "the browser does not end:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// program is Debian's chromium, or what other machines have.
func program() string {
	if path, err := exec.LookPath("google-chrome"); err == nil {
		return path
	}
	return "chromium"
}

// A tab shows a page.
type tab struct {
	testing.TB
	ctx  context.Context
	file string

	mu         sync.Mutex
	complaints []string // of the console, and requests
}

// A look is how a page is looked at.
type look struct {
	width, height int64
	scheme        string // light or dark
}

var desk = look{1600, 1000, "light"}

// open opens the page of a trace. When the test ends, it fails if the console has had a message, or if anything but the
// page was asked for.
func open(tb testing.TB, trace *tracedata.Trace, l look) *tab {
	tb.Helper()
	need.Tool(tb, program(), "chromium")
	parent, err := browser()
	if err != nil {
		tb.Fatalf("starting chromium: %v", err)
	}
	ctx, cancel := chromedp.NewContext(parent)
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	t := &tab{TB: tb, ctx: ctx, file: filepath.Join(tb.TempDir(), "trace.html")}
	tb.Cleanup(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, complaint := range t.complaints {
			tb.Error(complaint)
		}
		stop()
		cancel()
	})
	t.write(trace)
	if err := chromedp.Listen(ctx, t.note); err != nil {
		tb.Fatalf("listening to the browser: %v", err)
	}
	call(t, network.Enable, network.EnableParams{})
	t.look(l)
	t.load()
	return t
}

func (t *tab) load() {
	t.Helper()
	t.do(chromedp.Navigate("file://" + t.file))
	if !eval[bool](t, `document.documentElement.dataset.ready === 'true'`) {
		t.Fatal("the script of the page has not run to its end")
	}
}

func (t *tab) look(l look) {
	t.Helper()
	call(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
	})
	t.do(chromedp.EmulateViewport(l.width, l.height))
}

func (t *tab) write(trace *tracedata.Trace) {
	t.Helper()
	f, err := os.Create(t.file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := tracepage.Write(f, trace); err != nil {
		t.Fatal(err)
	}
}

// note is called for each event of the browser.
func (t *tab) note(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = fmt.Sprintf("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console: %v", e.Args)
	case *log.EventEntryAdded:
		complaint = "browser: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; url != "file://"+t.file && !strings.HasPrefix(url, "data:") {
			complaint = "request of " + url
		}
	default:
		return
	}
	if complaint != "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.complaints = append(t.complaints, complaint)
	}
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(t.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func (t *tab) key(keys string, options ...chromedp.KeyOption) {
	t.Helper()
	t.do(chromedp.KeyEvent(keys, options...))
}

// click clicks with the mouse into the middle of an element, wherever it is now: a part of the page is drawn anew by what is done to another one.
func (t *tab) click(selector string) {
	t.Helper()
	at := eval[[]float64](t, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({ block: 'center' });
		const b = e.getBoundingClientRect();
		return [b.left + b.width / 2, b.top + b.height / 2] })()`, selector))
	t.do(chromedp.MouseClickXY(at[0], at[1]))
}

// press presses a key that is a shortcut: the browser types nothing, as it does not when a script has taken the key.
func (t *tab) press(key string) {
	t.Helper()
	call(t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "rawKeyDown", Key: key})
	call(t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyUp", Key: key})
}

// text returns what is read in an element.
func (t *tab) text(selector string) string {
	t.Helper()
	return eval[string](t, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

func eval[T any](t *tab, script string) T {
	t.Helper()
	value, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

// call calls a command of the browser's protocol.
func call[P, R any](t *tab, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(t.ctx, command, params)
	if err != nil {
		t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}
