package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"drydock/grader"
	"drydock/lessons"
	"drydock/store"
	"drydock/web"
)

// site is a running server and a browser without script.
type site struct {
	t      *testing.T
	server *httptest.Server
	client *http.Client
}

func config(t *testing.T, folder string) web.Config {
	t.Helper()
	data, err := store.Open(t.Context(), filepath.Join(folder, "drydock.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() }) // a test may have closed it
	key, err := web.LoadKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	course := testCourse()
	return web.Config{
		Course: func() (*lessons.Course, []lessons.Problem) { return course, nil },
		Grade:  fakeGrade, Store: data, Key: key,
	}
}

func newSite(t *testing.T, change ...func(*web.Config)) *site {
	t.Helper()
	c := config(t, t.TempDir())
	for _, f := range change {
		f(&c)
	}
	server := httptest.NewServer(web.New(c))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &site{t, server, &http.Client{Jar: jar}}
}

func (s *site) do(method, path, contentType, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(text)
}

func (s *site) get(path string) (*http.Response, string) {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", "")
}

func (s *site) post(path string, form url.Values, header ...string) (*http.Response, string) {
	s.t.Helper()
	return s.do(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode(), header...)
}

func answer(dockerfile string) url.Values {
	return url.Values{"Dockerfile": {dockerfile}, ".dockerignore": {""}, "revision": {"0"}}
}

func wants(t *testing.T, body string, texts ...string) {
	t.Helper()
	body = html.UnescapeString(body)
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("page lacks %q", text)
		}
	}
}

func lacks(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(html.UnescapeString(body), text) {
			t.Errorf("page has %q", text)
		}
	}
}

func status(t *testing.T, response *http.Response, want int) {
	t.Helper()
	if response.StatusCode != want {
		t.Errorf("%s %s: status %d, want %d", response.Request.Method, response.Request.URL.Path, response.StatusCode, want)
	}
}

func TestPages(t *testing.T) {
	s := newSite(t, func(c *web.Config) { c.Dev = true })
	for path, texts := range map[string][]string{
		"/":                                 {"Start with “Layers”", "As found", "After your changes", "Make a Node.js image small"},
		"/lessons/beginner/layers":          {"<h1>Layers</h1>", "Transparent sheets", "Say what a layer is", "Copy-on-write", "OCI image specification"},
		"/exercises/node-optimize":          {"The image is large", "RUN npm install", ".dockerignore", "Build & grade", "the repository's history", "48.0\u00a0MB"},
		"/exercises/node-optimize/solution": {"You have not passed this exercise yet", "Show the solution"},
		"/glossary":                         {"whiteout", "A marker that hides a file."},
		"/about":                            {"About the simulation"},
		"/healthz":                          {`"ok"`},
		"/dev/components":                   {"Stacks on one scale"},
	} {
		response, body := s.get(path)
		status(t, response, http.StatusOK)
		wants(t, body, texts...)
		if response.Header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s sets a cookie before anything is worth saving", path)
		}
		lacks(t, body, "<script>", " style=", "onclick=")
		if response, _ := s.do(http.MethodHead, path, "", ""); response.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, response.StatusCode)
		}
	}
	if response, _ := newSite(t).get("/dev/components"); response.StatusCode != http.StatusNotFound {
		t.Errorf("/dev/components without the flag: %d", response.StatusCode)
	}
}

func TestGradingAnAnswer(t *testing.T) {
	s := newSite(t)
	response, body := s.post("/exercises/node-optimize/answers", answer("FROM node:18\r\nCOPY . .\r\n"))
	status(t, response, http.StatusOK)
	if got := response.Request.URL.Path; got != "/exercises/node-optimize/answers/1" {
		t.Errorf("after grading one is at %s", got)
	}
	wants(t, body, "Not passed yet", "1 essential check is left", "Line 2 copies everything <here>.", `id="line-2"`, `#line-2`, "npm install", "900\u00a0MB", "160\u00a0MB")
	if strings.Contains(body, "everything <here>") {
		t.Error("a message is not escaped")
	}

	_, body = s.post("/exercises/node-optimize/answers", answer("FROM node:24-slim\nUSER node\n"))
	wants(t, body, "Passed", "100</strong> of 100", "answers/1", "answers/2")

	_, body = s.get("/exercises/node-optimize/answers/1")
	wants(t, body, "This is answer 1", "USER node")
	_, body = s.get("/exercises/node-optimize")
	wants(t, body, "FROM node:24-slim", "Thought process and model solution")
	_, body = s.get("/")
	wants(t, body, "1 of 1 exercises mastered")
	_, body = s.get("/exercises/node-optimize/solution")
	wants(t, body, "Think of the order", "As one would write it today")

	_, body = s.post("/exercises/node-optimize/answers", answer("FROM fail\n"))
	wants(t, body, "The build fails", "ERROR: failed to solve: node:99: not found", "Not judged, because the build failed")

	if response, _ := newSite(t).get("/exercises/node-optimize/answers/1"); response.StatusCode != http.StatusNotFound {
		t.Errorf("another one's answer: %d", response.StatusCode)
	}
}

