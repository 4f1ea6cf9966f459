package golang

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// bundles and folders are where crypto/x509 looks for roots on Linux.
var (
	bundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"}
	certDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// bundle returns where the roots are found, or "".
func bundle(c *tool.Call) string {
	list, dirs := bundles, certDirs
	if f := c.Env.Get("SSL_CERT_FILE"); f != "" {
		list = []string{f}
	}
	if d := c.Env.Get("SSL_CERT_DIR"); d != "" {
		dirs = strings.Split(d, ":")
	}
	for _, p := range list {
		if n, err := c.FS.Stat(p); err == nil && n.Size() > 0 && c.FS.Access(p, 4) == nil {
			return p
		}
	}
	for _, d := range dirs {
		names, _ := c.FS.ReadDir(d)
		for _, name := range names {
			if n, err := c.FS.Stat(path.Join(d, name)); err == nil && !n.IsDir() && n.Size() > 0 {
				return d
			}
		}
	}
	return ""
}

// binary is a program that go build made.
func binary(ctx context.Context, c *tool.Call) int {
	f := c.Program.Fact
	var loaded []string
	if text := f("go.prints"); text != "" {
		c.Printf("%s", text)
	}
	for p := range strings.Lines(f("go.reads")) {
		p, fatal := strings.CutPrefix(strings.TrimSuffix(p, "\n"), "!")
		if _, err := c.FS.Content(p); err == nil {
			loaded = append(loaded, c.FS.Abs(p))
		} else if fatal {
			stamp(c, "open %s: %s", p, strings.ToLower(vfs.Message(err)))
			return 1
		}
	}
	for _, zone := range strings.Fields(f("go.zones")) {
		from := zoneinfo(c, zone)
		problem := ""
		if from == "" {
			problem = "unknown time zone " + zone
		} else {
			loaded = append(loaded, from)
		}
		c.Record(report.Event{Kind: "timezone", Tool: "go", Name: zone, Version: problem})
		if problem != "" && f("go.zonesFatal") != "" {
			stamp(c, "%s", problem)
			return 1
		}
	}
	if hosts := strings.Fields(f("go.connects")); len(hosts) > 0 {
		problem := ""
		if p := bundle(c); p != "" {
			loaded = append(loaded, p)
		} else {
			problem = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
		}
		for _, h := range hosts {
			c.Record(report.Event{Kind: "connect", Tool: "go", Name: h, Version: problem})
		}
	}
	if f("go.temp") != "" {
		dir := or(c.Env.Get("TMPDIR"), "/tmp")
		problem := ""
		if err := c.FS.Access(dir, 3); err != nil || !c.FS.IsDir(dir) {
			problem = "open " + dir + "/: no such file or directory"
			if err != nil {
				problem = "open " + dir + "/: " + strings.ToLower(vfs.Message(err))
			}
		}
		c.Record(report.Event{Kind: "tempfile", Tool: "go", Name: dir, Version: problem})
	}
	addr := f("go.listen")
	if addr == "" {
		return 0
	}
	addr = placeholder.ReplaceAllStringFunc(addr, func(s string) string {
		name, fallback, _ := strings.Cut(strings.Trim(s, "{}"), "|")
		return or(c.Env.Get(name), fallback)
	})
	port := portOf(addr)
	return c.Serve(ctx, c, tool.Service{Port: port, Runtime: "go " + f("go.version"), Graceful: f("go.ignores") == "", Loaded: loaded})
}

var placeholder = regexp.MustCompile(`\{[A-Za-z0-9_]*\|[^{}]*\}`)

func portOf(addr string) int {
	text := addr[strings.LastIndexByte(addr, ':')+1:]
	if text == "http" {
		return 80
	}
	n, _ := strconv.Atoi(text)
	return n
}

// zoneinfo returns where Go finds a time zone, or "".
func zoneinfo(c *tool.Call, zone string) string {
	if zone == "UTC" || zone == "Local" {
		return "built in"
	}
	if z := c.Env.Get("ZONEINFO"); z != "" && (c.FS.Exists(path.Join(z, zone)) || c.FS.Exists(z) && strings.HasSuffix(z, ".zip")) {
		return z
	}
	for _, dir := range []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"} {
		if p := path.Join(dir, zone); c.FS.Exists(p) {
			return p
		}
	}
	if p := "/usr/local/go/lib/time/zoneinfo.zip"; c.FS.Exists(p) {
		return p
	}
	if c.Program.Fact("go.tzdata") != "" {
		return "built in"
	}
	return ""
}

// stamp prints as package log does.
func stamp(c *tool.Call, format string, a ...any) {
	c.Errorf("%s %s", time.Unix(0, c.FS.Now()).UTC().Format("2006/01/02 15:04:05"), fmt.Sprintf(format, a...))
}
