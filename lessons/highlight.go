package lessons

import (
	"html"
	"html/template"
	"strings"

	"github.com/alecthomas/chroma/v2"
	chromahtml "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
)

// highlight writes code with a class, of chroma's, for each kind of word; pages need no inline style. With an id each line has its number and an address, id-1, id-2 …
func highlight(language, code, id string) template.HTML {
	lexer := lexers.Get(language)
	if lexer == nil {
		lexer = lexers.Fallback
	}
	options := []chromahtml.Option{chromahtml.WithClasses(true)}
	if id != "" {
		options = append(options, chromahtml.WithLineNumbers(true), chromahtml.WithLinkableLineNumbers(true, id+"-"))
	}
	var b strings.Builder
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, code)
	if err == nil {
		err = chromahtml.New(options...).Format(&b, styles.Fallback, tokens)
	}
	if err != nil {
		return template.HTML(`<pre class="chroma"><code>` + html.EscapeString(code) + `</code></pre>`) //nolint:gosec // escaped
	}
	return template.HTML(b.String()) //nolint:gosec // escaped by the formatter
}
