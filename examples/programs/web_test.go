// SPDX-License-Identifier: Apache-2.0

package programs_test

import (
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// nginxConf has nginx stay one process in the foreground, and write below a folder of the test.
const nginxConf = `
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr notice;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path       %[1]s/proxy;
	fastcgi_temp_path     %[1]s/fastcgi;
	uwsgi_temp_path       %[1]s/uwsgi;
	scgi_temp_path        %[1]s/scgi;
	server {
		listen 80;
		listen [::]:80;
		location / { return 200 "hello $remote_addr\n"; }
	}
}
`

func TestNginxThreeHopsAway(t *testing.T) {
	t.Parallel()
	need.Tool(t, "nginx", "nginx-light")
	need.Tool(t, "curl", "curl")
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	near, far := n.Router("near"), n.Router("far")
	n.Link(client, near)
	wan := n.Link(near, far)
	n.Link(far, server)
	n.Up()
	server.Start(server.Command("nginx", "-e", "stderr", "-c", write(t, "nginx.conf", nginxConf)), nstest.Listening("tcp", ":80"))

	get := func(options ...string) (string, int) {
		curl := client.Command("curl", append(options, "--silent", "--show-error", "http://server/")...)
		out, _ := curl.Output() // the exit code says more than that there was one
		return string(out), curl.ProcessState.ExitCode()
	}
	for option, want := range map[string]string{"--ipv4": client.Addr4().String(), "--ipv6": client.Addr6().String()} {
		if out, code := get(option); code != 0 || strings.TrimSpace(out) != "hello "+want {
			t.Errorf("curl %s ends with %d and %q, want hello %s", option, code, out, want)
		}
	}

	// 28 is a timeout, see curl(1).
	wan.Set(topo.Loss(1))
	if out, code := get("--max-time", "0.3"); code != 28 {
		t.Errorf("over a line that loses all, curl ends with %d and %q", code, out)
	}
	wan.Set(topo.Perfect())
	if out, code := get("--max-time", "20"); code != 0 {
		t.Errorf("over a mended line, curl ends with %d and %q", code, out)
	}
}
