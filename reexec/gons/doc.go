// SPDX-License-Identifier: Apache-2.0

// Package gons moves a program into other namespaces as it starts.
package gons
