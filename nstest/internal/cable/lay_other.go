// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cable

import "errors"

func (c *Cable) lay([2]End) error { return errors.ErrUnsupported }
func (c *Cable) free() error      { return nil }
func refusal(error) bool          { return false }

// Couple is for Linux only.
func (c *Cable) Couple() error      { return errors.ErrUnsupported }
func (c *Cable) endCoupling() error { return nil }
