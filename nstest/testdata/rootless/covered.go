// SPDX-License-Identifier: Apache-2.0

package rootless

// covered is what the coverage of a run is about.
func covered() string { return "covered" }
