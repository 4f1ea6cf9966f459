package lessons

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// link is a link to another place of the course.
type link struct {
	line     int
	file     string // of the lesson, within the lessons folder
	anchor   string // in it
	exercise string // ID, instead of a file
}

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// link judges a link's form, notes where it leads and writes the page's address into it.
func (d *document) link(n *ast.Link) {
	dest, line := string(n.Destination), d.line(n)
	if id, ok := strings.CutPrefix(dest, "exercise:"); ok {
		d.links = append(d.links, link{line: line, exercise: id})
		n.Destination = []byte("/exercises/" + id)
		return
	}
	if scheme.MatchString(dest) {
		if u, err := url.Parse(dest); err != nil || u.Scheme == "http" && u.Host == "" || u.Scheme == "https" && u.Host == "" {
			d.complain(line, "link %s: that is no address", dest)
		} else if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" {
			d.complain(line, "link %s: only http, https, mailto and exercise: lead anywhere", dest)
		}
		return
	}
	file, anchor, _ := strings.Cut(dest, "#")
	l := link{line: line, file: d.file, anchor: anchor}
	switch {
	case file == "":
	case path.Ext(file) != ".md" || strings.HasPrefix(file, "/"):
		d.complain(line, "link %s: a link leads to a lesson (../20-beginner/10-layers.md), an anchor (#name), an exercise (exercise:ID) or an address", dest)
		return
	default:
		l.file = path.Join(path.Dir(d.file), file)
		n.Destination = []byte("/lessons/" + lessonID(l.file))
		if anchor != "" {
			n.Destination = append(n.Destination, "#"+anchor...)
		}
	}
	d.links = append(d.links, l)
}

var number = regexp.MustCompile(`^\d+-`)

// unnumbered is a file or folder name without the number that orders it.
func unnumbered(name string) string { return number.ReplaceAllString(name, "") }

// lessonID makes "beginner/layers" of ".../20-beginner/10-layers.md".
func lessonID(file string) string {
	return unnumbered(path.Base(path.Dir(file))) + "/" + unnumbered(strings.TrimSuffix(path.Base(file), ".md"))
}
