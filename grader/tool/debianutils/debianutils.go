// Package debianutils models the small programs that packages' scripts run, and Dockerfiles now and then: ldconfig, ldd, update-ca-certificates, update-alternatives,
// dpkg-reconfigure, locale-gen, update-rc.d and invoke-rc.d. ldconfig and update-ca-certificates also answer on other distributions than Debian.
//
// Start from [Models].
package debianutils

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs of this package by the name in their file's facts.
func Models() tool.Models {
	quiet := func(context.Context, *tool.Call) int { return 0 }
	return tool.Models{
		"ldconfig": ldconfig, "ldconfig.real": ldconfig, "ldd": ldd, "update-ca-certificates": updateCertificates, "update-ca-trust": quiet, "update-alternatives": updateAlternatives,
		"dpkg-reconfigure": reconfigure, "locale-gen": localeGen, "localedef": localedef, "update-rc.d": quiet, "invoke-rc.d": invokeRC, "deb-systemd-helper": quiet,
		"policy-rc.d": quiet, "py3compile": quiet, "py3clean": quiet, "mandb": quiet, "update-mime": quiet, "update-passwd": quiet, "fc-cache": quiet,
	}
}

// attempt reports what could not be written; it returns whether all went well.
func attempt(c *tool.Call, err error) bool {
	if err != nil {
		c.Errorf("%s: %v", c.Name(), err)
	}
	return err == nil
}

// put writes a program's own file.
func put(c *tool.Call, p string, n *tree.Node) bool {
	n.ModTime = c.FS.Now()
	return attempt(c, c.FS.Graft(p, n))
}

// invokeRC says what it says where no init runs.
func invokeRC(_ context.Context, c *tool.Call) int {
	c.Printf("invoke-rc.d: could not determine current runlevel\ninvoke-rc.d: policy-rc.d denied execution of %s.\n", strings.Join(c.Args[min(2, len(c.Args)):], " "))
	return 0
}

// reconfigure is dpkg-reconfigure: of what shows in files, tzdata and locales.
func reconfigure(ctx context.Context, c *tool.Call) int {
	status := 0
	for i, a := range c.Args[1:] {
		switch {
		case strings.HasPrefix(a, "-"), c.Args[i] == "-f", c.Args[i] == "-p": // options and their values
		case a == "tzdata":
			zone := ""
			if to, err := c.FS.Readlink("/etc/localtime"); err == nil {
				zone = strings.TrimPrefix(to, "/usr/share/zoneinfo/")
			}
			if b, err := c.FS.ReadFile("/etc/timezone"); err == nil && zone == "" {
				zone = strings.TrimSpace(string(b))
			}
			if zone == "" {
				zone = "Etc/UTC"
			}
			attempt(c, c.FS.WriteFile("/etc/timezone", []byte(zone+"\n"), 0o644))
			c.Printf("\nCurrent default time zone: '%s'\n", zone)
		case a == "locales":
			status = localeGen(ctx, c)
		default:
			if b, err := c.FS.ReadFile("/var/lib/dpkg/status"); err == nil && !strings.Contains("\n"+string(b), "\nPackage: "+a+"\n") {
				c.Errorf("dpkg-query: package '%s' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.\n/usr/sbin/dpkg-reconfigure: %s is not installed", a, a)
				status = 1
			}
		}
	}
	return status
}

// localeGen builds the locales that /etc/locale.gen names.
func localeGen(_ context.Context, c *tool.Call) int {
	b, err := c.FS.ReadFile("/etc/locale.gen")
	if err != nil {
		return 0
	}
	wanted := slices.Clone(c.Args[1:])
	if c.Name() != "locale-gen" {
		wanted = nil
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && !strings.HasPrefix(f[0], "#") {
			wanted = append(wanted, f[0])
		}
	}
	c.Printf("Generating locales (this might take a while)...\n")
	for _, name := range wanted {
		if strings.HasPrefix(name, "-") {
			continue
		}
		c.Printf("  %s... done\n", name)
	}
	c.Printf("Generation complete.\n")
	if len(wanted) > 0 {
		archive(c, wanted)
	}
	return 0
}

