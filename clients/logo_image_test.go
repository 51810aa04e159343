package clients

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"
)

// plain is a picture of one colour.
func plain(w, h int, c color.Color) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// OIDC Registration §2: what people's logos are made of is shown.
func TestLogoFormats(t *testing.T) {
	red := color.NRGBA{0xD0, 0x20, 0x20, 0xFF}
	var asJPEG, asGIF bytes.Buffer
	if err := jpeg.Encode(&asJPEG, plain(300, 200, red), nil); err != nil {
		t.Fatal(err)
	}
	frame := image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{red, color.Transparent})
	if err := gif.EncodeAll(&asGIF, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	deep := image.NewNRGBA64(image.Rect(10, 10, 60, 60))
	for i := range deep.Pix {
		deep.Pix[i] = 0xD0
	}
	for name, data := range map[string][]byte{
		"PNG": pngOf(t, plain(512, 512, red)), "JPEG": asJPEG.Bytes(), "GIF of two frames": asGIF.Bytes(), "PNG of 16 bits": pngOf(t, deep),
		"one pixel": pngOf(t, plain(1, 1, red)), "a line": pngOf(t, plain(maxLogoSide, 1, red)), "a column": pngOf(t, plain(1, maxLogoSide, red)),
		"the largest": pngOf(t, plain(maxLogoSide, maxLogoSide, red)),
	} {
		t.Run(name, func(t *testing.T) {
			square, err := redrawLogo(data)
			if err != nil {
				t.Fatal(err)
			}
			m := decoded(t, square)
			if r, g, _, _ := m.At(logoSide/2, logoSide/2).RGBA(); r>>8 < 0xA0 || name != "PNG of 16 bits" && g>>8 > 0x40 {
				t.Errorf("the middle is %v", m.At(logoSide/2, logoSide/2))
			}
		})
	}
}

// decoded reads a logo of ours: a square of solid pixels.
func decoded(t *testing.T, square []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(square))
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, logoSide, logoSide) {
		t.Fatalf("it measures %v", m.Bounds())
	}
	if solid, ok := m.(interface{ Opaque() bool }); !ok || !solid.Opaque() {
		t.Error("the letter under it shows through")
	}
	return m
}

// A logo can be seen in the light and in the dark scheme.
func TestLogoGround(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	disc := func(c color.Color) image.Image {
		m := *clear
		m.Pix = bytes.Clone(clear.Pix)
		for y := 10; y < 30; y++ {
			for x := 10; x < 30; x++ {
				m.Set(x, y, c)
			}
		}
		return &m
	}
	for name, c := range map[string]struct {
		of   image.Image
		want uint32 // the red of a corner
	}{
		"black on nothing": {disc(color.Black), 0xFF}, "white on nothing": {disc(color.White), 0x17}, "a wide strip": {plain(90, 10, color.NRGBA{0x40, 0x80, 0x20, 0xFF}), 0x40},
	} {
		square, err := redrawLogo(pngOf(t, c.of))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _, _ := decoded(t, square).At(1, 1).RGBA(); r>>8 != c.want {
			t.Errorf("%s: a corner is %v", name, decoded(t, square).At(1, 1))
		}
	}
}

// DR-04: small files that are large to draw, and files that are more than a picture.
func TestLogoBombs(t *testing.T) {
	large := pngOf(t, plain(1, 1, color.White))
	copy(large[16:24], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}) // 30000 × 30000
	fixCRC(large)
	wide := pngOf(t, plain(maxLogoSide+1, 1, color.White))
	screen := []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;")
	for name, data := range map[string][]byte{
		"a PNG of 900 million pixels": large, "a PNG one pixel too wide": wide, "a GIF of 4 billion pixels": screen, "a JPEG of ten thousand scans": manyScans(t, 10_000),
	} {
		began := time.Now()
		if _, err := redrawLogo(data); err == nil || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
	page := "<script>alert(1)</script>"
	withText := append(pngOf(t, plain(9, 9, color.Black)), page...)
	square, err := redrawLogo(withText)
	if err != nil || bytes.Contains(square, []byte("script")) {
		t.Errorf("a picture that is a page, too: %v", err)
	}
}

// DS-03: pictures that are costly to draw, one after the other, leave most of the processor to others.
func TestLogoDrawingRests(t *testing.T) {
	l := NewLogos(LogosConfig{})
	data := pngOf(t, plain(512, 512, color.White))
	began := time.Now()
	if _, err := l.draw(data); err != nil {
		t.Fatal(err)
	}
	first := time.Since(began)
	began = time.Now()
	if _, err := l.draw(data); err != nil {
		t.Fatal(err)
	}
	if second := time.Since(began); second < 2*first { // the rest is three times as long, and then it is drawn
		t.Errorf("drawn in %s, then in %s", first, second)
	}
}

func FuzzLogo(f *testing.F) {
	f.Add(pngOf(f, plain(5, 4, color.NRGBA{1, 2, 3, 4})))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	var asJPEG bytes.Buffer
	if err := jpeg.Encode(&asJPEG, plain(8, 8, color.White), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(asJPEG.Bytes())
	f.Add([]byte(strings.Repeat("<svg>", 9)))
	f.Fuzz(func(t *testing.T, data []byte) {
		square, err := redrawLogo(data)
		switch {
		case err != nil && square != nil:
			t.Error("a picture and an error")
		case err == nil:
			decoded(t, square)
		}
	})
}
