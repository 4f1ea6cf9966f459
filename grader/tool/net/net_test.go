package net_test

import (
	"strings"
	"testing"

	"drydock/grader/tool/net"
	"drydock/grader/tool/trial"
)

const bundle = "/etc/ssl/certs/ca-certificates.crt"

func machine(t *testing.T, files map[string]string) *trial.Machine {
	if files == nil {
		files = map[string]string{bundle: "-----BEGIN CERTIFICATE-----\n"}
	}
	return trial.New(t, net.Models(), "curl wget git ssh-keyscan openssl ping ssh", files)
}

func TestCurlMessages(t *testing.T) {
	tests := []struct {
		line   string
		status int
		text   string
	}{
		{"curl -s http://nosuch.invalid", 6, ""},
		{"curl http://nosuch.invalid", 6, "curl: (6) Could not resolve host: nosuch.invalid\n"},
		{"curl -sS db:5432", 6, "curl: (6) Could not resolve host: db\n"},
		{"curl -fsS http://localhost", 7, "curl: (7) Failed to connect to localhost port 80 after 0 ms: Couldn't connect to server\n"},
		{"curl", 2, "curl: (2) no URL specified\n"},
		{"curl -fsS https://example.com/nothing", 22, "curl: (22) The requested URL returned error: 404\n"},
		{"curl -o /nodir/f https://example.com", 23, "Failed to open the file /nodir/f: No such file or directory"},
		{"wget -q http://nosuch.invalid", 4, ""},
		{"wget http://nosuch.invalid", 4, "wget: unable to resolve host address ‘nosuch.invalid’\n"},
		{"git clone https://nosuch.invalid/x.git", 128, "fatal: unable to access 'https://nosuch.invalid/x.git/': Could not resolve host: nosuch.invalid\n"},
		{"git clone git@github.com:acme/app.git", 128, "Host key verification failed.\nfatal: Could not read from remote repository.\n"},
		{"git rev-parse HEAD", 128, "fatal: not a git repository (or any of the parent directories): .git\n"},
		{"git frobnicate", 1, "git: 'frobnicate' is not a git command. See 'git --help'.\n"},
		{"ping -c 1 nosuch.invalid", 2, "ping: nosuch.invalid: Name or service not known\n"},
	}
	m := machine(t, nil)
	for _, tt := range tests {
		m.Fails(tt.line, tt.status, tt.text)
	}
}

func TestHTTPSNeedsCertificates(t *testing.T) {
	m := machine(t, map[string]string{"/etc/passwd": ""})
	m.Fails("curl -fsS https://example.com", 77, "curl: (77) error setting certificate file: "+bundle+"\n")
	m.Fails("wget https://example.com", 5, "The certificate of ‘example.com’ is not trusted.")
	m.Fails("git clone https://github.com/a/b", 128, "server certificate verification failed. CAfile: none CRLfile: none\n")
	m.OK("curl -fsSk https://example.com")
	m.OK("curl -fsS http://example.com")
}

func TestOffline(t *testing.T) {
	m := machine(t, nil)
	m.Offline = true
	m.Fails("curl -fsS https://example.com", 6, "curl: (6) Could not resolve host: example.com\n")
}

func TestDownloads(t *testing.T) {
	m := machine(t, nil)
	m.OK("curl -fsSLO https://nodejs.org/dist/v22.12.0/node-v22.12.0-linux-x64.tar.xz")
	n, err := m.FS.Stat("/node-v22.12.0-linux-x64.tar.xz")
	if err != nil || n.Size() < 20_000_000 || m.Bytes("download") != n.Size() || len(m.Notes) != 0 {
		t.Errorf("node: %v %v, %d downloaded, notes %v", err, n, m.Bytes("download"), m.Notes)
	}
	m.OK("wget -qO /usr/bin/tool https://tools.acme-corp.com/linux/amd64/tool")
	if len(m.Notes) != 1 || m.Notes[0].Kind != "unknown" {
		t.Errorf("notes: %v", m.Notes)
	}
	if got := m.OK("curl -fsSL https://deb.nodesource.com/setup_20.x"); !strings.Contains(got, "node_20.x") {
		t.Errorf("script: %s", got)
	}
	m.OK("curl -fsSL -o /usr/bin/tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-amd64")
	if c, _ := m.FS.Content("/usr/bin/tini"); c.Fact("program") != "tini" {
		t.Errorf("tini: %v", c.Facts())
	}
}

func TestGit(t *testing.T) {
	m := machine(t, nil)
	m.OK("git clone --depth 1 https://github.com/acme/app.git /src")
	sha := strings.TrimSpace(m.OK("git -C /src rev-parse HEAD"))
	if len(sha) != 40 {
		t.Errorf("rev-parse: %q", sha)
	}
	if got := m.OK("git -C /src rev-parse --short HEAD"); strings.TrimSpace(got) != sha[:7] {
		t.Errorf("short: %q", got)
	}
	m.Fails("git clone https://github.com/acme/app.git /src", 128, "fatal: destination path '/src' already exists and is not an empty directory.\n")
	m.OK("git config --global user.name Ann")
	if got := m.OK("git config user.name"); got != "Ann\n" {
		t.Errorf("config: %q", got)
	}
}
