// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package topo

import (
	"errors"
	"net/netip"
)

func (n *Network) build() error          { return errors.ErrUnsupported }
func (n *Network) rebuild(*Link) error   { return errors.ErrUnsupported }
func (n *Network) divide(division) error { return errors.ErrUnsupported }
func (n *Network) carryOut(*Link) error  { return errors.ErrUnsupported }
func (n *node) rerouteUplink() error     { return errors.ErrUnsupported }
func (n *node) admit([]*node) error      { return errors.ErrUnsupported }

func (e *end) count() (Counters, error) { return Counters{}, errors.ErrUnsupported }

func (n *Network) keepLeases() {}

func (n *node) present() ([]netip.Prefix, error) { return nil, errors.ErrUnsupported }
