package store

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"drydock/grader"
)

// maxGrade bounds what a stored grade may unpack to.
const maxGrade = 64 << 20

// A codec turns grades into what is stored, compressed JSON, and back.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() (codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return codec{}, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxGrade))
	return codec{encoder: encoder, decoder: decoder}, err
}

func (c codec) encode(grade *grader.Grade) ([]byte, error) {
	data, err := json.Marshal(grade)
	if err != nil {
		return nil, fmt.Errorf("encode grade: %w", err)
	}
	return c.encoder.EncodeAll(data, nil), nil
}

func (c codec) decode(compressed []byte) (*grader.Grade, error) {
	data, err := c.decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("decode grade: %w", err)
	}
	grade := new(grader.Grade)
	if err := json.Unmarshal(data, grade); err != nil {
		return nil, fmt.Errorf("decode grade: %w", err)
	}
	return grade, nil
}
