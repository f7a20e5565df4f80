// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// A Client asks the servers of its configuration.
type Client struct {
	Config
	// Dial connects to a server; network is "udp" or "tcp".
	Dial func(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error)
}

// What a server can answer with besides addresses.
var (
	errNoSuchHost  = errors.New("no such host")
	errBusy        = errors.New("server misbehaving")
	errMisbehaving = errors.New("server misbehaving")
	errMalformed   = errors.New("cannot unmarshal DNS message")
	errLame        = errors.New("lame referral")
)

// Lookup returns the addresses of a host. The family is '4', '6', or 0 for both.
// Errors are of type [*net.DNSError]. All that Lookup began has ended when it
// returns.
func (c *Client) Lookup(ctx context.Context, name string, family byte) ([]netip.Addr, error) {
	kinds := []recordType{typeA, typeAAAA}
	switch family {
	case '4':
		kinds = kinds[:1]
	case '6':
		kinds = kinds[1:]
	}
	first := 0
	if c.Rotate {
		first = rand.IntN(len(c.Servers))
	}
	failed := error(&net.DNSError{Err: errNoSuchHost.Error(), Name: name, IsNotFound: true, UnwrapErr: errNoSuchHost})
	for i, full := range c.names(name) {
		addrs, err := c.askAll(ctx, full, kinds, first)
		if len(addrs) > 0 {
			return addrs, nil
		}
		// The error for the name as it was given says more than one for a guess.
		if i == 0 || full == name {
			failed = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	if e, ok := errors.AsType[*net.DNSError](failed); ok {
		e.Name = name
	}
	return nil, failed
}

// askAll asks for several types of records at once. Only if none is found is
// there an error.
func (c *Client) askAll(ctx context.Context, name string, kinds []recordType, first int) (addrs []netip.Addr, err error) {
	type result struct {
		addrs []netip.Addr
		err   error
	}
	results := make([]chan result, len(kinds))
	for i, kind := range kinds {
		results[i] = make(chan result, 1)
		ask := func() {
			addrs, err := c.ask(ctx, name, kind, first)
			results[i] <- result{addrs, err}
		}
		if c.OneByOne {
			ask()
		} else {
			go ask()
		}
	}
	for _, ch := range results {
		r := <-ch
		addrs = append(addrs, r.addrs...)
		if r.err != nil {
			err = r.err
		}
	}
	return addrs, err
}

// ask puts a question to one server after the other until one knows.
func (c *Client) ask(ctx context.Context, name string, kind recordType, first int) (_ []netip.Addr, err error) {
	for range c.Attempts {
		for i := range c.Servers {
			server := c.Servers[(first+i)%len(c.Servers)]
			q, ok := newQuery(uint16(rand.Uint32()), name, kind)
			if !ok {
				return nil, dnsError(errNoSuchHost, name, "")
			}
			addrs, e := c.exchange(ctx, server, q)
			if e == nil {
				return addrs, nil
			}
			err = dnsError(e, name, server.String())
			// What does not exist another server does not know either.
			if errors.Is(e, errNoSuchHost) || ctx.Err() != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

func dnsError(err error, name, server string) error {
	timeout, ok := errors.AsType[net.Error](err)
	_, network := errors.AsType[*net.OpError](err)
	return &net.DNSError{
		UnwrapErr: err, Err: err.Error(), Name: name, Server: server,
		IsTimeout:   ok && timeout.Timeout(),
		IsTemporary: network && !errors.Is(err, context.Canceled) || errors.Is(err, errBusy),
		IsNotFound:  errors.Is(err, errNoSuchHost),
	}
}

// exchange asks one server, over TCP if its answer is too long for UDP.
func (c *Client) exchange(ctx context.Context, server netip.AddrPort, q query) ([]netip.Addr, error) {
	networks := []string{"udp", "tcp"}
	if c.TCP {
		networks = networks[1:]
	}
	var answer []byte
	for _, network := range networks {
		var err error
		if answer, err = c.roundTrip(ctx, network, server, q); err != nil {
			return nil, err
		}
		if flagsOf(answer)&flagTruncated == 0 {
			break
		}
	}
	addrs, ok := q.addresses(answer)
	const referral = flagAuthoritative | flagRecursive
	switch flags := flagsOf(answer); {
	case flags&maskCode == codeNameError:
		return nil, errNoSuchHost
	case flags&maskCode == codeFailure:
		return nil, errBusy
	case flags&maskCode != codeSuccess:
		return nil, errMisbehaving
	case !ok:
		return nil, errMalformed
	case len(addrs) == 0 && flags&referral == 0 && count(answer, 1)+count(answer, 3) == 0:
		return nil, errLame
	case len(addrs) == 0:
		return nil, errNoSuchHost
	}
	return addrs, nil
}

// roundTrip returns the server's answer.
func (c *Client) roundTrip(ctx context.Context, network string, server netip.AddrPort, q query) (_ []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	conn, err := c.Dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // all that mattered has been read
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = &net.OpError{Op: "read", Net: network, Addr: conn.RemoteAddr(), Err: ctx.Err()}
		}
	}()
	if network == "tcp" {
		return streamTrip(conn, q)
	}
	return packetTrip(conn, q)
}

// packetTrip passes over packets that are no answer to the question: anybody can
// send these.
func packetTrip(conn net.Conn, q query) ([]byte, error) {
	if _, err := conn.Write(q.packet); err != nil {
		return nil, err
	}
	buf := make([]byte, maxPacket)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		if q.answers(buf[:n]) {
			return buf[:n], nil
		}
	}
}

// streamTrip has each message preceded by its length (RFC 1035 section 4.2.2).
func streamTrip(conn net.Conn, q query) ([]byte, error) {
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q.packet))), q.packet...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, err
	}
	if !q.answers(answer) {
		return nil, errMalformed
	}
	return answer, nil
}
