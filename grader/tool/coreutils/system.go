package coreutils

import (
	"strconv"
	"strings"
	"syscall"
	"time"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var system = []unix.Command{
	{Name: "uname", Args: "[OPTION]...", Run: uname, Spec: getopt.Spec{Short: "asnrvmpio",
		Long: "all/a kernel-name/s nodename/n kernel-release/r kernel-version/v machine/m processor/p hardware-platform/i operating-system/o"}},
	{Name: "arch", Args: "[OPTION]...", Run: func(c *unix.Cmd) int { c.Print(machine(c) + "\n"); return 0 }},
	{Name: "hostname", Args: "[-b] {hostname|-F file}", Fail: 255, Suite: "net-tools", Run: hostname, Spec: getopt.Spec{Short: "aAbdfF:iIsy",
		Long: "alias/a all-fqdns/A boot/b domain/d fqdn/f long/f file/F ip-address/i all-ip-addresses/I short/s"}},
	{Name: "hostid", Args: "[OPTION]", Run: func(c *unix.Cmd) int { c.Print("007f0100\n"); return 0 }},
	{Name: "nproc", Args: "[OPTION]...", Run: nproc, Spec: getopt.Spec{Long: "all ignore:"}},
	{Name: "date", Args: "[OPTION]... [+FORMAT]", Run: date, Spec: getopt.Spec{Short: "d:f:I::r:Rs:u",
		Long: "date/d file/f iso-8601/I reference/r rfc-email/R rfc-822/R rfc-2822/R rfc-3339: set/s utc/u universal/u debug"}},
	{Name: "sleep", Args: "NUMBER[SUFFIX]...", Run: sleep},
	{Name: "sync", Args: "[OPTION] [FILE]...", Run: func(*unix.Cmd) int { return 0 }, Spec: getopt.Spec{Short: "df", Long: "data/d file-system/f"}},
	{Name: "tty", Args: "[OPTION]...", Run: tty, Spec: getopt.Spec{Short: "s", Long: "silent/s quiet/s"}},
	{Name: "pwd", Args: "[OPTION]...", Run: pwd, Spec: getopt.Spec{Short: "LP", Long: "logical/L physical/P"}},
}

// The machine that a build runs on, as far as a step can see it.
const (
	kernelRelease = "6.1.0-18-amd64"
	kernelVersion = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
	processors    = 4
)

// machine is the platform's name for the kernel.
func machine(c *unix.Cmd) string {
	names := map[string]string{"amd64": "x86_64", "": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l"}
	if name, ok := names[c.Arch]; ok {
		return name
	}
	return c.Arch
}

func uname(c *unix.Cmd) int {
	if len(c.Operands) > 0 {
		return c.Usage("extra operand %s", c.Quote(c.Operands[0]))
	}
	var out []string
	for _, f := range []struct{ option, value string }{
		{"s", "Linux"}, {"n", nodename(c)}, {"r", kernelRelease}, {"v", kernelVersion}, {"m", machine(c)}, {"p", "unknown"}, {"i", "unknown"},
		{"o", c.Pick("GNU/Linux", "Linux")},
	} {
		all := c.Has("a") && f.value != "unknown"
		if c.Has(f.option) || all || len(c.Options) == 0 && f.option == "s" {
			out = append(out, f.value)
		}
	}
	c.Print(strings.Join(out, " ") + "\n")
	return 0
}

func nodename(c *unix.Cmd) string {
	if data, err := c.FS.ReadFile("/etc/hostname"); err == nil {
		if name := strings.TrimSpace(string(data)); name != "" {
			return name
		}
	}
	return "buildkitsandbox"
}

func hostname(c *unix.Cmd) int {
	if len(c.Operands) > 0 {
		return c.Die(1, "%s", c.Pick("you must be root to change the host name", "sethostname: Operation not permitted"))
	}
	switch name := nodename(c); {
	case c.Has("i"):
		c.Print("127.0.0.1\n")
	case c.Has("I"):
		c.Print("172.17.0.2 \n")
	case c.Has("d"):
		c.Print("\n")
	case c.Has("s"):
		short, _, _ := strings.Cut(name, ".")
		c.Print(short + "\n")
	default:
		c.Print(name + "\n")
	}
	return 0
}

func nproc(c *unix.Cmd) int {
	if len(c.Operands) > 0 {
		return c.Usage("extra operand %s", c.Quote(c.Operands[0]))
	}
	n := processors
	if s, ok := c.Lookup("ignore"); ok {
		less, err := strconv.Atoi(s)
		if err != nil {
			return c.Die(1, "invalid number: %s", c.Quote(s))
		}
		n = max(1, n-less)
	}
	c.Printf("%d\n", n)
	return 0
}

func date(c *unix.Cmd) int {
	t := unix.Time(c.FS.Now())
	if s, ok := c.Lookup("d"); ok {
		var ok bool
		if t, ok = unix.ParseDate(s, t); !ok {
			return c.Die(1, "invalid date %s", c.Quote(s))
		}
	}
	if ref, ok := c.Lookup("r"); ok {
		n, err := c.FS.Stat(ref)
		if err != nil {
			return c.Die(1, "%s: %s", c.Plain(ref), unix.Message(err))
		}
		t = unix.Time(n.ModTime)
	}
	if c.Has("s") {
		return c.Die(1, "cannot set date: %s", unix.Message(syscall.EPERM))
	}
	format := "%a %b %e %H:%M:%S %Z %Y"
	iso := map[string]string{"": "%Y-%m-%d", "date": "%Y-%m-%d", "hours": "%Y-%m-%dT%H%:z", "minutes": "%Y-%m-%dT%H:%M%:z",
		"seconds": "%Y-%m-%dT%H:%M:%S%:z", "ns": "%Y-%m-%dT%H:%M:%S,%N%:z"}
	switch c.Last("I", "R", "rfc-3339") {
	case "I":
		var ok bool
		if format, ok = iso[c.Value("I")]; !ok {
			return c.Usage("invalid argument %s for %s", c.Quote(c.Value("I")), c.Quote("--iso-8601"))
		}
	case "R":
		format = "%a, %d %b %Y %H:%M:%S %z"
	case "rfc-3339":
		format = strings.NewReplacer("T", " ", ",%N", ".%N").Replace(iso[c.Value("rfc-3339")])
	}
	switch {
	case len(c.Operands) > 1:
		return c.Usage("extra operand %s", c.Quote(c.Operands[1]))
	case len(c.Operands) == 1 && strings.HasPrefix(c.Operands[0], "+"):
		format = c.Operands[0][1:]
	case len(c.Operands) == 1:
		return c.Die(1, "invalid date %s", c.Quote(c.Operands[0]))
	}
	c.Print(unix.Strftime(format, t) + "\n")
	return 0
}

// seconds reads a duration such as 5, 1.5m, 2h, infinity.
func seconds(s string) (float64, bool) {
	if s == "infinity" || s == "inf" {
		return 1 << 40, true
	}
	unit := 1.0
	if n := len(s); n > 0 {
		if u, ok := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[s[n-1]]; ok {
			unit, s = u, s[:n-1]
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f * unit, err == nil && f >= 0
}

// settled is how long a container must run to count as one that keeps running.
const settled = 5 * time.Second

// sleep takes no time in a build. In a running container a long one is what keeps the container up.
func sleep(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	total := 0.0
	for _, s := range c.Operands {
		n, ok := seconds(s)
		if !ok {
			if c.Busybox {
				return c.Die(1, "invalid number '%s'", s)
			}
			return c.Usage("invalid time interval %s", c.Quote(s))
		}
		total += n
	}
	endless := total >= 1<<31
	if c.Serve != nil && (endless || c.Running && total > settled.Seconds()) {
		return c.Serve(c.Ctx, c.Call, tool.Service{})
	}
	return 0
}

func tty(c *unix.Cmd) int {
	if !c.Has("s") {
		c.Print("not a tty\n")
	}
	return 1
}

func pwd(c *unix.Cmd) int {
	if p := c.Env.Get("PWD"); c.Has("L") && p != "" {
		a, err1 := c.FS.Real(p)
		b, err2 := c.FS.Real(".")
		if err1 == nil && err2 == nil && a == b {
			c.Print(p + "\n")
			return 0
		}
	}
	p, err := c.FS.Real(".")
	if err != nil {
		return c.Die(1, "%s", unix.Message(err))
	}
	c.Print(p + "\n")
	return 0
}
