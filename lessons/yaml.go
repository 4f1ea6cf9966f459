package lessons

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	yamlLine     = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`field (\S+) not found in type .*`)
	wrongType    = regexp.MustCompile("cannot unmarshal !!\\w+ `(.*)` into (\\S+)")
)

// decodeYAML reads YAML that stands in file after the given number of lines. Unknown keys are problems.
func decodeYAML(file string, before int, data []byte, out any) []Problem {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(out)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		texts = texts[:0]
		for _, e := range several.Errors {
			texts = append(texts, fmt.Sprint(e))
		}
	}
	var problems []Problem
	for _, t := range texts {
		p := Problem{File: file, Text: t}
		if m := yamlLine.FindStringSubmatch(t); m != nil {
			n, _ := strconv.Atoi(m[1])
			p.Line, p.Text = before+n, m[2]
		}
		p.Text = unknownField.ReplaceAllString(p.Text, "there is no key $1 here")
		p.Text = wrongType.ReplaceAllStringFunc(p.Text, func(s string) string {
			m := wrongType.FindStringSubmatch(s)
			return fmt.Sprintf("%q is no %s", m[1], wordFor(m[2]))
		})
		problems = append(problems, p)
	}
	return problems
}

// wordFor names a Go type to an author.
func wordFor(goType string) string {
	switch {
	case strings.HasPrefix(goType, "int"):
		return "number"
	case strings.HasPrefix(goType, "[]"):
		return "list"
	case goType == "string":
		return "text"
	}
	return "mapping of keys to values"
}

// keyLines tells on which line of the file each top-level key stands.
func keyLines(before int, data []byte) map[string]int {
	lines := map[string]int{}
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return lines
	}
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		lines[top.Content[i].Value] = before + top.Content[i].Line
	}
	return lines
}

// located is a YAML string that knows its line.
type located struct {
	value string
	line  int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *located) UnmarshalYAML(n *yaml.Node) error {
	t.line = n.Line
	return n.Decode(&t.value)
}
