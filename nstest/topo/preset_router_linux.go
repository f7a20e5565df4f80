// SPDX-License-Identifier: Apache-2.0

package topo

import "errors"

// applyPresets makes the router what its presets say, before it has links.
func (n *node) applyPresets() error {
	var errs []error
	if n.config.nat != nil {
		errs = append(errs, n.translate())
		if n.config.nat.six {
			errs = append(errs, n.translate64())
		}
	}
	if n.config.firewall {
		errs = append(errs, n.restrict())
	}
	if n.config.portal != nil {
		errs = append(errs, n.capture())
	}
	return errors.Join(errs...)
}
