// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import "time"

// SendBatch is how many frames a [PacketSocket] sends by one system call.
const SendBatch = 64

// A PacketSocket is a socket of packet(7), which there is on Linux only.
type PacketSocket struct{}

// A Poller waits for several sockets at once.
type Poller struct{}

func OpenPacket(int, int, int) (*PacketSocket, error)   { return nil, errUnsupported }
func (p *PacketSocket) Ahead(int) ([]byte, bool, error) { return nil, false, errUnsupported }
func (p *PacketSocket) ReceivedAt(int) time.Time        { return time.Time{} }
func (p *PacketSocket) Release(int)                     {}
func (p *PacketSocket) Send([][]byte) (int, error)      { return 0, errUnsupported }
func (p *PacketSocket) Dropped() (uint64, error)        { return 0, errUnsupported }
func (p *PacketSocket) ClearError() error               { return errUnsupported }
func (p *PacketSocket) Close() error                    { return errUnsupported }
func CompleteChecksums(string) error                    { return errUnsupported }
func NewPoller(...*PacketSocket) (*Poller, error)       { return nil, errUnsupported }
func (p *Poller) Wait(time.Time) error                  { return errUnsupported }
func (p *Poller) Wake() error                           { return errUnsupported }
func (p *Poller) Close() error                          { return errUnsupported }
func (p *Poller) Yield() error                          { return errUnsupported }

// A CaptureSocket is a socket of packet(7), which there is on Linux only.
type CaptureSocket struct{}

func OpenCapture(int, int) (*CaptureSocket, error) { return nil, errUnsupported }
func (c *CaptureSocket) Ready() bool               { return false }
func (c *CaptureSocket) Writing() bool             { return false }
func (c *CaptureSocket) Ahead(int) (CapturedFrame, bool, error) {
	return CapturedFrame{}, false, errUnsupported
}
func (c *CaptureSocket) Release(int)                       {}
func (c *CaptureSocket) Slots() int                        { return 0 }
func (c *CaptureSocket) Dropped() (uint64, error)          { return 0, errUnsupported }
func (c *CaptureSocket) InterfaceName(int) (string, error) { return "", errUnsupported }
func (c *CaptureSocket) Await(func() bool) error           { return errUnsupported }
func (c *CaptureSocket) Wake() error                       { return errUnsupported }
func (c *CaptureSocket) Close() error                      { return errUnsupported }
