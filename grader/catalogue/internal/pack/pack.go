// Package pack is a read-only archive of many small texts: each is compressed on its own with a dictionary that all share, so that one is read
// without unpacking the others. Build one with [Writer], read it with [Open].
//
// Layout: two little-endian uint32 (lengths of the index and of the dictionary), the
// index (zstd; lines "KEY LENGTH", in order), the dictionary (zstd), the texts (zstd each).
package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const dictID = 0x4452

// Writer collects texts.
type Writer struct {
	keys  []string
	texts map[string][]byte
}

// Add puts a text into the archive.
func (w *Writer) Add(key string, text []byte) {
	if w.texts == nil {
		w.texts = map[string][]byte{}
	}
	w.keys = append(w.keys, key)
	w.texts[key] = text
}

// Bytes returns the archive; dict is an example of what many texts contain, at most 128 kB.
func (w *Writer) Bytes(dict []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderDictRaw(dictID, dict), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	plain, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, err
	}
	slices.Sort(w.keys)
	var index, body []byte
	for _, k := range w.keys {
		frame := enc.EncodeAll(w.texts[k], nil)
		index = fmt.Appendf(index, "%s %d\n", k, len(frame))
		body = append(body, frame...)
	}
	index, dict = plain.EncodeAll(index, nil), plain.EncodeAll(dict, nil)
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(index)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(dict)))
	return append(append(append(out, index...), dict...), body...), nil
}

// Archive is an opened archive. It is safe for concurrent use.
type Archive struct {
	keys   []string
	spans  map[string][2]int
	body   []byte
	reader *zstd.Decoder
}

// Open reads the index of an archive.
func Open(data []byte) (*Archive, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("pack: %d bytes are no archive", len(data))
	}
	n, m := int(binary.LittleEndian.Uint32(data)), int(binary.LittleEndian.Uint32(data[4:]))
	data = data[8:]
	if n+m > len(data) {
		return nil, fmt.Errorf("pack: the archive is cut short")
	}
	index, err := Unpack(data[:n])
	if err != nil {
		return nil, err
	}
	dict, err := Unpack(data[n : n+m])
	if err != nil {
		return nil, err
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(dictID, dict), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return nil, err
	}
	a := &Archive{spans: map[string][2]int{}, body: data[n+m:], reader: r}
	at := 0
	for line := range strings.Lines(string(index)) {
		key, size, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		l, err := strconv.Atoi(size)
		if err != nil || at+l > len(a.body) {
			return nil, fmt.Errorf("pack: bad index line %q", line)
		}
		a.keys = append(a.keys, key)
		a.spans[key] = [2]int{at, at + l}
		at += l
	}
	return a, nil
}

// Keys returns the keys, sorted. Callers must not change the slice.
func (a *Archive) Keys() []string { return a.keys }

// Has reports whether there is a text of that key.
func (a *Archive) Has(key string) bool { _, ok := a.spans[key]; return ok }

// Get returns a text, or nil where there is none.
func (a *Archive) Get(key string) ([]byte, error) {
	s, ok := a.spans[key]
	if !ok {
		return nil, nil
	}
	text, err := a.reader.DecodeAll(a.body[s[0]:s[1]], nil)
	if err != nil {
		return nil, fmt.Errorf("pack: read %s: %w", key, err)
	}
	return text, nil
}

// Pack compresses one text.
func Pack(text []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc.Reset(&b)
	if _, err := enc.Write(text); err != nil {
		return nil, err
	}
	err = enc.Close()
	return b.Bytes(), err
}

// Unpack is the inverse of [Pack].
func Unpack(data []byte) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.DecodeAll(data, nil)
}
