package catalogue

import (
	"fmt"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"drydock/grader/report"
)

// Catalogue answers what is known of base images. It is safe for concurrent use.
type Catalogue struct {
	facts  facts
	tags   sync.Map // repository → []Tag
	images sync.Map // "ref platform" → *pending
	trees  sync.Map // what trees are composed of
}

// Open returns the catalogue that is built into the program. Nothing is decoded yet.
func Open() *Catalogue { return &Catalogue{facts: newFacts()} }

// NotFoundError says that an image was never published.
type NotFoundError struct {
	Ref        string // canonical: "docker.io/library/node:18-alpin"
	Name       string // familiar: "node:18-alpin"
	Suggestion string // "node:18-alpine", or ""
	Repository bool   // not only the tag, the repository does not exist
}

func (e *NotFoundError) Error() string {
	if e.Repository {
		return "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
	}
	return e.Ref + ": not found"
}

// Advice says the same to a person, with what they may have meant.
func (e *NotFoundError) Advice() string {
	_, tag := splitTag(e.Suggestion)
	repository, _ := splitTag(e.Name)
	switch other, _ := splitTag(e.Suggestion); {
	case e.Suggestion == "" && e.Repository:
		return fmt.Sprintf("%s: there is no such image; is it meant to be a stage of this Dockerfile?", repository)
	case e.Suggestion == "":
		return e.Name + ": no such tag"
	case other != repository:
		return fmt.Sprintf("%s: no such image; did you mean %s?", e.Name, e.Suggestion)
	}
	return fmt.Sprintf("%s: no such tag; did you mean %s?", e.Name, tag)
}

type pending struct {
	once  sync.Once
	image *Image
	err   error
}

// Resolve returns the image that a reference ("node:18-alpine", with or without registry, tag and digest) stands for, for a platform
// ("linux/amd64"; "" is that). The error is a *[NotFoundError] where the tag of a known repository never was.
func (c *Catalogue) Resolve(ref, platform string) (*Image, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	named = reference.TagNameOnly(named)
	platform = normalPlatform(platform)
	if img := c.byTag(named, platform); img != nil {
		return img, nil
	}
	v, _ := c.images.LoadOrStore(named.String()+" "+platform, &pending{})
	p := v.(*pending)
	p.once.Do(func() { p.image, p.err = c.resolve(named, platform) })
	return p.image, p.err
}

// byTag returns the image of the tag in a reference with tag and digest, if that has this very digest: BuildKit hands tags on in that form
// once it has looked them up.
func (c *Catalogue) byTag(named reference.Named, platform string) *Image {
	tag, tagged := named.(reference.Tagged)
	pinned, isPinned := named.(reference.Digested)
	if !tagged || !isPinned {
		return nil
	}
	plain, err := reference.WithTag(reference.TrimNamed(named), tag.Tag())
	if err != nil {
		return nil
	}
	img, err := c.Resolve(plain.String(), platform)
	if err != nil || img.Digest != pinned.Digest().String() {
		return nil
	}
	return img
}

func normalPlatform(p string) string {
	parts := strings.Split(p, "/")
	if len(parts) < 2 {
		return "linux/amd64"
	}
	return parts[0] + "/" + parts[1]
}

func (c *Catalogue) resolve(named reference.Named, platform string) (*Image, error) {
	name := reference.FamiliarName(named)
	tagged := "latest"
	if t, ok := named.(reference.Tagged); ok {
		tagged = t.Tag()
	}
	pinned, isPinned := named.(reference.Digested)
	img := &Image{
		Ref: reference.TagNameOnly(reference.TrimNamed(named)).String(), Name: name + ":" + tagged, Platform: platform,
	}
	img.Ref = reference.TrimNamed(named).Name() + ":" + tagged
	if isPinned {
		img.Ref += "@" + pinned.Digest().String()
	}
	var err error
	switch {
	case c.vendor(name) != nil:
		err = c.vendorImage(img, name, tagged)
	case c.facts.tags().Has(name):
		err = c.officialImage(img, name, tagged)
	case !strings.ContainsAny(name, "/.:") && !isOfficial(name):
		return nil, &NotFoundError{Ref: img.Ref, Name: img.Name, Suggestion: c.Suggest(img.Name), Repository: true}
	default:
		c.opaqueImage(img)
	}
	if err != nil {
		if isPinned { // the tag counts for nothing beside a digest
			err = nil
			c.opaqueImage(img)
		} else {
			return nil, err
		}
	}
	img.Digest = digest.FromString(img.Name + " " + platform + " " + img.Source).String()
	if isPinned {
		img.Digest = pinned.Digest().String()
		img.note("unknown", "%s is pinned to a digest: Drydock takes what it knows of %s, which may not be the same build.", name, img.Name)
	}
	return img, err
}

func (i *Image) note(kind, format string, a ...any) {
	i.Notes = append(i.Notes, report.Note{Kind: kind, Text: fmt.Sprintf(format, a...)})
}

func (i *Image) arch() string {
	_, arch, _ := strings.Cut(i.Platform, "/")
	return arch
}

// opaqueImage is a base of which only the name is known: a small Debian, so that a build can go on.
func (c *Catalogue) opaqueImage(img *Image) {
	img.Unknown, img.Composed, img.Estimate = true, true, true
	img.OS, img.Libc = "debian bookworm", "glibc"
	img.Source = "nothing is known"
	img.Config = report.Config{Env: []string{"PATH=" + defaultPath}, Cmd: []string{"sh"}}
	img.Root = c.debian("bookworm", img.arch())
	img.Bytes = weigh(img.Root)
	img.Compressed = img.Bytes * 37 / 100
	img.Layers = []Layer{{CreatedBy: "unknown", Bytes: img.Bytes, Compressed: img.Compressed}}
	img.History = []report.Entry{{CreatedBy: "unknown", Base: true}}
	img.note("unknown", "Drydock knows nothing of %s: the build goes on with a small Debian in its place, so sizes and commands may differ.", img.Name)
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
