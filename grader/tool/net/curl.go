package net

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/vfs"
)

var curlSpec = getopt.Spec{
	Short: "fsSLoOIkvX:H:d:u:A:e:b:c:F:T:w:m:y:Y:Cz:x:r:E:K:igGqnN#012346aJRZ",
	Long: "fail/f silent/s show-error/S location/L output:/o remote-name/O head/I insecure/k verbose/v request:/X header:/H data:/d " +
		"data-raw:/d data-binary:/d data-urlencode:/d json: user:/u user-agent:/A referer:/e cookie:/b cookie-jar:/c form:/F upload-file:/T " +
		"write-out:/w max-time:/m connect-timeout: retry: retry-delay: retry-max-time: retry-connrefused retry-all-errors create-dirs " +
		"proto: proto-redir: tlsv1.2 tlsv1.3 tlsv1 tls-max: ssl-reqd cacert: capath: cert: key: output-dir: compressed http1.1 http2 http3 " +
		"progress-bar/# no-progress-meter fail-with-body fail-early remote-time/R remote-header-name/J include/i get/G continue-at: proxy:/x " +
		"noproxy: resolve: limit-rate: max-redirs: max-filesize: unix-socket: version/V help/h ipv4/4 ipv6/6 url: globoff/g parallel/Z " +
		"disable/q netrc/n no-buffer/N range:/r ciphers: location-trusted dump-header: oauth2-bearer: next basic xattr",
}

func curl(ctx context.Context, c *tool.Call) int {
	spec := curlSpec
	spec.Short = strings.Replace(spec.Short, "oO", "o:O", 1) + "Vh"
	spec.Short = strings.Replace(spec.Short, "Cz:", "C:z:D:", 1)
	opt, err := getopt.Parse(spec, c.Args[1:])
	if err != nil {
		word := err.Error()
		if _, name, ok := strings.Cut(word, "'"); ok && (strings.Contains(word, "unrecognized") || strings.Contains(word, "invalid option")) {
			name = strings.TrimSuffix(name, "'")
			if !strings.HasPrefix(name, "-") {
				name = "-" + name
			}
			c.Errorf("curl: option %s: is unknown", name)
		} else {
			c.Errorf("curl: %s", word)
		}
		c.Errorf("curl: try 'curl --help' or 'curl --manual' for more information")
		return 2
	}
	if opt.Has("V") {
		c.Printf("curl %s (x86_64-pc-linux-gnu) libcurl/%[1]s\nProtocols: file ftp ftps http https\n", or(c.Program.Fact("version"), "8.14.1"))
		return 0
	}
	urls := append(opt.Values("url"), opt.Operands...)
	if len(urls) == 0 {
		c.Errorf("curl: (2) no URL specified")
		c.Errorf("curl: try 'curl --help' or 'curl --manual' for more information")
		return 2
	}
	outputs := opt.Values("o")
	status := 0
	for i, address := range urls {
		if ctx.Err() != nil {
			return 28
		}
		out := ""
		if i < len(outputs) {
			out = outputs[i]
		}
		status = curlOne(c, opt, address, out)
		if status != 0 && opt.Has("fail-early") {
			break
		}
	}
	return status
}

// curlOne transfers one address to a file, or to standard output.
func curlOne(c *tool.Call, opt *getopt.Result, address, out string) int {
	say := func(status int, format string, a ...any) int {
		if !opt.Has("s") || opt.Has("S") {
			c.Errorf("curl: (%d) "+format, append([]any{status}, a...)...)
		}
		return status
	}
	if p, ok := strings.CutPrefix(address, "file://"); ok {
		return curlFile(c, p, out, say)
	}
	r := fetch(c, address, !opt.Has("k"))
	switch r.failed {
	case badURL:
		return say(3, "URL rejected: No host part in the URL")
	case unsupported:
		return say(1, "Protocol \"%s\" not supported", r.url.Scheme)
	case unresolved:
		return say(6, "Could not resolve host: %s", r.host)
	case refused:
		return say(7, "Failed to connect to %s port %s after 0 ms: Couldn't connect to server", r.host, r.port)
	case noCertificates:
		bundle := bundles[0]
		if v := c.Program.Fact("version"); strings.HasPrefix(v, "8.") {
			if minor, _ := strconv.Atoi(strings.SplitN(v[2:], ".", 2)[0]); minor >= 11 {
				return say(77, "error adding trust anchors from file: %s", bundle)
			}
		}
		return say(77, "error setting certificate file: %s", bundle)
	}
	if r.status >= 400 && (opt.Has("f") || opt.Has("fail-with-body")) {
		return say(22, "The requested URL returned error: %d", r.status)
	}
	if opt.Has("I") {
		c.Printf("HTTP/2 %d \r\ncontent-length: %d\r\n\r\n", r.status, r.content.Size())
		return 0
	}
	record(c, "curl", r)
	if opt.Has("O") && out == "" {
		out = path.Base(r.url.Path)
		if strings.HasSuffix(r.url.Path, "/") || out == "." || out == "/" {
			return say(23, "Remote filename has no length")
		}
	}
	if dir := opt.Value("output-dir"); dir != "" && out != "" && !strings.HasPrefix(out, "/") {
		out = path.Join(dir, out)
	}
	if out == "" || out == "-" {
		emit(c, r.content)
	} else {
		if opt.Has("create-dirs") {
			c.FS.MkdirAll(path.Dir(out), 0o755)
		}
		if err := c.FS.WriteContent(out, r.content, 0o666); err != nil {
			if !opt.Has("s") || opt.Has("S") {
				c.Errorf("Warning: Failed to open the file %s: %s", out, vfs.Message(err))
			}
			return say(23, "client returned ERROR on write, %d bytes so far", 0)
		}
		if !opt.Has("s") && !opt.Has("no-progress-meter") {
			c.Errorf("  %% Total    %% Received %% Xferd  Average Speed   Time    Time     Time  Current\n" +
				"                                 Dload  Upload   Total   Spent    Left  Speed")
			c.Errorf("100 %5s  100 %5s    0     0  10.0M      0 --:--:-- --:--:-- --:--:-- 10.0M", kilo(r.content.Size()), kilo(r.content.Size()))
		}
	}
	if w := opt.Value("w"); w != "" {
		w = strings.NewReplacer("%{http_code}", strconv.Itoa(r.status), "%{response_code}", strconv.Itoa(r.status),
			"%{size_download}", fmt.Sprint(r.content.Size()), "%{url_effective}", r.url.String(), `\n`, "\n", `\t`, "\t").Replace(w)
		c.Printf("%s", w)
	}
	return 0
}

func curlFile(c *tool.Call, p, out string, say func(int, string, ...any) int) int {
	content, err := c.FS.Content(p)
	if err != nil {
		return say(37, "Couldn't open file %s", p)
	}
	if out == "" || out == "-" {
		emit(c, content)
	} else if err := c.FS.WriteContent(out, content, 0o666); err != nil {
		return say(23, "client returned ERROR on write, 0 bytes so far")
	}
	return 0
}

// kilo words a number of bytes as curl's progress meter does.
func kilo(n int64) string {
	switch {
	case n >= 100<<20:
		return fmt.Sprintf("%dM", n>>20)
	case n >= 10<<20:
		return fmt.Sprintf("%.1fM", float64(n)/(1<<20))
	case n >= 100_000:
		return fmt.Sprintf("%dk", n>>10)
	}
	return fmt.Sprint(n)
}
