// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package keep

import (
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

func (k *keeper) keep(*lifecycle.Test, []*lifecycle.Instance) *kept.Entry  { return nil }
func (k *keeper) wait(*lifecycle.Test, []*lifecycle.Instance, *kept.Entry) {}
func commands(*kept.Entry, int, string) string                             { return "" }
func (k *keeper) keepHanging([]*lifecycle.Instance)                        {}
func (k *keeper) listPrograms([]*lifecycle.Instance)                       {}
func (p *Program) letGo() error                                            { return nil }
func armInits() error                                                      { return nil }