func TestEverythingIsFoundAfterARestart(t *testing.T) {
	folder := t.TempDir()
	c := config(t, folder)
	s := newSite(t)
	s.server.Config.Handler = web.New(c)
	s.post("/exercises/node-optimize/answers", answer("FROM node:18\nCOPY kept .\n"))
	s.post("/lessons/beginner/layers/done", url.Values{})
	if err := c.Store.Close(); err != nil {
		t.Fatal(err)
	}

	s.server.Config.Handler = web.New(config(t, folder))
	_, body := s.get("/exercises/node-optimize")
	wants(t, body, "COPY kept .", "answers/1")
	_, body = s.get("/")
	wants(t, body, "1 of 2 lessons done", "Continue", "Copy-on-write")
}

func TestDraftsAndReset(t *testing.T) {
	s := newSite(t)
	_, body := s.post("/exercises/node-optimize/draft", answer("FROM draft"))
	wants(t, body, "FROM draft", "Saved")
	_, body = s.post("/exercises/node-optimize/reset", answer("FROM typed since"))
	wants(t, body, "FROM node:18\nCOPY . .", "FROM typed since", "Bring back")
	kept := regexp.MustCompile(`name="kept" value="(\d+)"`).FindStringSubmatch(body)
	if kept == nil {
		t.Fatal("no kept draft")
	}
	_, body = s.post("/exercises/node-optimize/reset", url.Values{"kept": {kept[1]}})
	wants(t, body, "FROM typed since</textarea>")

	response, body := s.post("/exercises/node-optimize/draft", url.Values{"Dockerfile": {"FROM stale"}, "revision": {"1"}}, "Accept", "application/json")
	status(t, response, http.StatusConflict)
	wants(t, body, "another tab")
	response, body = s.post("/exercises/node-optimize/reset", url.Values{"answer": {"99"}})
	status(t, response, http.StatusNotFound)
	wants(t, body, "There is no such page")
}

func TestAskingForTheSolutionIsRecorded(t *testing.T) {
	s := newSite(t)
	_, body := s.post("/exercises/node-optimize/solution", url.Values{})
	wants(t, body, "Think of the order")
	_, body = s.get("/exercises/node-optimize/solution")
	wants(t, body, "Think of the order")
}

