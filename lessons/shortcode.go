package lessons

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// shortcode is {{…}} in running text: a number that the simulator or the catalogue says.
type shortcode struct {
	ast.BaseInline
	text   string
	offset int

	image string // reference, for {{image …}}
	build string // name, for {{build …}}
	line  int    // of the listing, 0 for all of it
	what  string
}

var shortcodeKind = ast.NewNodeKind("Shortcode")

// Kind implements ast.Node.
func (*shortcode) Kind() ast.NodeKind { return shortcodeKind }

// Dump implements ast.Node.
func (s *shortcode) Dump(source []byte, level int) {
	ast.DumpHelper(s, source, level, map[string]string{"Text": s.text}, nil)
}

// shortcodeParser finds shortcodes. Code spans come before it, so that there is none in code.
type shortcodeParser struct{}

// Trigger implements parser.InlineParser.
func (shortcodeParser) Trigger() []byte { return []byte{'{'} }

// Parse implements parser.InlineParser.
func (shortcodeParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	end := bytes.Index(line, []byte("}}"))
	if !bytes.HasPrefix(line, []byte("{{")) || end < 0 {
		return nil
	}
	block.Advance(end + 2)
	return &shortcode{text: strings.TrimSpace(string(line[2:end])), offset: segment.Start}
}

var (
	imageFacts = []string{"size", "compressed"}
	buildFacts = []string{"size", "added", "layers", "rerun", "downloaded"}
)

// shortcode reads a shortcode's words.
func (d *document) shortcode(s *shortcode) {
	bad := func(format string, a ...any) {
		d.complain(d.lineAt(s.offset), "{{"+strings.ReplaceAll(s.text, "%", "%%")+"}}: "+format, a...)
	}
	words := strings.Fields(s.text)
	switch {
	case len(words) == 3 && words[0] == "image":
		if !slices.Contains(imageFacts, words[2]) {
			bad("of an image there is %s", strings.Join(imageFacts, " and "))
			return
		}
		s.image, s.what = words[1], words[2]
	case len(words) == 3 && words[0] == "build", len(words) == 5 && words[0] == "build" && words[2] == "line":
		l := d.named[words[1]]
		if l == nil {
			bad("no listing here is named %s", words[1])
			return
		}
		what := words[len(words)-1]
		facts := buildFacts
		if len(words) == 5 {
			n, err := strconv.Atoi(words[3])
			if last := strings.Count(l.dockerfile, "\n"); err != nil || n < 1 || n > last {
				bad("listing %s has the lines 1 to %d", l.name, last)
				return
			}
			s.line, facts = n, []string{"size"}
		}
		if !slices.Contains(facts, what) {
			bad("of a listing there is %s, of a line of it size", strings.Join(buildFacts, ", "))
			return
		}
		if what == "rerun" && l.edit == "" {
			bad("listing %s says not which file is edited (edit=PATH)", l.name)
			return
		}
		s.build, s.what = l.name, what
	default:
		bad("write image REF size, build NAME size or build NAME line N size")
	}
}
