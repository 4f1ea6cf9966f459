package debian

import (
	"strconv"
	"strings"
)

// Paragraph is a package's entry in dpkg's status, as text.
type Paragraph struct {
	Name string
	Text string // ends with a newline
}

// ParseStatus reads dpkg's status file: what is installed, and all paragraphs in order.
func ParseStatus(text string) (State, []Paragraph) {
	state := State{}
	var all []Paragraph
	for para := range strings.SplitSeq(text, "\n\n") {
		para = strings.Trim(para, "\n")
		if para == "" {
			continue
		}
		name := Field(para, "Package")
		if name == "" {
			continue
		}
		all = append(all, Paragraph{Name: name, Text: para + "\n"})
		status := Field(para, "Status")
		if !strings.HasSuffix(status, " installed") {
			continue
		}
		p := &Installed{
			Version: Field(para, "Version"), Arch: Field(para, "Architecture"), Depends: strings.ReplaceAll(Field(para, "Depends"), ":any", ""), PreDepends: Field(para, "Pre-Depends"),
			Recommends: Field(para, "Recommends"), Provides: Field(para, "Provides"), Essential: Field(para, "Essential") == "yes", Hold: strings.HasPrefix(status, "hold "),
		}
		if n, err := strconv.ParseInt(Field(para, "Installed-Size"), 10, 64); err == nil {
			p.Size = n
		}
		state[name] = p
	}
	return state, all
}

// Field returns a one-line field of a control paragraph.
func Field(para, name string) string {
	for rest := para; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if len(line) > len(name) && line[len(name)] == ':' && line[:len(name)] == name {
			return strings.TrimSpace(line[len(name)+1:])
		}
	}
	return ""
}

// StatusParagraph makes the status entry of a package from its control file.
func StatusParagraph(control, status string) string {
	head, rest, _ := strings.Cut(control, "\n")
	return head + "\nStatus: " + status + "\n" + strings.TrimRight(rest, "\n") + "\n"
}
