// SPDX-License-Identifier: Apache-2.0

package tiers

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// StaleHeader is in answers that may be out of date.
const StaleHeader = "X-Stale"

// A store has values by their paths.
type store struct {
	mu     sync.Mutex
	values map[string]string
}

func (s *store) get(path string) (value string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, known = s.values[path]
	return value, known
}

func (s *store) put(path, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = make(map[string]string)
	}
	s.values[path] = value
}

// A Database keeps what is PUT to a path.
type Database struct{ store store }

func (d *Database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		value, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		d.store.put(r.URL.Path, string(value))
		return
	}
	value, known := d.store.get(r.URL.Path)
	if !known {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, value) // the client sees what is missing
}

// An App reads and writes the database. While that is out of reach it answers with what it has read last, and takes no writes.
type App struct {
	Database string       // its URL
	Client   *http.Client // which gets there
	// Patience is how long the app waits for the database, without an end if it is 0.
	Patience time.Duration

	known store
}

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	value, status, err := a.ask(r)
	if err == nil {
		if r.Method == http.MethodGet && status == http.StatusOK {
			a.known.put(r.URL.Path, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, value)
		return
	}
	if value, known := a.known.get(r.URL.Path); known && r.Method == http.MethodGet {
		w.Header().Set(StaleHeader, "the database is out of reach")
		_, _ = io.WriteString(w, value)
		return
	}
	http.Error(w, "app: "+err.Error(), http.StatusServiceUnavailable)
}

// ask passes a request on to the database.
func (a *App) ask(r *http.Request) (value string, status int, err error) {
	ctx := r.Context()
	if a.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Patience)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(a.Database, "/")+r.URL.Path, r.Body)
	if err != nil {
		return "", 0, err
	}
	response, err := a.Client.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), response.StatusCode, err
}

// Web passes requests on to the app, and says so if it has no answer after the time of patience.
func Web(app *url.URL, transport http.RoundTripper, patience time.Duration) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(app) },
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "web: "+err.Error(), http.StatusGatewayTimeout)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	})
}
