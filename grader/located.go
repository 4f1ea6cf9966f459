package grader

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FileError is something wrong in an exercise's file. Line is 0 where none can be named.
type FileError struct {
	File string
	Line int
	Text string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// located is a YAML string that knows where it stands.
type located struct {
	Text string
	Line int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *located) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a text is wanted", n.Line)
	}
	l.Text, l.Line = n.Value, n.Line
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		l.Line++
	}
	return nil
}

// oneOrMore is a YAML string or a list of them.
type oneOrMore []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *oneOrMore) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = oneOrMore{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// decode reads YAML into out, unknown fields being errors with their line.
func decode(file string, data []byte, out any) error {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	err := dec.Decode(out)
	if err == nil {
		return nil
	}
	var several *yaml.TypeError
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if errors.As(err, &several) {
		texts = texts[:0]
		for _, e := range several.Errors {
			texts = append(texts, fmt.Sprint(e))
		}
	}
	var errs []error
	for _, t := range texts {
		fe := &FileError{File: file, Text: t}
		if m := yamlLine.FindStringSubmatch(t); m != nil {
			fe.Line, _ = strconv.Atoi(m[1])
			fe.Text = plain(m[2])
		}
		errs = append(errs, fe)
	}
	return errors.Join(errs...)
}

var unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plain says in an author's words what the decoder says in a programmer's.
func plain(s string) string { return unknownField.ReplaceAllString(s, "there is no field $1 here") }
