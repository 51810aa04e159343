package clients

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"
)

const (
	logoSide     = 128  // of what is shown, in pixels: the pages show 48, on screens of up to three pixels for one
	maxLogoSide  = 2048 // of what is read: 4 million pixels, of up to 8 bytes each
	maxLogoScans = 32   // of a JPEG, where 10 are usual: each is a walk over all pixels, however few bytes it has
)

// redrawLogo returns the picture in data as a square PNG of logoSide. It is drawn anew from its pixels alone: no byte of data reaches a browser, so
// nothing that data may be besides, a page or a script, does. An SVG is refused: it is a program, and to draw one takes another.
func redrawLogo(data []byte) (square []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil { // a decoder that such bytes break must not take the process along
			square, err = nil, fmt.Errorf("the picture cannot be read: %v", cause)
		}
	}()
	found, err := decodeLogo(data)
	if err != nil {
		return nil, err
	}
	from := image.NewRGBA(image.Rect(0, 0, found.Bounds().Dx(), found.Bounds().Dy()))
	draw.Draw(from, from.Rect, found, found.Bounds().Min, draw.Src)
	to := image.NewRGBA(image.Rect(0, 0, logoSide, logoSide))
	draw.Draw(to, to.Rect, image.NewUniform(ground(from)), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(to, fit(from.Rect), from, from.Rect, draw.Over, nil)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, to); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeLogo reads a picture whose first bytes say that it is one, whatever its host calls it. Its size is known before it takes memory.
func decodeLogo(data []byte) (image.Image, error) {
	config, decode := png.DecodeConfig, png.Decode
	switch kind := http.DetectContentType(data); kind {
	case "image/png":
	case "image/jpeg":
		config, decode = jpeg.DecodeConfig, jpeg.Decode
		if bytes.Count(data, []byte{0xFF, 0xDA}) > maxLogoScans {
			return nil, errors.New("the JPEG has too many scans")
		}
	case "image/gif":
		config, decode = gif.DecodeConfig, firstFrame
	default:
		return nil, errors.New("it is no PNG, JPEG or GIF")
	}
	size, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if size.Width > maxLogoSide || size.Height > maxLogoSide {
		return nil, fmt.Errorf("it has %d × %d pixels, more than %d on a side", size.Width, size.Height, maxLogoSide)
	}
	found, err := decode(bytes.NewReader(data))
	if err == nil && found.Bounds().Empty() {
		err = errors.New("it has no pixels")
	}
	return found, err
}

// firstFrame reads a GIF as far as its first frame: the others cost as much again, each.
func firstFrame(r io.Reader) (image.Image, error) { return gif.Decode(r) }

// fit returns where in the square a picture of the size stands: as large as it can, in the middle.
func fit(size image.Rectangle) image.Rectangle {
	w, h := logoSide, logoSide
	if size.Dx() > size.Dy() {
		h = max(1, size.Dy()*logoSide/size.Dx())
	} else {
		w = max(1, size.Dx()*logoSide/size.Dy())
	}
	at := image.Pt((logoSide-w)/2, (logoSide-h)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}

// ground is what the picture stands on, in the light and the dark scheme alike: its own colour where its corner is solid, else white, or nearly
// black under a picture that is nearly white.
func ground(p *image.RGBA) color.RGBA {
	white := color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	if corner := p.RGBAAt(0, 0); corner.A == 0xFF {
		return corner
	}
	light, solid := 0, 0 // colours are multiplied with how solid they are already
	for i := 0; i+3 < len(p.Pix); i += 4 {
		light += (299*int(p.Pix[i]) + 587*int(p.Pix[i+1]) + 114*int(p.Pix[i+2])) / 1000
		solid += int(p.Pix[i+3])
	}
	if light > solid*9/10 {
		return color.RGBA{0x17, 0x19, 0x1D, 0xFF}
	}
	return white
}
