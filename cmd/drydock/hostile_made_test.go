package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"drydock/grader"
)

const from = "FROM debian:bookworm-slim\n"

// limit is the largest answer that is read at all.
const limit = 128 << 10

// fill repeats s for as long as an answer may be.
func fill(head, s string) string { return head + strings.Repeat(s, (limit-len(head))/len(s)) }

// numbered joins n lines, each with its number put in.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d"), i)
		if b.Len() > limit-200 {
			break
		}
	}
	return b.String()
}

// made lists the answers that are made in bulk.
func made() []hostile {
	dockerfile := func(name, text, want string) hostile {
		return hostile{name: "bulk/" + name, files: grader.Files{"Dockerfile": text}, want: want}
	}
	with := func(name, file, text, dockerfile string) hostile {
		return hostile{name: name, files: grader.Files{"Dockerfile": dockerfile, file: text}}
	}
	npm, pip := "FROM node:20\nWORKDIR /a\nCOPY . .\n", "FROM python:3.12-slim\nWORKDIR /a\nCOPY . .\n"
	mvn, golang := "FROM maven:3.9-eclipse-temurin-21\nWORKDIR /a\nCOPY . .\n", "FROM golang:1.23\nWORKDIR /a\nCOPY . .\n"
	return []hostile{
		dockerfile("too-large", from+"RUN echo "+strings.Repeat("x", 1<<20), "larger than 128 KiB"),
		dockerfile("empty", "", "no build stage|empty|no instructions"),
		dockerfile("long-line", fill(from+"RUN echo ", "x"), ""),
		dockerfile("long-words", fill(from+"RUN echo ", "x "), ""),
		dockerfile("long-json", fill(from+`RUN ["echo"`, `,"x"`)+"]", ""),
		dockerfile("long-json-nested", from+"RUN "+strings.Repeat("[", 60_000)+strings.Repeat("]", 60_000), ""),
		dockerfile("instructions", fill(from, "RUN :\n"), "instructions"),
		dockerfile("instructions-few", from+numbered(950, "RUN : #\n"), ""),
		dockerfile("arguments", fill(from, "ARG a\n"), "instructions"),
		dockerfile("environment", from+numbered(10_000, "ENV a#=$a$b\n"), "instructions"),
		dockerfile("environment-few", from+numbered(950, "ENV a#=$a$b\n"), ""),
		dockerfile("environment-line", from+"ENV"+numbered(10_000, " a#=b"), ""),
		dockerfile("environment-growth", from+"ENV a0=aaaaaaaaaa\n"+strings.Replace(numbered(100, "ENV b=$a0$a0$a0\nENV a0=$b$b$b\n"), "#", "", -1), ""),
		dockerfile("argument-growth", "ARG a=aaaaaaaaaa\n"+strings.Repeat("ARG a=$a$a\n", 60)+"FROM debian:bookworm-slim\n", ""),
		dockerfile("nested-expansion", from+"ENV a="+strings.Repeat("${b:-", 20_000)+"x"+strings.Repeat("}", 20_000)+"\n", ""),
		dockerfile("labels", from+numbered(10_000, "LABEL a#=b\n"), ""),
		dockerfile("copies", fill(from, "COPY . .\n"), "instructions"),
		dockerfile("copies-link", fill(from, "COPY --link . /a\n"), "instructions"),
		dockerfile("copies-few", from+strings.Repeat("COPY --link . /a/\n", 400), ""),
		dockerfile("workdirs", fill(from, "WORKDIR a\n"), ""),
		dockerfile("workdirs-few", from+strings.Repeat("WORKDIR aaaaaaaaaa\n", 450), ""),
		dockerfile("runs-few", from+numbered(450, "RUN echo # > /f#\n"), ""),
		dockerfile("runs-all-files", from+strings.Repeat("RUN chown -R 1:1 / && chown -R 0:0 /\n", 450), ""),
		dockerfile("stages", numbered(10_000, "FROM scratch AS s#\n"), "stages"),
		dockerfile("stages-chained", "FROM debian:bookworm-slim AS s0\n"+chain(10_000, "FROM s%d AS s%d\n"), "stages"),
		dockerfile("stages-copying", "FROM debian:bookworm-slim AS s0\n"+chain(10_000, "FROM debian:bookworm-slim AS s%[2]d\nCOPY --from=s%[1]d /etc /etc\n"), "stages"),
		dockerfile("stages-few", "FROM debian:bookworm-slim AS s0\nRUN true\n"+chain(190, "FROM debian:bookworm-slim AS s%[2]d\nCOPY --from=s%[1]d / /\n"), ""),
		dockerfile("stages-doubling", "FROM debian:bookworm-slim AS s0\nRUN true\n"+chain(190, "FROM s%[1]d AS s%[2]d\nCOPY --from=s%[1]d / /\nCOPY --from=s%[1]d / /x%[2]d\n"), ""),
		dockerfile("stages-onbuild", "FROM debian:bookworm-slim AS s0\nONBUILD RUN true\n"+chain(190, "FROM s%[1]d AS s%[2]d\nONBUILD RUN true\nONBUILD COPY . /\nONBUILD RUN echo %[2]d\n"), ""),
		dockerfile("copy-doubling", from+"COPY . /d/a\n"+strings.Repeat("COPY --from=0 / /d/\n", 1)+"RUN "+strings.Repeat("cp -r /d /e; mv /e /d/e; ", 40), ""),
		dockerfile("mounts", from+"RUN "+numbered(2500, "--mount=type=cache,target=/c# ")+"true\n", "mounts|"),
		dockerfile("mounts-bind", from+"RUN "+numbered(2500, "--mount=type=bind,target=/c#,rw ")+"ls -R /\n", ""),
		dockerfile("mounts-tmpfs", from+"RUN "+numbered(2500, "--mount=type=tmpfs,target=/c/# ")+"find / | wc -l; touch /c/*/x; rm -rf /c\n", ""),
		dockerfile("flags", from+"RUN "+strings.Repeat("--network=none ", 5000)+"true\n", ""),
		dockerfile("heredoc", fill(from+"RUN <<E\n", "echo x\n")+"\nE\n", ""),
		dockerfile("heredoc-open", fill(from+"RUN <<E\n", "echo x\n"), ""),
		dockerfile("heredocs", from+"COPY "+numbered(3000, "<<f# ")+"/x/\n"+numbered(3000, "a\nf#\n"), ""),
		dockerfile("heredocs-nested", from+"RUN <<E\n"+numbered(2000, "cat <<E#\n$(cat <<F#\n")+"\nE\n", ""),
		dockerfile("parentheses", from+"RUN "+strings.Repeat("(", 60_000)+strings.Repeat(")", 60_000)+"\n", ""),
		dockerfile("substitutions", from+"RUN echo "+strings.Repeat("$(echo ", 15_000)+strings.Repeat(")", 15_000)+"\n", ""),
		dockerfile("backquotes", from+"RUN echo "+strings.Repeat("`", 60_000)+"\n", ""),
		dockerfile("quotes", from+"RUN echo "+strings.Repeat(`"$(`, 20_000)+"\n", ""),
		dockerfile("ifs", from+"RUN "+strings.Repeat("if true; then ", 7000)+":"+strings.Repeat("; fi", 7000)+"\n", ""),
		dockerfile("braces", from+"SHELL [\"bash\", \"-c\"]\nRUN echo "+strings.Repeat("{a,", 20_000)+strings.Repeat("}", 20_000)+"\n", ""),
		dockerfile("braces-product", from+"SHELL [\"bash\", \"-c\"]\nRUN echo "+strings.Repeat("{a,b}", 20_000)+"\n", ""),
		dockerfile("arithmetic", from+"RUN echo $(("+strings.Repeat("(", 50_000)+"1"+strings.Repeat(")", 50_000)+"))\n", ""),
		dockerfile("arithmetic-unary", from+"RUN echo $(("+strings.Repeat("- ", 50_000)+"1))\n", ""),
		dockerfile("pipes", from+"RUN "+strings.Repeat("cat | ", 20_000)+"cat\n", ""),
		dockerfile("ands", from+"RUN "+strings.Repeat("true && ", 15_000)+"true\n", ""),
		dockerfile("nots", from+"RUN "+strings.Repeat("! ", 50_000)+"true\n", ""),
		dockerfile("test", from+"RUN [ "+strings.Repeat(`\( `, 30_000)+"x"+strings.Repeat(` \)`, 10_000)+" ]; [ "+strings.Repeat("! ", 10_000)+" ]\n", ""),
		dockerfile("find", from+"RUN find / "+strings.Repeat(`\( `, 20_000)+strings.Repeat(`\) `, 20_000)+"\n", ""),
		dockerfile("awk", from+"RUN awk 'BEGIN { print "+strings.Repeat("(", 60_000)+"1"+strings.Repeat(")", 60_000)+" }'\n", ""),
		dockerfile("awk-blocks", from+"RUN awk 'BEGIN "+strings.Repeat("{", 60_000)+strings.Repeat("}", 60_000)+"'\n", ""),
		dockerfile("sed", from+"RUN echo x | sed '"+strings.Repeat("{", 60_000)+strings.Repeat("}", 60_000)+"'\n", ""),
		dockerfile("regexp", from+"RUN echo x | grep -E '"+strings.Repeat("(a|", 30_000)+strings.Repeat(")", 30_000)+"'\n", ""),
		dockerfile("regexp-stars", from+"RUN echo x | grep -E '"+strings.Repeat("a*", 50_000)+"b'\n", ""),
		dockerfile("case", from+"RUN case $(head -c 100000 /dev/zero | tr '\\0' a) in "+strings.Repeat("*a", 50_000)+"b) ;; esac\n", ""),
		dockerfile("extended", from+"SHELL [\"bash\", \"-O\", \"extglob\", \"-c\"]\nRUN [[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab == "+strings.Repeat("+(", 500)+"a"+strings.Repeat(")", 500)+" ]]\n", ""),
		dockerfile("extended-long", from+"SHELL [\"bash\", \"-O\", \"extglob\", \"-c\"]\nRUN [[ x == "+strings.Repeat("!(", 20_000)+"a"+strings.Repeat(")", 20_000)+" ]]; echo "+strings.Repeat("!(a)", 10_000)+"\n", ""),
		dockerfile("extended-not", from+"SHELL [\"bash\", \"-O\", \"extglob\", \"-c\"]\nRUN x=$(head -c 500 /dev/zero | tr '\\0' a); [[ $x == "+strings.Repeat("!(b)", 30)+"c ]]\n", ""),
		dockerfile("packages", from+"RUN apt-get update && apt-get install -y "+numbered(10_000, "lib# ")+"\n", ""),
		dockerfile("words-of-npm", "FROM node:20\nRUN npm install "+numbered(10_000, "pkg# ")+"\n", ""),
		dockerfile("words-of-pip", "FROM python:3.12\nRUN pip install "+numbered(10_000, "pkg# ")+"\n", ""),
		dockerfile("sources", from+"COPY "+numbered(12_000, "a# ")+"/x/\n", ""),
		dockerfile("sources-wild", from+"COPY "+strings.Repeat("**/* ", 10_000)+"/x/\n", ""),
		dockerfile("excludes", from+"COPY "+numbered(5_000, "--exclude=**/a#/** ")+". /x/\n", ""),
		dockerfile("parents", from+"COPY --parents "+strings.Repeat("./", 40_000)+"hello.txt /x/\n", ""),
		dockerfile("deep-path", from+"COPY . /"+strings.Repeat("a/", 50_000)+"\nRUN find / | wc -l; rm -rf /a\n", ""),
		dockerfile("deep-workdir", from+"WORKDIR /"+strings.Repeat("a/", 50_000)+"\nRUN pwd | wc -c\n", ""),
		dockerfile("deep-link", from+"COPY --link . /"+strings.Repeat("a/", 50_000)+"\nCOPY --link . /"+strings.Repeat("a/", 10_000)+"\n", ""),
		dockerfile("ports", from+"EXPOSE "+numbered(20_000, "# ")+"\n", ""),
		dockerfile("ports-range", from+"EXPOSE "+strings.Repeat("1-65535 ", 10_000)+"\n", ""),
		dockerfile("volumes", from+"VOLUME "+numbered(10_000, "/v# ")+"\n", ""),
		dockerfile("nul", from+"RUN echo \x00\x00 > /\x00\nCOPY \x00 \x00\n\x00\n", ""),
		dockerfile("nul-only", strings.Repeat("\x00", limit), ""),
		dockerfile("invalid-utf8", from+"RUN echo '\xff\xfe\xc3\x28' > /\xff && ls /\nENV \xff=\xfe\nLABEL \xff=\xff\nCOPY \xff \xff\n", ""),
		dockerfile("invalid-stage", "FROM \xff\xff AS \xff\nFROM \u202e\n", ""),
		dockerfile("byte-order-mark", "\ufeff"+from+"RUN echo x\n", ""),
		dockerfile("carriage-returns", fill("", "\r"), ""),
		dockerfile("newlines", fill(from, "\n"), ""),
		dockerfile("comments", fill(from, "#\n"), ""),
		dockerfile("continuations", fill(from+"RUN echo ", "\\\n"), ""),
		dockerfile("directives", fill("", "# escape=`\n"), ""),
		dockerfile("noise", noise(limit, ""), ""),
		dockerfile("noise-instructions", noise(limit, "RUN COPY ADD FROM ENV ARG AS --from= $ { } ( ) ' \" \\ \n < << & | ; * ? [ ] a b 0 1 - = : / ."), ""),

		with("ignore/many", ".dockerignore", numbered(20_000, "a#\n"), from+"COPY . /\n"),
		with("ignore/alternating", ".dockerignore", numbered(20_000, "*\n!a#\n"), from+"COPY . /\n"),
		with("ignore/stars", ".dockerignore", strings.Repeat("**/*", 20_000)+"x\n", from+"COPY . /\n"),
		with("ignore/star", ".dockerignore", strings.Repeat("*a", 40_000)+"x\n", from+"COPY . /\n"),
		with("ignore/doublestars", ".dockerignore", strings.Repeat("**/", 30_000)+"x\n!"+strings.Repeat("**/", 8000)+"y\n", from+"COPY . /\n"),
		with("ignore/lines-of-stars", ".dockerignore", strings.Repeat(strings.Repeat("**/*a*", 10)+"x\n", 1500), from+"COPY . /\n"),
		with("ignore/brackets", ".dockerignore", strings.Repeat("[", 60_000)+"\n[z-a]\n[]a]\n\\\n", from+"COPY . /\n"),
		with("ignore/repeats", ".dockerignore", "a{1000}{1000}{1000}\n(a+)+$\n", from+"COPY . /\n"),
		with("ignore/escape", ".dockerignore", "!../../../../etc\n!/etc/passwd\n../..\n", from+"COPY . /\nCOPY ../../etc/passwd /\n"),
		with("ignore/deep", ".dockerignore", strings.Repeat("a/", 60_000)+"\n!"+strings.Repeat("../", 1000)+"\n", from+"COPY . /\n"),
		with("ignore/invalid", ".dockerignore", "\x00\n\xff\n!\n!!\n\ufeff\n", from+"COPY . /\n"),
		with("ignore/noise", ".dockerignore", noise(limit, "* ** / ! ? [ ] a b . .. \n \\ - ^"), from+"COPY . /\n"),
		with("ignore/everything", ".dockerignore", "**\n!**\n**\n", from+"COPY . /\n"),

		with("npm/dependencies", "package.json", `{"name":"a","version":"1.0.0","dependencies":{`+numbered(6000, `"pkg#":"*",`)+`"z":"*"}}`, npm+"RUN npm install\n"),
		with("npm/nested", "package.json", fill(`{"name":`, "["), npm+"RUN npm install; npm ci; node -e 1; npm start\n"),
		with("npm/nested-objects", "package.json", strings.Repeat(`{"dependencies":`, 7000)+"1"+strings.Repeat("}", 7000), npm+"RUN npm install\n"),
		with("npm/lock-cycle", "package-lock.json", lockCycle(400), npm+`RUN echo '{"name":"a","version":"1.0.0","dependencies":{"p0":"1.0.0"}}' > package.json && npm ci && npm ls --all; npm install; npm prune --omit=dev; npm dedupe`+"\n"),
		with("npm/lock-links", "package-lock.json", `{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","dependencies":{"b":"file:b"}},"node_modules/b":{"resolved":"../../../../etc","link":true},"../../etc":{"version":"1.0.0"},"node_modules/../../../x":{"version":"1.0.0"},"node_modules/b/node_modules/b":{"resolved":"node_modules/b","link":true}}}`, npm+`RUN echo '{"name":"a","dependencies":{"b":"file:b"}}' > package.json; npm ci; npm i; ls -R /x`+"\n"),
		with("npm/lock-deep", "package-lock.json", `{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a","dependencies":{"a":"1.0.0"}},"`+strings.Repeat("node_modules/a/", 7000)+`":{"version":"1.0.0"}}}`, npm+`RUN echo '{"name":"a","dependencies":{"a":"1.0.0"}}' > package.json; npm ci; npm i`+"\n"),
		with("npm/lock-old", "package-lock.json", strings.Repeat(`{"lockfileVersion":1,"requires":true,"dependencies":{"a":`, 2000)+"{}"+strings.Repeat("}}", 2000), npm+`RUN echo '{"name":"a","dependencies":{"a":"1.0.0"}}' > package.json; npm ci; npm i`+"\n"),
		with("npm/scripts", "package.json", `{"name":"a","version":"1.0.0","scripts":{"a":"npm run a & npm run a","install":"npm run a","preinstall":"npm install"}}`, npm+"RUN npm run a\n"),
		with("npm/workspaces", "package.json", `{"name":"a","version":"1.0.0","workspaces":["**","../*","/*","./**/**/**/**/**/*","node_modules/*"]}`, npm+"RUN ln -s . x && ln -s / y && npm install\n"),
		with("npm/ranges", "package.json", `{"name":"a","version":"1.0.0","dependencies":{"express":"`+fill("", "1.x || ")[:100_000]+`"}}`, npm+"RUN npm install\n"),
		with("npm/yarn", "yarn.lock", numbered(10_000, "a@#:\n  version \"1\"\n  dependencies:\n    a \"#\"\n"), npm+"RUN yarn install --frozen-lockfile; pnpm install; yarn berry\n"),
		with("npm/pnpm", "pnpm-lock.yaml", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\npackages: *g\n", npm+"RUN corepack enable; pnpm install --frozen-lockfile\n"),
		with("npm/server", "server.js", fill("", "require('./server');"), npm+"RUN node server.js\nCMD [\"node\", \"server.js\"]\n"),
		with("npm/server-nested", "server.js", fill("", "("), npm+"RUN node server.js\nCMD [\"node\", \"server.js\"]\n"),

		with("pip/requirements", "requirements.txt", numbered(10_000, "pkg#>=0,<1\n"), pip+"RUN pip install -r requirements.txt\n"),
		with("pip/itself", "requirements.txt", strings.Repeat("-r requirements.txt\n-c requirements.txt\n", 1000), pip+"RUN pip install -r requirements.txt\n"),
		with("pip/known", "requirements.txt", strings.Repeat("django\nnumpy\npandas\nflask\nrequests\n", 3000), pip+"RUN pip install -r requirements.txt\n"),
		with("pip/markers", "requirements.txt", "django;"+strings.Repeat("(", 60_000)+"\n"+"flask; "+strings.Repeat("python_version > '3' and ", 2000)+"\n", pip+"RUN pip install -r requirements.txt\n"),
		with("pip/extras", "requirements.txt", "django"+strings.Repeat("[a", 50_000)+"\n"+strings.Repeat("\\\n", 10_000), pip+"RUN pip install -r requirements.txt\n"),
		with("pip/project", "pyproject.toml", strings.Repeat("[", 50_000)+"\n"+strings.Repeat("a.", 20_000)+"=1\n", pip+"RUN pip install .; uv sync; poetry install\n"),
		with("pip/main", "main.py", fill("", "import main\n"), pip+"RUN python main.py\nCMD [\"python\", \"main.py\"]\n"),
		with("pip/main-nested", "main.py", fill("", "("), pip+"RUN python main.py\nCMD [\"python\", \"main.py\"]\n"),

		with("java/nested", "pom.xml", fill("", "<project>"), mvn+"RUN mvn package\n"),
		with("java/entities", "pom.xml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]><project><artifactId>&c;&d;</artifactId></project>`, mvn+"RUN mvn package\n"),
		with("java/modules", "pom.xml", "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version><packaging>pom</packaging><modules>"+numbered(5000, "<module>../a</module>")+"</modules></project>", mvn+"RUN mvn -T 100 package\n"),
		with("java/dependencies", "pom.xml", "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version><dependencies>"+numbered(1400, "<dependency><groupId>g</groupId><artifactId>a#</artifactId><version>1</version></dependency>")+"</dependencies></project>", mvn+"RUN mvn package; mvn dependency:go-offline; mvn dependency:tree\n"),
		with("java/properties", "pom.xml", "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>${p0}</artifactId><version>1</version><properties>"+chain(60, "<p%d>${p%[2]d}${p%[2]d}</p%[1]d>")+"<p60>xxxxxxxxxxxxxxxx</p60></properties></project>", mvn+"RUN mvn package\n"),
		with("java/gradle", "build.gradle", fill("", "dependencies { implementation 'a:a:1' ; "), "FROM gradle:8-jdk21\nCOPY . .\nRUN gradle build\n"),
		with("java/main", "Main.java", fill("class Main { ", "{"), mvn+"RUN javac Main.java; java Main.java\nCMD [\"java\", \"Main.java\"]\n"),

		with("go/requirements", "go.mod", "module x\ngo 1.23\nrequire (\n"+numbered(5000, "example.com/m# v1.0.0\n")+")\n", golang+"RUN go mod download; go build ./...\n"),
		with("go/replacements", "go.mod", "module x\ngo 1.23\n"+strings.Repeat("replace x => ./\nreplace y => ../../..\nrequire x v0.0.0\nrequire y v1.0.0\n", 1000), golang+"RUN go build ./...; go mod vendor\n"),
		with("go/nested", "main.go", fill("package main\nvar x = ", "("), golang+"RUN go build -o /x .\nCMD [\"/x\"]\n"),
		with("go/imports", "main.go", "package main\nimport (\n"+numbered(5000, "_ \"x/p#\"\n")+")\nfunc main() {}\n", golang+"RUN go mod init x; go build -o /x ./...\nCMD [\"/x\"]\n"),
	}
}

// chain is numbered for lines that name two neighbours.
func chain(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i, i+1)
		if b.Len() > limit-300 {
			break
		}
	}
	return b.String()
}

