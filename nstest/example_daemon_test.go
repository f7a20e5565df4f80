// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"net/http"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A server runs until the test ends. It is ready when Start returns.
func ExampleFixture_Start() {
	_ = func(t *testing.T) {
		g := NewWithT(t)
		server := nstest.New(t, set.NS_NET)
		web := server.Start(server.Command("nginx", "-g", "daemon off;"), nstest.Listening("tcp", ":80"))
		get := func() (*http.Response, error) { return server.HTTPClient().Get("http://127.0.0.1/") }
		g.Expect(get()).To(HaveHTTPStatus(200))

		web.Signal(syscall.SIGKILL) // a crash
		g.Expect(web.Wait()).To(MatchError("signal: killed"))
		g.Expect(get()).Error().To(HaveOccurred())
		web.Restart()
		g.Expect(get()).To(HaveHTTPStatus(200))
	}
}
