// SPDX-License-Identifier: Apache-2.0

// Package exhaustion has tests only: they run the calls of this module where something
// has run out, such as descriptors, processes, namespaces and room in a file system.
// 'make exhaustion' prints what comes of each.
package exhaustion