// lockCycle is a lock file whose n packages all depend on each other's neighbours, in a ring.
func lockCycle(n int) string {
	var b strings.Builder
	b.WriteString(`{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0","dependencies":{"p0":"1.0.0"}}`)
	for i := range n {
		fmt.Fprintf(&b, `,"node_modules/p%d":{"version":"1.0.0","dependencies":{"p%d":"1.0.0","p%d":"1.0.0","p%d":"*"}}`, i, (i+1)%n, (i+n-1)%n, i)
	}
	return b.String() + "}}"
}

// noise is text of random words, or of random bytes, the same every time.
func noise(n int, words string) string {
	r := rand.New(rand.NewPCG(1, 2))
	list := strings.Split(words, " ")
	var b strings.Builder
	for b.Len() < n-20 {
		if words == "" {
			b.WriteByte(byte(r.Uint32()))
			continue
		}
		b.WriteString(list[r.IntN(len(list))])
		if r.IntN(3) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// archives makes the archives that lie in the exercise's context.
func archives(t testing.TB) map[string][]byte {
	t.Helper()
	bomb := tarOf(t, func(w *tar.Writer) {
		const size = 1 << 30
		must(t, w.WriteHeader(&tar.Header{Name: "zeros", Mode: 0o644, Size: size}))
		_, err := io.CopyN(w, zeros{}, 200<<20)
		must(t, err)
	})
	out := map[string][]byte{
		"bomb.tar.gz": gzipped(t, bomb),
		"bomb.tar.xz": xzipped(t, bomb[:32<<20]),
		"many.tar.gz": gzipped(t, tarOf(t, func(w *tar.Writer) {
			for i := range 300_000 {
				must(t, w.WriteHeader(&tar.Header{Name: fmt.Sprintf("many/%d", i), Mode: 0o644}))
			}
		})),
		"escape.tar": tarOf(t, func(w *tar.Writer) {
			for name, target := range map[string]string{"l": "/etc", "m": "../../../../../..", "n": "/proc/self/root"} {
				must(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}))
			}
			for _, name := range []string{"../../../../etc/passwd", "/etc/passwd", "l/passwd", "m/etc/passwd", "n/etc/passwd", "a/../../../x", "..", ".", ""} {
				must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o4777, Size: 1}))
				io.WriteString(w, "x")
			}
			must(t, w.WriteHeader(&tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "../../../../etc/shadow"}))
		}),
		"links.tar": tarOf(t, func(w *tar.Writer) {
			must(t, w.WriteHeader(&tar.Header{Name: "a", Mode: 0o644}))
			for i := range 3000 {
				must(t, w.WriteHeader(&tar.Header{Name: fmt.Sprint("l", i), Typeflag: tar.TypeLink, Linkname: "a", Mode: 0o600}))
			}
			for i := range 3000 {
				must(t, w.WriteHeader(&tar.Header{Name: fmt.Sprint("s", i), Typeflag: tar.TypeSymlink, Linkname: fmt.Sprint("s", i+1)}))
			}
		}),
		"deep.tar": tarOf(t, func(w *tar.Writer) {
			must(t, w.WriteHeader(&tar.Header{Name: strings.Repeat("a/", 30_000) + "x", Mode: 0o644, Format: tar.FormatPAX}))
		}),
		"noise.gz": append([]byte{0x1f, 0x8b, 8, 0}, noise(5000, "")...), "noise.xz": append([]byte("\xfd7zXZ\x00"), noise(5000, "")...),
		"noise.bz2": append([]byte("BZh9"), noise(5000, "")...), "noise.zst": append([]byte{0x28, 0xb5, 0x2f, 0xfd}, noise(5000, "")...),
		"noise.tar": append(tarOf(t, func(w *tar.Writer) {
			must(t, w.WriteHeader(&tar.Header{Name: "x", Mode: 0o644, Size: 8 << 40, Format: tar.FormatGNU}))
		}), noise(5000, "")...),
	}
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	f, err := w.Create("../../etc/passwd")
	must(t, err)
	_, err = io.CopyN(f, zeros{}, 100<<20)
	must(t, err)
	must(t, w.Close())
	out["bomb.zip"] = z.Bytes()
	return out
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tarOf makes an archive, which fill may leave unfinished.
func tarOf(t testing.TB, fill func(*tar.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	fill(w)
	w.Close()
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func xzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	must(t, err)
	_, err = w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}