func TestErrorsHavePagesAndLoseNothing(t *testing.T) {
	s := newSite(t, func(c *web.Config) { c.GradesPerSecond = 1000 })
	grade := "/exercises/node-optimize/answers"
	for _, test := range []struct {
		name   string
		do     func() (*http.Response, string)
		status int
		texts  []string
	}{
		{"unknown page", func() (*http.Response, string) { return s.get("/nothing") }, 404, []string{"There is no such page", "To the course"}},
		{"unknown lesson", func() (*http.Response, string) { return s.get("/lessons/beginner/none") }, 404, []string{"There is no such page"}},
		{"unknown exercise", func() (*http.Response, string) { return s.post("/exercises/none/answers", answer("FROM mine")) }, 404, []string{"FROM mine"}},
		{"answer number that is none", func() (*http.Response, string) { return s.get(grade + "/x") }, 404, nil},
		{"method", func() (*http.Response, string) { return s.do("DELETE", "/glossary", "", "") }, 405, []string{"This page does not take that"}},
		{"too large", func() (*http.Response, string) { return s.post(grade, answer(strings.Repeat("# x\n", 100_000))) }, 413, []string{"up to 256 KiB"}},
		{"other site", func() (*http.Response, string) {
			return s.post(grade, answer("FROM mine"), "Origin", "https://elsewhere.example")
		}, 403, []string{"This form came from another site", "FROM mine", `action="` + grade + `"`, "Send again"}},
		{"other site, modern browser", func() (*http.Response, string) {
			return s.post(grade, answer("FROM mine"), "Sec-Fetch-Site", "cross-site")
		}, 403, []string{"FROM mine"}},
		{"no Dockerfile in the form", func() (*http.Response, string) { return s.post(grade, url.Values{"x": {"FROM mine"}}) }, 400, []string{"the form has no Dockerfile", "FROM mine"}},
		{"grading takes too long", func() (*http.Response, string) { return s.post(grade, answer("FROM hang")) }, 503, []string{"The grading took too long", "FROM hang", "Send again"}},
		{"draft of what was not graded", func() (*http.Response, string) { return s.get("/exercises/node-optimize") }, 200, []string{"FROM hang"}},
		{"panic", func() (*http.Response, string) { return s.post(grade, answer("FROM boom")) }, 500, []string{"Something went wrong inside", "FROM boom"}},
		{"theme that is none", func() (*http.Response, string) { return s.post("/theme", url.Values{"theme": {"pink"}}) }, 400, nil},
		{"static file that is none", func() (*http.Response, string) { return s.get("/static/../web.go") }, 404, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := test.do()
			status(t, response, test.status)
			wants(t, body, append(test.texts, "Drydock", "</html>")...)
			if response.Header.Get("Content-Security-Policy") == "" {
				t.Error("no Content-Security-Policy")
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	s := newSite(t, func(c *web.Config) { c.GradesPerSecond = 0.01 })
	s.post("/exercises/node-optimize/answers", answer("FROM a"))
	s.post("/exercises/node-optimize/answers", answer("FROM b"))
	response, body := s.post("/exercises/node-optimize/answers", answer("FROM c"))
	status(t, response, http.StatusTooManyRequests)
	wants(t, body, "FROM c")
}

func TestCookies(t *testing.T) {
	s := newSite(t)
	for header, secure := range map[string]bool{"": false, "https": true} {
		s.client.Jar, _ = cookiejar.New(nil)
		s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, _ := s.post("/lessons/beginner/layers/done", url.Values{}, "X-Forwarded-Proto", header)
		cookies := response.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.MaxAge < 86400*300 {
			t.Errorf("cookie behind %q: %+v", header, c)
		}
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.server.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value[:len(c.Value)-4] + "AAAA"})
		forged, err := s.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(forged.Body)
		forged.Body.Close()
		wants(t, string(body), "Start with")
	}
}

func TestTheme(t *testing.T) {
	s := newSite(t)
	_, body := s.post("/theme", url.Values{"theme": {"dark"}, "back": {"/glossary"}})
	wants(t, body, `data-theme="dark"`, "<h1>Glossary</h1>")
	for _, back := range []string{"//elsewhere.example", "https://elsewhere.example/", `/\elsewhere.example`, "javascript:x", ""} {
		response, _ := s.post("/theme", url.Values{"theme": {""}, "back": {back}})
		if response.Request.URL.Path != "/" || !strings.HasPrefix(s.server.URL, "http://"+response.Request.URL.Host) {
			t.Errorf("back %q leads to %s", back, response.Request.URL)
		}
	}
}

func TestAPI(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/exercises/node-optimize/answers"
	response, body := s.do("POST", path, "application/json", `{"files":{"Dockerfile":"FROM node:18\n",".dockerignore":"x"}}`)
	status(t, response, http.StatusOK)
	want := `{"exercise":"node-optimize","score":0,"max":100,"passed":false,"checks":[` +
		`{"id":"builds","title":"The build succeeds","points":0,"passed":true,"must":true,"message":"","line":0},` +
		`{"id":"small","title":"The image is small","points":100,"passed":false,"must":true,"message":"Line 2 copies everything \u003chere\u003e.","line":2}],"error":""}`
	if strings.TrimSpace(body) != want {
		t.Errorf("grade:\n%s\nwant\n%s", body, want)
	}
	_, body = s.get("/exercises/node-optimize/answers/1")
	wants(t, body, "Not passed yet")

	_, body = s.get("/api/v1/exercises")
	wants(t, body, `{"exercises":[{"id":"node-optimize","title":"Make a Node.js image small"`)

	for _, test := range []struct {
		path, body string
		status     int
	}{
		{"/api/v1/exercises/none/answers", `{"files":{"Dockerfile":""}}`, 404},
		{path, ``, 400},
		{path, `nonsense`, 400},
		{path, `{"files":{"Dockerfile":"FROM x"}} {}`, 400},
		{path, `{"files":{"Dockerfile":7}}`, 400},
		{path, `{"files":{"Dockerfile":null}}`, 400},
		{path, `{"files":{}}`, 400},
		{path, `{"files":{"Dockerfile":"FROM x","/etc/passwd":"x"}}`, 400},
		{path, `{"file":{"Dockerfile":"FROM x"}}`, 400},
		{path, `[]`, 400},
		{path, `{"files":{"Dockerfile":"` + strings.Repeat("x", 300<<10) + `"}}`, 413},
		{path, `{"files":{"Dockerfile":"FROM hang"}}`, 503},
		{path, `{"files":{"Dockerfile":"FROM boom"}}`, 500},
		{"/api/v2/anything", `{}`, 404},
	} {
		response, body := s.do("POST", test.path, "application/json", test.body)
		status(t, response, test.status)
		var failure struct{ Error string }
		if err := json.Unmarshal([]byte(body), &failure); err != nil || failure.Error == "" {
			t.Errorf("%s %.60s: no JSON error in %q", test.path, test.body, body)
		}
	}
	if response, _ := s.get(path); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET of answers: %d", response.StatusCode)
	}
}

