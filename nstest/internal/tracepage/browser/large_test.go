// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

// TestManyPackets has a list of 100,000 rows, of which only those that are seen exist.
func TestManyPackets(t *testing.T) {
	page := open(t, tracetest.Large(100_000), desk)
	page.press("p")
	page.key(kb.Enter)
	page.key(kb.End)
	if text := page.text("#packet-list"); !strings.Contains(text, "9.999900") {
		t.Errorf("the end of the list is:\n%s", text)
	}
	if n := eval[int](page, "document.querySelectorAll('.row').length"); n > 100 {
		t.Errorf("%d rows exist", n)
	}
	page.press("p")
	page.key("lost")
	if text := page.text("#packet-count"); text != "1,031 of 100,000 packets, 1,031 lost" {
		t.Errorf("lost are %s", text)
	}
}

// BenchmarkOpen opens a page of 10 MB: from the navigation until its script has run and the page is drawn.
func BenchmarkOpen(b *testing.B) {
	page := open(b, tracetest.Large(25_000), desk)
	info, err := os.Stat(page.file)
	if err != nil {
		b.Fatal(err)
	}
	var inPage float64
	for b.Loop() {
		page.do(chromedp.Navigate("file://" + page.file))
		inPage += eval[float64](page, "performance.getEntriesByType('navigation')[0].domComplete")
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
	b.ReportMetric(inPage/float64(b.N), "ms-to-complete")
}
