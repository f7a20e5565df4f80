// SPDX-License-Identifier: Apache-2.0

package register

import (
	"cmp"
	"encoding/json"
	"net/http"
	"sync"
)

// A Version is a value with its place in the order of all writes.
type Version struct {
	Number int    // of the write
	Writer string // tells apart writes of the same number
	Value  string
}

// compare is below, at or above 0 as v is older than w, the same, or newer.
func (v Version) compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Number, w.Number), cmp.Compare(v.Writer, w.Writer))
}

// A Replica keeps the newest version that it was sent. GET returns it; PUT offers one.
type Replica struct {
	mu     sync.Mutex
	newest Version
}

func (r *Replica) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var offered Version
	if request.Method == http.MethodPut {
		if err := json.NewDecoder(request.Body).Decode(&offered); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	r.mu.Lock()
	if offered.compare(r.newest) > 0 {
		r.newest = offered
	}
	newest := r.newest
	r.mu.Unlock()
	_ = json.NewEncoder(w).Encode(newest) // who asked sees what is missing
}
