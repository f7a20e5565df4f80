// SPDX-License-Identifier: Apache-2.0

package tracepage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

func page(tb testing.TB, trace *tracedata.Trace) string {
	tb.Helper()
	var b bytes.Buffer
	if err := tracepage.Write(&b, trace); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// element returns what is between the tags of the only element that begins so.
func element(t *testing.T, page, begin, end string) string {
	t.Helper()
	parts := strings.Split(page, begin)
	if len(parts) != 2 {
		t.Fatalf("%q is %d times on the page", begin, len(parts)-1)
	}
	text, _, ok := strings.Cut(parts[1], end)
	if !ok {
		t.Fatalf("%q is not closed", begin)
	}
	return text
}

// TestThePageHasTheWholeTrace shows that others can read the data out of the page.
func TestThePageHasTheWholeTrace(t *testing.T) {
	for name, trace := range tracetest.Prepared(t) {
		data := element(t, page(t, trace), `<script type="application/json" id="trace">`, "</script>")
		var read tracedata.Trace
		if err := json.Unmarshal([]byte(data), &read); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(&read, trace) {
			t.Errorf("%s: another trace came back", name)
		}
	}
}

// TestNoTextOfATraceIsMarkup has markup in every text that a trace can have.
func TestNoTextOfATraceIsMarkup(t *testing.T) {
	text := page(t, tracetest.Hostile())
	if data := element(t, text, `<script type="application/json" id="trace">`, "</script>"); strings.ContainsAny(data, "<>&") {
		t.Error("the data has characters of HTML in it")
	}
	plain := page(t, &tracedata.Trace{})
	for _, mark := range []string{"<script", "</script", "<style", "</style", "<img", "<title", "<iframe"} {
		if got, want := strings.Count(text, mark), strings.Count(plain, mark); got != want {
			t.Errorf("%s is %d times on the page, and %d times on an empty one", mark, got, want)
		}
	}
}

// TestThePolicyAllowsThisPageAndNothingElse compares the hashes with what is on the page.
func TestThePolicyAllowsThisPageAndNothingElse(t *testing.T) {
	text := page(t, tracetest.Hostile())
	policy := element(t, text, `<meta http-equiv="Content-Security-Policy" content="`, `"`)
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash(element(t, text, "<style>", "</style>")) +
		"; script-src " + hash(element(t, text, "<script>", "</script>")) + "; img-src data:; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is\n%s, want\n%s", policy, want)
	}
	frame, err := os.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)\s(style|on[a-z]+)=`).Find(frame); found != nil {
		t.Errorf("page.html has%s, which its policy forbids", found)
	}
}

// TestNothingMakesMarkupOfText looks for what makes markup or code of a string, and for addresses.
func TestNothingMakesMarkupOfText(t *testing.T) {
	names, err := filepath.Glob("js/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("the scripts: %q, %v", names, err)
	}
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment|fetch\(|XMLHttpRequest|import\(|url\(`)
	for _, name := range names {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(script), "\n") {
			if found := forbidden.FindString(line); found != "" {
				t.Errorf("%s:%d: %s", name, i+1, found)
			}
		}
		if n := bytes.Count(script, []byte("\n")); n > 250 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}

func TestWriteSaysWhatWentWrong(t *testing.T) {
	if err := tracepage.Write(new(bytes.Buffer), nil); err == nil || !strings.Contains(err.Error(), "no trace") {
		t.Errorf("a page of nothing: %v", err)
	}
	trace := tracetest.Large(100)
	trace.Test.Name = "TestX"
	if err := tracepage.Write(full{}, trace); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "TestX") {
		t.Errorf("to a full disk: %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func BenchmarkWrite(b *testing.B) {
	trace := tracetest.Large(25_000)
	b.ReportMetric(float64(len(page(b, trace)))/1e6, "MB")
	for b.Loop() {
		page(b, trace)
	}
}
