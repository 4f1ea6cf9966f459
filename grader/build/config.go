package build

import (
	"encoding/json"
	"fmt"
	"strings"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/grader/catalogue"
	"drydock/grader/report"
)

// imageConfig is the part of an image's configuration file that matters here, as in the OCI image specification.
type imageConfig struct {
	Architecture string             `json:"architecture"`
	Variant      string             `json:"variant,omitempty"`
	OS           string             `json:"os"`
	Config       report.Config      `json:"config"`
	RootFS       ocispecs.RootFS    `json:"rootfs"`
	History      []ocispecs.History `json:"history"`
}

// configOf writes a base image's configuration file for the frontend. There is a history entry for each layer: without it the frontend
// would take the image for an empty one.
func configOf(img *catalogue.Image) ([]byte, error) {
	c := imageConfig{OS: "linux", Architecture: "amd64", Config: img.Config, RootFS: ocispecs.RootFS{Type: "layers"}}
	if _, arch, ok := strings.Cut(img.Platform, "/"); ok {
		c.Architecture, c.Variant, _ = strings.Cut(arch, "/")
	}
	layers := 0
	for _, h := range img.History {
		c.History = append(c.History, ocispecs.History{CreatedBy: h.CreatedBy, Comment: h.Comment, EmptyLayer: h.EmptyLayer})
		if !h.EmptyLayer {
			layers++
		}
	}
	if layers != len(img.Layers) {
		c.History = nil
		for _, l := range img.Layers {
			c.History = append(c.History, ocispecs.History{CreatedBy: l.CreatedBy})
		}
	}
	for i := range img.Layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, digest.FromString(fmt.Sprint(img.Digest, i)))
	}
	return json.Marshal(c)
}
