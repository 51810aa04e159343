package clients

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// fixCRC makes the header chunk of a PNG right again after a change.
func fixCRC(data []byte) {
	const name, end = 12, 29 // where the chunk's name begins, and its 13 bytes end
	binary.BigEndian.PutUint32(data[end:], crc32.ChecksumIEEE(data[name:end]))
}

// manyScans is a progressive JPEG of 2,048 × 2,048 grey pixels with n scans that say nothing, 17 bytes each.
func manyScans(t testing.TB, n int) []byte {
	t.Helper()
	data := []byte{0xFF, 0xD8}
	segment := func(marker byte, body ...byte) {
		data = append(data, 0xFF, marker)
		data = binary.BigEndian.AppendUint16(data, uint16(len(body)+2))
		data = append(data, body...)
	}
	ones := make([]byte, 65)
	for i := 1; i < len(ones); i++ {
		ones[i] = 1
	}
	segment(0xDB, ones...)                                  // quantization
	segment(0xC2, 8, 0x08, 0x00, 0x08, 0x00, 1, 1, 0x11, 0) // one component of 2,048 lines of 2,048
	// Huffman tables of one code, "0": no change of the mean; a run of empty blocks whose length has 14 more bits.
	segment(0xC4, append(append([]byte{0x00, 1}, make([]byte, 15)...), 0x00)...)
	segment(0xC4, append(append([]byte{0x10, 1}, make([]byte, 15)...), 0xE0)...)
	segment(0xDA, 1, 1, 0x00, 0, 0, 0)
	data = append(data, make([]byte, 2048/8*2048/8/8)...)
	for range n {
		segment(0xDA, 1, 1, 0x00, 1, 63, 0)
		// Three times the code and 14 bits: runs of 32,767, 32,767 and 16,384 blocks, for 65,536. A zero follows the byte of ones.
		data = append(data, 0x7F, 0xFE, 0xFF, 0x00, 0xFC, 0x00, 0x07)
	}
	return append(data, 0xFF, 0xD9)
}

func zippedOnce(data []byte) string {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(data) //nolint:errcheck // into memory
	z.Close()
	return out.String()
}
