package apt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"drydock/grader/catalogue/debian"
	"drydock/grader/tree"
)

// journal collects what goes into the logs.
type journal struct {
	at   time.Time
	log  strings.Builder // dpkg.log
	term strings.Builder // apt/term.log
	alt  strings.Builder // alternatives.log
}

func (j *journal) dpkg(format string, a ...any) {
	j.log.WriteString(j.at.Format("2006-01-02 15:04:05 ") + fmt.Sprintf(format, a...) + "\n")
}

func qualified(name, arch string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return name + ":" + arch
}

func (j *journal) unpacked(name, version, arch, old string) {
	name = qualified(name, arch)
	if old == "<none>" {
		j.dpkg("install %s %s %s", name, old, version)
		j.dpkg("status half-installed %s %s", name, version)
	} else {
		j.dpkg("upgrade %s %s %s", name, old, version)
		j.dpkg("status half-configured %s %s", name, old)
		j.dpkg("status unpacked %s %s", name, old)
		j.dpkg("status half-installed %s %s", name, old)
	}
	j.dpkg("status unpacked %s %s", name, version)
}

func (j *journal) configured(name, version, arch string) {
	name = qualified(name, arch)
	j.dpkg("configure %s %s <none>", name, version)
	j.dpkg("status unpacked %s %s", name, version)
	j.dpkg("status half-configured %s %s", name, version)
	j.dpkg("status installed %s %s", name, version)
}

// finish writes the logs and takes the archives away where the configuration says so.
func (r *run) finish(plan *debian.Plan, removed []string, log *journal) {
	r.writeLogs(plan, removed, log, true)
	keep := r.conf.get("APT::Keep-Downloaded-Packages")
	byApt := r.Name() == "apt" && !r.conf.flag("Binary::apt::APT::Keep-Downloaded-Packages")
	if r.runsClean("DPkg::Post-Invoke") || byApt || keep == "false" || keep == "0" {
		r.sweep("/var/cache/apt/archives", func(n string) bool { return strings.HasSuffix(n, ".deb") })
		r.sweep("/var/cache/apt/archives/partial", func(n string) bool { return strings.HasSuffix(n, ".deb") })
	}
	r.cacheFiles()
}

// writeLogs appends to dpkg.log, alternatives.log and apt's own logs.
func (r *run) writeLogs(plan *debian.Plan, removed []string, log *journal, byApt bool) {
	r.attempt(r.FS.MkdirAll("/var/log/apt", 0o755))
	r.attempt(r.FS.Append("/var/log/dpkg.log", []byte(log.log.String()), 0o644))
	if log.alt.Len() > 0 {
		r.attempt(r.FS.Append("/var/log/alternatives.log", []byte(log.alt.String()), 0o644))
	}
	if !byApt {
		return
	}
	day := log.at.Format("2006-01-02  15:04:05")
	var h strings.Builder
	fmt.Fprintf(&h, "\nStart-Date: %s\nCommandline: %s\n", day, strings.Join(r.Args, " "))
	if len(plan.Install) > 0 {
		var items []string
		for _, p := range plan.Install {
			auto := ""
			if !plan.Asked[p.Name] {
				auto = ", automatic"
			}
			items = append(items, fmt.Sprintf("%s:%s (%s%s)", p.Name, r.Arch, p.Version, auto))
		}
		fmt.Fprintf(&h, "Install: %s\n", strings.Join(items, ", "))
	}
	if len(plan.Upgrade) > 0 {
		var items []string
		for _, p := range plan.Upgrade {
			items = append(items, fmt.Sprintf("%s:%s (%s)", p.Name, r.Arch, p.Version))
		}
		fmt.Fprintf(&h, "Upgrade: %s\n", strings.Join(items, ", "))
	}
	if len(removed) > 0 {
		var items []string
		for _, n := range removed {
			items = append(items, fmt.Sprintf("%s:%s", n, r.Arch))
		}
		fmt.Fprintf(&h, "Remove: %s\n", strings.Join(items, ", "))
	}
	fmt.Fprintf(&h, "End-Date: %s\n", day)
	r.attempt(r.FS.Append("/var/log/apt/history.log", []byte(h.String()), 0o644))
	fresh := !r.FS.Exists("/var/log/apt/term.log")
	r.attempt(r.FS.Append("/var/log/apt/term.log", []byte("\nLog started: "+day+"\n"+log.term.String()+"Log ended: "+day+"\n"), 0o640))
	if fresh {
		r.attempt(r.FS.Chmod("/var/log/apt/term.log", 0o640))
		r.attempt(r.FS.Chown("/var/log/apt/term.log", 0, 4, true))
	}
	n := len(plan.Install) + len(plan.Upgrade) + len(removed)
	r.put("/var/log/apt/eipp.log.xz", tree.NewFile(0o644, tree.Declared(int64(4200+120*n), "apt:eipp "+strings.Join(slices.Sorted(names(plan)), " "), nil)))
}

func names(plan *debian.Plan) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, p := range plan.Install {
			if !yield(p.Name) {
				return
			}
		}
	}
}
