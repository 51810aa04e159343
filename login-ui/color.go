package loginui

import (
	"fmt"
	"math"
	"strconv"
)

// color is an sRGB colour, each part 0 to 255.
type color struct{ r, g, b float64 }

// parseColor reads "#rrggbb".
func parseColor(s string) (color, error) {
	if len(s) != 7 || s[0] != '#' {
		return color{}, fmt.Errorf("color %q: want #rrggbb", s)
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return color{}, fmt.Errorf("color %q: want #rrggbb", s)
	}
	return color{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}, nil
}

// String returns "#rrggbb".
func (c color) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c.r)), int(math.Round(c.g)), int(math.Round(c.b)))
}

// luminance is the relative luminance of WCAG 2.2, 0 to 1.
func (c color) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// readable moves c towards white or black, whichever is further from the ground, until it has the ratio on it.
func (c color) readable(ground color, ratio float64) color {
	target := color{}
	if contrast(color{255, 255, 255}, ground) > contrast(target, ground) {
		target = color{255, 255, 255}
	}
	for step := 0.0; step <= 1; step += 0.02 {
		mixed := color{c.r + (target.r-c.r)*step, c.g + (target.g-c.g)*step, c.b + (target.b-c.b)*step}
		if rounded, err := parseColor(mixed.String()); err == nil && contrast(rounded, ground) >= ratio {
			return rounded
		}
	}
	return target
}

// ink returns the better of white and black for text on c: one of them always has 4.5:1.
func (c color) ink() color {
	white, black := color{255, 255, 255}, color{}
	if contrast(white, c) >= contrast(black, c) {
		return white
	}
	return black
}