func TestStaticFiles(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/")
	links := regexp.MustCompile(`/static/[^"]+`).FindAllString(body, -1)
	if len(links) < 2 {
		t.Fatalf("the page links to %v", links)
	}
	for _, link := range links {
		response, content := s.get(link)
		status(t, response, http.StatusOK)
		if got := response.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", link, got)
		}
		if strings.HasSuffix(link, ".css") {
			for _, font := range regexp.MustCompile(`[\w-]+\.woff2`).FindAllString(content, -1) {
				response, _ := s.get("/static/" + font)
				status(t, response, http.StatusOK)
			}
			for _, address := range regexp.MustCompile(`url\([^)]*\)`).FindAllString(content, -1) {
				if strings.Contains(address, "//") {
					t.Errorf("the style sheet asks another host: %s", address)
				}
			}
		}
		if strings.HasSuffix(link, ".js") && len(content) > 60_000 {
			t.Errorf("%s has %d bytes", link, len(content))
		}
	}
}

func TestContextFiles(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/exercises/node-optimize")
	link := regexp.MustCompile(`href="(/exercises/node-optimize/files/[^"]+)"`).FindStringSubmatch(body)
	if link == nil {
		t.Fatal("no link to the whole of a long file")
	}
	response, text := s.get(html.UnescapeString(link[1]))
	status(t, response, http.StatusOK)
	if want := strings.Repeat("<line>\n", 3000); text != want {
		t.Errorf("the file has %d bytes, want %d", len(text), len(want))
	}
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("Content-Type %q", got)
	}
	for _, path := range []string{"server.jsx", "../exercise.md", ".git/pack", ""} {
		response, _ := s.get("/exercises/node-optimize/files/" + path)
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("file %q: %d", path, response.StatusCode)
		}
	}
}

func TestProblemsOfTheCourseAreShown(t *testing.T) {
	s := newSite(t, func(c *web.Config) {
		course := testCourse()
		c.Course = func() (*lessons.Course, []lessons.Problem) {
			return course, []lessons.Problem{{File: course.Modules[0].Lessons[0].File, Line: 7, Text: "the link leads nowhere"}}
		}
	})
	for _, path := range []string{"/", "/lessons/beginner/layers"} {
		_, body := s.get(path)
		wants(t, body, "10-layers.md:7", "the link leads nowhere")
	}
	_, body := s.get("/lessons/beginner/copy-on-write")
	lacks(t, body, "the link leads nowhere")
}

func TestLogsHoldNoSecrets(t *testing.T) {
	var log bytes.Buffer
	s := newSite(t, func(c *web.Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	s.post("/exercises/node-optimize/answers", answer("FROM secret-text"))
	u, _ := url.Parse(s.server.URL)
	s.server.Close()
	for _, secret := range []string{"secret-text", s.client.Jar.Cookies(u)[0].Value} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(log.String(), `"status":303`) {
		t.Errorf("no line for the request in %s", &log)
	}
}

func TestServeFinishesWhatBegan(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	c := config(t, t.TempDir())
	grade := c.Grade
	c.Grade = func(ctx context.Context, e *lessons.Exercise, f grader.Files) (*grader.Grade, error) {
		close(begun)
		<-release
		return grade(ctx, e, f)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan error, 1)
	go func() { served <- web.New(c).Serve(ctx, listener) }()
	go func() {
		response, err := http.Post("http://"+listener.Addr().String()+"/api/v1/exercises/node-optimize/answers", "application/json",
			strings.NewReader(`{"files":{"Dockerfile":"FROM x"}}`))
		if err == nil {
			response.Body.Close()
			if response.StatusCode != 200 {
				err = errors.New(response.Status)
			}
		}
		answered <- err
	}()
	<-begun
	stop()
	time.Sleep(20 * time.Millisecond)
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	folder := t.TempDir()
	first, err := web.LoadKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	second, err := web.LoadKey(folder)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("second key differs, %v", err)
	}
	info, err := os.Stat(filepath.Join(folder, "cookie.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "cookie.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := web.LoadKey(folder); err == nil {
		t.Error("a short key was accepted")
	}
}
