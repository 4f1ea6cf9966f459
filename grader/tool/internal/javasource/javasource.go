// Package javasource reads off Java sources, with plain patterns, the little that models of compilers want to know: which class they declare, whether it can be started, and on
// which port it would listen. Nothing is parsed, and comments are not told from code.
package javasource

import (
	"path"
	"regexp"
	"strings"
)

// File is what a source says.
type File struct {
	Class string   // with its package: "app.tide.TideApplication"
	Main  bool     // it has a main method
	Boot  bool     // it is a Spring Boot application
	Types []string // further top-level types
	Port  string   // that it opens a server socket on, "" for none
}

var (
	packageLine = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)\s*;?`)
	mainMethod  = regexp.MustCompile(`\bstatic\s+(?:final\s+)?void\s+main\s*\(`)
	topType     = regexp.MustCompile(`(?m)^(?:public\s+|final\s+|abstract\s+|sealed\s+|non-sealed\s+)*(?:class|interface|enum|record|@interface)\s+(\w+)`)
	serverPort  = regexp.MustCompile(`(?:InetSocketAddress|ServerSocket|HttpServer\.create|\.listen|\.port|\.start)\s*\(\s*(?:"[^"]*"\s*,\s*)?(\d{2,5})\b`)
)

// Read reads the source of a file of that name.
func Read(name string, text []byte) File {
	class := strings.TrimSuffix(path.Base(name), path.Ext(name))
	f := File{Class: class, Main: mainMethod.Match(text), Boot: strings.Contains(string(text), "@SpringBootApplication")}
	if m := packageLine.FindSubmatch(text); m != nil {
		f.Class = string(m[1]) + "." + class
	}
	for _, m := range topType.FindAllSubmatch(text, 20) {
		if t := string(m[1]); t != class {
			f.Types = append(f.Types, t)
		}
	}
	if m := serverPort.FindSubmatch(text); m != nil {
		f.Port = string(m[1])
	}
	return f
}

// ClassFile is where the class is looked for below a class path: "app/tide/TideApplication.class".
func (f File) ClassFile() string { return strings.ReplaceAll(f.Class, ".", "/") + ".class" }

// Size estimates the class file's size from the source's.
func Size(source int64) int64 { return 700 + source*3/5 }
