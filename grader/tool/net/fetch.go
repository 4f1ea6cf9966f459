package net

import (
	"embed"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// downloads.txt lists well-known addresses; scripts holds what the installers among them do here.
//
//go:embed downloads.txt scripts
var files embed.FS

// known is a line of downloads.txt.
type known struct {
	url    *regexp.Regexp
	size   int64
	status int
	script string
	facts  map[string]string
}

var catalogue = readCatalogue()

func readCatalogue() []known {
	data, err := files.ReadFile("downloads.txt")
	if err != nil {
		panic(err)
	}
	var out []known
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		k := known{url: regexp.MustCompile(f[0]), status: 200, facts: map[string]string{}}
		k.size, _ = strconv.ParseInt(f[1], 10, 64)
		for _, kv := range f[2:] {
			name, value, _ := strings.Cut(kv, "=")
			switch name {
			case "script":
				k.script = value
			case "status":
				k.status, _ = strconv.Atoi(value)
			default:
				k.facts[name] = strings.ReplaceAll(value, "+", " ")
			}
		}
		out = append(out, k)
	}
	return out
}

// failure is why nothing came.
type failure int

const (
	none failure = iota
	badURL
	unresolved
	refused
	noCertificates // the bundle is missing
	unsupported    // scheme
)

// response is what a request brought.
type response struct {
	url     *url.URL
	host    string
	port    string
	status  int
	content *tree.Content
	failed  failure
}

var bundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"}

// trusted reports whether the image holds certificates.
func trusted(c *tool.Call) bool {
	for _, p := range append([]string{c.Env.Get("SSL_CERT_FILE"), c.Env.Get("CURL_CA_BUNDLE")}, bundles...) {
		if p == "" {
			continue
		}
		if n, err := c.FS.Stat(p); err == nil && n.Size() > 0 {
			return true
		}
	}
	return false
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$`)

// ownHost is where the installers' stand-ins get what they install; no real host has the name.
const ownHost = "drydock.invalid"

// resolves reports whether a host's name can exist in the public network.
func resolves(c *tool.Call, host string) bool {
	if c.Offline {
		return false
	}
	if data, err := c.FS.ReadFile("/etc/hosts"); err == nil {
		for _, line := range strings.Split(string(data), "\n") {
			for i, w := range strings.Fields(line) {
				if i > 0 && w == host {
					return true
				}
			}
		}
	}
	if !hostName.MatchString(host) || !strings.Contains(host, ".") {
		return false
	}
	if host == ownHost {
		return true
	}
	switch top := host[strings.LastIndexByte(host, '.')+1:]; top {
	case "invalid", "test", "local", "localhost", "internal", "example", "lan", "corp", "home":
		return false
	}
	return true
}

func isLocal(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" || host == "0.0.0.0"
}

// fetch asks for an address. secure says whether certificates are checked.
func fetch(c *tool.Call, address string, secure bool) response {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" && u.Scheme != "file" {
		return response{failed: badURL, url: &url.URL{}}
	}
	r := response{url: u, host: u.Hostname(), port: u.Port(), status: 200}
	switch u.Scheme {
	case "http", "ftp":
		r.port = or(r.port, "80")
	case "https":
		r.port = or(r.port, "443")
	default:
		r.failed = unsupported
		return r
	}
	switch {
	case isLocal(r.host):
		r.failed = refused
		return r
	case !resolves(c, r.host):
		r.failed = unresolved
		return r
	case u.Scheme == "https" && secure && !trusted(c):
		r.failed = noCertificates
		return r
	}
	u.User = nil
	r.answer(c, u.String())
	return r
}

// answer fills in what the server would send.
func (r *response) answer(c *tool.Call, address string) {
	id, facts := "url:"+address, map[string]string{"url": address}
	for _, k := range catalogue {
		m := k.url.FindStringSubmatch(address)
		if m == nil {
			continue
		}
		r.status = k.status
		if k.script != "" {
			if data, err := files.ReadFile("scripts/" + k.script); err == nil {
				r.content = tree.Text(expand(string(data), m))
				return
			}
		}
		for name, value := range k.facts {
			facts[name] = archName(expand(value, m))
		}
		r.content = tree.Declared(k.size, id, facts)
		return
	}
	size := guess(u(address))
	r.content = tree.Declared(size, id, facts)
	c.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not know what %s sends: it is taken to answer with about %s.", address, human(size))})
}

func u(address string) string {
	if p, err := url.Parse(address); err == nil {
		return p.Path
	}
	return address
}

// expand replaces $1, $2 … by what the pattern of the address matched.
func expand(s string, m []string) string {
	for i := len(m) - 1; i > 0; i-- {
		s = strings.ReplaceAll(s, "$"+strconv.Itoa(i), m[i])
	}
	return s
}

func archName(s string) string {
	switch s {
	case "x64", "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return s
}

// guess estimates a download's size by its name.
func guess(p string) int64 {
	switch name := path.Base(p); {
	case regexp.MustCompile(`\.(tar\.[a-z0-9]+|tgz|zip|txz)$`).MatchString(name):
		return 10_000_000
	case regexp.MustCompile(`\.(deb|rpm|apk|jar|whl)$`).MatchString(name):
		return 3_000_000
	case regexp.MustCompile(`\.(sh|json|txt|md|ya?ml|asc|gpg|key|sha256|sha512|sum|sig|html?|pem|crt)$`).MatchString(name):
		return 4_000
	case regexp.MustCompile(`linux|amd64|x86_64|arm64|aarch64`).MatchString(name):
		return 12_000_000
	}
	return 10_000
}

func human(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// record says that something was downloaded.
func record(c *tool.Call, name string, r response) {
	base := path.Base(r.url.Path)
	if base == "." || base == "/" {
		base = r.host
	}
	c.Record(report.Event{Kind: "download", Tool: name, Name: base, Bytes: r.content.Size()})
}

// emit writes content to standard output: its bytes, or the line that stands for them.
func emit(c *tool.Call, content *tree.Content) {
	if data, ok := content.Known(); ok {
		c.Stdout.Write(data)
		return
	}
	fmt.Fprintf(c.Stdout, "\x00%s %d\n", content.ID(), content.Size())
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
