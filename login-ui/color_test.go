package loginui

import (
	"regexp"
	"strings"
	"testing"
)

// properties reads the custom properties of a scheme out of a style sheet; dark ones stand over light ones.
func properties(css string, dark bool) map[string]string {
	found := map[string]string{}
	for _, block := range regexp.MustCompile(`(@media\(prefers-color-scheme:dark\)\{)?:root\{([^}]*)\}`).FindAllStringSubmatch(css, -1) {
		if block[1] != "" && !dark {
			continue
		}
		for _, p := range regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]+)`).FindAllStringSubmatch(block[2], -1) {
			value := p[2]
			if len(value) == 4 {
				value = "#" + strings.Repeat(value[1:2], 2) + strings.Repeat(value[2:3], 2) + strings.Repeat(value[3:4], 2)
			}
			found[p[1]] = value
		}
	}
	return found
}

// WCAG 2.2 §1.4.3 and §1.4.11: text 4.5:1 on every ground it stands on; what one must see to use a control 3:1.
func TestContrast(t *testing.T) {
	style, err := assetFiles.ReadFile("assets/style.css")
	check(t, err)
	for _, accent := range []string{defaultAccent, "#ffffff", "#000000", "#ffe500", "#06c755", "#777777", "#17191d"} {
		head, err := brandStyle(Brand{Accent: accent})
		check(t, err)
		for _, dark := range []bool{false, true} {
			p := properties(head+string(style), dark)
			pair := func(front, ground string, ratio float64) {
				f, err := parseColor(p[front])
				check(t, err)
				g, err := parseColor(p[ground])
				check(t, err)
				if got := contrast(f, g); got < ratio {
					t.Errorf("accent %s, dark %v: %s %s on %s %s is %.2f:1, want %.1f:1", accent, dark, front, f, ground, g, got, ratio)
				}
			}
			for _, ground := range []string{"card", "page", "soft", "notice"} {
				pair("text", ground, 4.5)
				pair("muted", ground, 4.5)
			}
			for _, ground := range []string{"card", "page"} {
				pair("link", ground, 4.5)
				pair("accent", ground, 3)
			}
			pair("accent-ink", "accent", 4.5)
			pair("google-text", "google", 4.5)
			pair("google-line", "card", 3)
		}
	}
	for _, shade := range regexp.MustCompile(`\.shade-\d\{background:(#[0-9a-f]{6})\}`).FindAllStringSubmatch(string(style), -1) {
		ground, err := parseColor(shade[1])
		check(t, err)
		if got := contrast(color{255, 255, 255}, ground); got < 4.5 {
			t.Errorf("white on the tile %s is %.2f:1", shade[1], got)
		}
	}
	facebook, _ := parseColor("#0866ff")
	if got := contrast(color{255, 255, 255}, facebook); got < 4.5 {
		t.Errorf("white on Facebook's blue is %.2f:1", got)
	}
}

// The style sheet and the accent's arithmetic speak of the same grounds.
func TestGroundsAgree(t *testing.T) {
	style, err := assetFiles.ReadFile("assets/style.css")
	check(t, err)
	light, dark := properties(string(style), false), properties(string(style), true)
	for _, pair := range [][2]string{{light["card"], cardLight}, {light["page"], pageLight}, {dark["card"], cardDark}, {dark["page"], pageDark}} {
		if pair[0] != pair[1] {
			t.Errorf("style.css says %s, assets.go %s", pair[0], pair[1])
		}
	}
}
