// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/trace"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// With NSTEST_PCAP=failed, the capture of this test shows what is encrypted.
func ExampleKeyLog() {
	_ = func(t *testing.T) {
		client := nstest.New(t, set.NS_NET)
		transport := &http.Transport{
			DialContext:     client.DialContext,
			TLSClientConfig: &tls.Config{KeyLogWriter: trace.KeyLog(t)},
		}
		response, err := (&http.Client{Transport: transport}).Get("https://192.0.2.2/")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
}
