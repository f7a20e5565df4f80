// SPDX-License-Identifier: Apache-2.0

package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// A Client reads and writes the register that some replicas keep.
type Client struct {
	Name     string
	HTTP     *http.Client
	Replicas []string // their addresses, for HTTP

	// Quorum is how many replicas have to answer. Any two quorums need a replica in common, so it
	// is to be more than half of them.
	Quorum int
}

// ErrNoQuorum is the error of an operation for which too few replicas have answered. A write
// may have been stored by some of them, and so may yet be read.
var ErrNoQuorum = errors.New("too few replicas answer")

// Write stores a value.
func (c *Client) Write(ctx context.Context, value string) error {
	newest, err := c.ask(ctx, http.MethodGet, Version{})
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, http.MethodPut, Version{Number: newest.Number + 1, Writer: c.Name, Value: value})
	return err
}

// Read returns the value that was stored last.
func (c *Client) Read(ctx context.Context) (string, error) {
	newest, err := c.ask(ctx, http.MethodGet, Version{})
	if err != nil {
		return "", err
	}
	// Another reader must not find an older one afterwards.
	_, err = c.ask(ctx, http.MethodPut, newest)
	return newest.Value, err
}

// ask sends a request to all replicas, and returns the newest version of the first quorum that answers.
func (c *Client) ask(ctx context.Context, method string, v Version) (newest Version, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		version Version
		err     error
	}
	answers := make(chan answer, len(c.Replicas))
	for _, replica := range c.Replicas {
		go func() {
			version, err := c.askOne(ctx, method, replica, v)
			answers <- answer{version, err}
		}()
	}
	var errs []error
	for got := 0; got < c.Quorum; {
		if len(errs) > len(c.Replicas)-c.Quorum {
			return newest, errors.Join(append([]error{ErrNoQuorum}, errs...)...)
		}
		a := <-answers
		if a.err != nil {
			errs = append(errs, a.err)
			continue
		}
		got++
		if a.version.compare(newest) > 0 {
			newest = a.version
		}
	}
	return newest, nil
}

func (c *Client) askOne(ctx context.Context, method, replica string, v Version) (answer Version, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+replica, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("%s: %s", replica, response.Status)
	}
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}