// archive writes the file that holds all locales: some 3 MB and 150 kB for each further one.
func archive(c *tool.Call, names []string) {
	attempt(c, c.FS.MkdirAll("/usr/lib/locale", 0o755))
	put(c, "/usr/lib/locale/locale-archive", tree.NewFile(0o644, tree.Declared(int64(2900e3+150e3*float64(len(names))), "locale-archive:"+strings.Join(names, " "), nil)))
}

// localedef compiles one locale.
func localedef(_ context.Context, c *tool.Call) int {
	if len(c.Args) < 2 {
		c.Errorf("Usage: localedef [OPTION]... NAME")
		return 1
	}
	archive(c, c.Args[len(c.Args)-1:])
	return 0
}

// updateAlternatives is update-alternatives: --install, --set, --auto, --remove, --list, --display, --query.
func updateAlternatives(_ context.Context, c *tool.Call) int {
	args := c.Args[1:]
	for len(args) > 0 && (args[0] == "--quiet" || args[0] == "--force" || args[0] == "--verbose") {
		args = args[1:]
	}
	if len(args) == 0 {
		c.Errorf("update-alternatives: need --display, --query, --list, --get-selections, --config, --set, --set-selections, --install, --remove, --all, --remove-all or --auto")
		return 2
	}
	if c.FS.Cred.UID != 0 && slices.Contains([]string{"--install", "--set", "--remove", "--auto", "--remove-all"}, args[0]) {
		c.Errorf("update-alternatives: error: unable to create file '/var/lib/dpkg/alternatives/%s.dpkg-tmp': Permission denied", last(args))
		return 2
	}
	point := func(name, target string) int {
		through := "/etc/alternatives/" + name
		if !c.FS.Exists(target) {
			c.Errorf("update-alternatives: error: alternative path %s doesn't exist", target)
			return 2
		}
		attempt(c, c.FS.MkdirAll("/etc/alternatives", 0o755))
		if _, err := c.FS.Lstat(through); err == nil {
			attempt(c, c.FS.Remove(through))
		}
		attempt(c, c.FS.Symlink(target, through))
		return 0
	}
	switch args[0] {
	case "--install":
		if len(args) < 5 {
			c.Errorf("update-alternatives: --install needs <link> <name> <path> <priority>")
			return 2
		}
		link, name, target := args[1], args[2], args[3]
		if status := point(name, target); status != 0 {
			return status
		}
		c.Printf("update-alternatives: using %s to provide %s (%s) in auto mode\n", target, link, name)
		if _, err := c.FS.Lstat(link); err == nil {
			if to, err := c.FS.Readlink(link); err != nil || to != "/etc/alternatives/"+name {
				c.Errorf("update-alternatives: warning: not replacing %s with a link", link)
				return 0
			}
			return 0
		}
		attempt(c, c.FS.MkdirAll(path.Dir(link), 0o755))
		attempt(c, c.FS.Symlink("/etc/alternatives/"+name, link))
		attempt(c, c.FS.MkdirAll("/var/lib/dpkg/alternatives", 0o755))
		attempt(c, c.FS.WriteFile("/var/lib/dpkg/alternatives/"+name, fmt.Appendf(nil, "auto\n%s\n\n%s\n%s\n\n", link, target, args[4]), 0o644))
		return 0
	case "--set":
		if len(args) != 3 {
			c.Errorf("update-alternatives: --set needs <name> <path>")
			return 2
		}
		if _, err := c.FS.Lstat("/etc/alternatives/" + args[1]); err != nil {
			c.Errorf("update-alternatives: error: no alternatives for %s", args[1])
			return 2
		}
		return point(args[1], args[2])
	case "--auto", "--config", "--all", "--get-selections":
		return 0
	case "--remove", "--remove-all":
		if len(args) > 1 && c.FS.Exists("/etc/alternatives/"+args[1]) {
			attempt(c, c.FS.Remove("/etc/alternatives/"+args[1]))
		}
		return 0
	case "--list", "--display", "--query":
		if len(args) < 2 {
			return 2
		}
		to, err := c.FS.Readlink("/etc/alternatives/" + args[1])
		if err != nil {
			c.Errorf("update-alternatives: error: no alternatives for %s", args[1])
			return 2
		}
		c.Printf("%s\n", to)
		return 0
	}
	c.Errorf("update-alternatives: error: unknown argument '%s'", args[0])
	return 2
}

func last(s []string) string { return s[len(s)-1] }
