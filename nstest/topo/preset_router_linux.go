// SPDX-License-Identifier: Apache-2.0

package topo

// applyPresets makes the router what its presets say, before it has links.
func (n *node) applyPresets() error {
	if n.config.nat != nil {
		return n.translate()
	}
	return nil
}
