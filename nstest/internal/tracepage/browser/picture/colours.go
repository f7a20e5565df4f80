// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"image"
	"image/color"
	"maps"
	"slices"
)

// reduce returns a picture with its 256 most frequent colours. A page has few that matter, and shades of them at the edges of
// letters.
func reduce(full image.Image) *image.Paletted {
	count := make(map[color.Color]int)
	box := full.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	small := image.NewPaletted(box, colours[:min(len(colours), 256)])
	nearest := make(map[color.Color]uint8)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := full.At(x, y)
			index, known := nearest[c]
			if !known {
				index = uint8(small.Palette.Index(c))
				nearest[c] = index
			}
			small.SetColorIndex(x, y, index)
		}
	}
	return small
}
