package net

import (
	"context"
	"path"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/vfs"
)

var wgetSpec = getopt.Spec{
	Short: "qO:P:cNvT:t:U:S4n:6b",
	Long: "quiet/q output-document:/O directory-prefix:/P continue/c timestamping/N verbose/v no-verbose timeout:/T tries:/t user-agent:/U " +
		"server-response/S no-check-certificate show-progress progress: header: retry-connrefused waitretry: https-only " +
		"spider content-disposition no-cache no-hsts post-data: secure-protocol: user: password: version/V help ca-certificate: inet4-only/4 " +
		"inet6-only/6 no-clobber no-proxy max-redirect: connect-timeout: read-timeout: dns-timeout: trust-server-names",
}

func wget(ctx context.Context, c *tool.Call) int {
	spec := wgetSpec
	spec.Short += "V"
	opt, err := getopt.Parse(spec, c.Args[1:])
	busybox := c.Program.Fact("flavour") == "busybox"
	if err != nil {
		c.Errorf("wget: %s", err)
		if busybox {
			return 1
		}
		c.Errorf("Usage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.")
		return 2
	}
	if opt.Has("V") {
		c.Printf("GNU Wget %s built on linux-gnu.\n", or(c.Program.Fact("version"), "1.25.0"))
		return 0
	}
	if len(opt.Operands) == 0 {
		if busybox {
			c.Errorf("BusyBox v1.37.0 multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] URL...")
			return 1
		}
		c.Errorf("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.")
		return 1
	}
	status := 0
	for _, address := range opt.Operands {
		if ctx.Err() != nil {
			return 1
		}
		if s := wgetOne(c, opt, address, busybox); s != 0 {
			status = s
		}
	}
	return status
}

func wgetOne(c *tool.Call, opt *getopt.Result, address string, busybox bool) int {
	quiet := opt.Has("q")
	say := func(format string, a ...any) {
		if !quiet {
			c.Errorf(format, a...)
		}
	}
	r := fetch(c, address, !opt.Has("no-check-certificate") && !busybox)
	if busybox {
		switch r.failed {
		case badURL, unsupported:
			c.Errorf("wget: not an http or ftp url: %s", address)
			return 1
		case unresolved:
			c.Errorf("wget: bad address '%s'", r.host)
			return 1
		case refused:
			c.Errorf("wget: can't connect to remote host: Connection refused")
			return 1
		}
		if r.status >= 400 {
			c.Errorf("wget: server returned error: HTTP/1.1 %d Not Found", r.status)
			return 1
		}
	} else {
		switch r.failed {
		case badURL:
			c.Errorf("%s: Invalid host name.", address)
			return 1
		case unsupported:
			c.Errorf("%s: Unsupported scheme ‘%s’.", address, r.url.Scheme)
			return 1
		case unresolved:
			say("Resolving %s (%[1]s)... failed: Name or service not known.\nwget: unable to resolve host address ‘%[1]s’", r.host)
			return 4
		case refused:
			say("Connecting to %s (%[1]s)|127.0.0.1|:%s... failed: Connection refused.", r.host, r.port)
			return 4
		case noCertificates:
			say("ERROR: The certificate of ‘%s’ is not trusted.\nERROR: The certificate of ‘%[1]s’ doesn't have a known issuer.", r.host)
			return 5
		}
		if r.status >= 400 {
			say("ERROR %d: Not Found.", r.status)
			return 8
		}
	}
	if opt.Has("spider") {
		return 0
	}
	record(c, "wget", r)
	out := opt.Value("O")
	if out == "-" {
		emit(c, r.content)
		return 0
	}
	if out == "" {
		out = path.Base(r.url.Path)
		if out == "." || out == "/" || strings.HasSuffix(r.url.Path, "/") {
			out = "index.html"
		}
		if r.url.RawQuery != "" && !busybox {
			out += "?" + r.url.RawQuery
		}
		if dir := opt.Value("P"); dir != "" {
			c.FS.MkdirAll(dir, 0o777)
			out = path.Join(dir, out)
		}
		if busybox && c.FS.Exists(out) && !opt.Has("c") {
			c.Errorf("wget: can't open '%s': File exists", out)
			return 1
		}
	}
	if err := c.FS.WriteContent(out, r.content, 0o666); err != nil {
		if busybox {
			c.Errorf("wget: can't open '%s': %s", out, vfs.Message(err))
			return 1
		}
		c.Errorf("%s: %s", out, vfs.Message(err))
		return 3
	}
	if busybox {
		say("saving to '%s'\n'%[1]s' saved", out)
	} else {
		say("Saving to: ‘%s’\n\n‘%[1]s’ saved [%d/%[2]d]\n", out, r.content.Size())
	}
	return 0
}
