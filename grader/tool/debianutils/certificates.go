package debianutils

import (
	"context"
	"crypto/sha1"
	"fmt"
	"path"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
)

const certsDir = "/etc/ssl/certs"

// updateCertificates links the chosen authorities into /etc/ssl/certs, under their names and under the hashes that openssl looks for, and joins
// them into ca-certificates.crt. Those in /usr/local/share/ca-certificates are always chosen.
func updateCertificates(_ context.Context, c *tool.Call) int {
	if c.FS.Cred.UID != 0 {
		c.Errorf("/usr/sbin/update-ca-certificates: 132: cannot create %s/ca-certificates.crt.new: Permission denied", certsDir)
		return 2
	}
	fresh := slices.Contains(c.Args, "--fresh") || slices.Contains(c.Args, "-f")
	c.Printf("Updating certificates in /etc/ssl/certs...\n")
	attempt(c, c.FS.MkdirAll(certsDir, 0o755))
	if fresh {
		clearLinks(c)
	}
	wanted := chosen(c)
	added, removed := 0, 0
	names, err := c.FS.ReadDir(certsDir)
	if err != nil {
		return 1
	}
	keep := map[string]bool{}
	for _, p := range wanted {
		keep[linkName(p)] = true
	}
	for _, n := range names { // links to what is gone
		link := path.Join(certsDir, n)
		to, err := c.FS.Readlink(link)
		if err != nil || !strings.HasSuffix(n, ".pem") || !strings.Contains(to, "ca-certificates/") {
			continue
		}
		if !c.FS.Exists(link) || !keep[n] {
			attempt(c, c.FS.Remove(link))
			removed++
		}
	}
	var total int64
	id := ""
	for _, p := range wanted {
		content, err := c.FS.Content(p)
		if err != nil {
			continue
		}
		if data, ok := content.Known(); ok && !strings.Contains(string(data), "-----BEGIN CERTIFICATE-----") {
			c.Errorf("rehash: warning: skipping %s,it does not contain exactly one certificate or CRL", linkName(p))
		}
		total += content.Size()
		id += content.ID()
		link := path.Join(certsDir, linkName(p))
		if _, err := c.FS.Lstat(link); err == nil {
			continue
		}
		attempt(c, c.FS.Symlink(p, link))
		added++
		hash := content.Fact("cahash")
		if hash == "" {
			hash = fmt.Sprintf("%x", sha1.Sum([]byte(content.ID())))[:8]
		}
		for i := range 10 {
			at := fmt.Sprintf("%s/%s.%d", certsDir, hash, i)
			if _, err := c.FS.Lstat(at); err != nil {
				attempt(c, c.FS.Symlink(linkName(p), at))
				break
			}
		}
	}
	for _, n := range names { // hashes of what is gone
		link := path.Join(certsDir, n)
		if to, err := c.FS.Readlink(link); err == nil && strings.HasSuffix(to, ".pem") && !strings.Contains(to, "/") && !c.FS.Exists(link) {
			attempt(c, c.FS.Remove(link))
		}
	}
	if added+removed > 0 || !c.FS.Exists(certsDir+"/ca-certificates.crt") {
		put(c, certsDir+"/ca-certificates.crt", tree.NewFile(0o644, tree.Declared(total, fmt.Sprintf("ca-bundle:%x", sha1.Sum([]byte(id))), nil)))
	}
	c.Printf("%d added, %d removed; done.\nRunning hooks in /etc/ca-certificates/update.d...\ndone.\n", added, removed)
	return 0
}

// chosen lists the certificates that are to be trusted.
func chosen(c *tool.Call) []string {
	var out []string
	if b, err := c.FS.ReadFile("/etc/ca-certificates.conf"); err == nil {
		for line := range strings.Lines(string(b)) {
			name := strings.TrimSpace(line)
			if name == "" || name[0] == '#' || name[0] == '!' {
				continue
			}
			if p := "/usr/share/ca-certificates/" + name; c.FS.Exists(p) {
				out = append(out, p)
			}
		}
	}
	c.FS.Walk("/usr/local/share/ca-certificates", func(p string, n *tree.Node, err error) bool {
		if err == nil && !n.IsDir() && strings.HasSuffix(p, ".crt") && len(out) < 5000 {
			out = append(out, p)
		}
		return err == nil
	})
	return out
}

func linkName(p string) string {
	name := strings.TrimSuffix(path.Base(p), ".crt")
	return strings.NewReplacer(" ", "_", "(", "=", ")", "=", ",", "_").Replace(name) + ".pem"
}

func clearLinks(c *tool.Call) {
	names, err := c.FS.ReadDir(certsDir)
	if err != nil {
		return
	}
	for _, n := range names {
		if _, err := c.FS.Readlink(path.Join(certsDir, n)); err == nil {
			attempt(c, c.FS.Remove(path.Join(certsDir, n)))
		}
	}
}
