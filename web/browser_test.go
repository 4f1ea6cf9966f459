package web_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"drydock/web"
)

// tab is a tab of a real browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// browser starts Debian's chromium. Without one the test is skipped, but not in CI.
func browser(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing: apt-get install chromium")
		}
		t.Skip("chromium is missing")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts the browser
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return &tab{t, ctx}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func get[V any](b *tab, action chromedp.Action[V]) V {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

func send[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// text is what a reader sees of an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return get(b, chromedp.Text(chromedp.CSS(selector)))
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

const (
	editor = chromedp.CSS(`textarea[name="Dockerfile"]`)
	button = chromedp.CSS(`[data-build]`)
	result = chromedp.CSS(`#result`)
)

// running is a server on an address of its own that can be stopped and started again over the same data.
type running struct {
	t       *testing.T
	folder  string
	address string
	stop    func()
}

func (r *running) start() {
	r.t.Helper()
	c := config(r.t, r.folder)
	if r.address == "" {
		r.address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- web.New(c).Serve(ctx, listener) }()
	r.stop = func() {
		cancel()
		if err := <-served; err != nil {
			r.t.Error(err)
		}
		if err := c.Store.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

func (r *running) url(path string) string { return "http://" + r.address + path }

func TestBrowserMainFlow(t *testing.T) {
	for name, script := range map[string]bool{"with script": true, "without script": false} {
		t.Run(name, func(t *testing.T) {
			b := browser(t)
			site := &running{t: t, folder: t.TempDir()}
			site.start()
			send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})

			b.open(site.url("/"))
			if home := b.text("h1"); !strings.Contains(home, "See what your Dockerfile builds") {
				t.Errorf("home: %q", home)
			}

			b.open(site.url("/exercises/node-optimize"))
			b.do(chromedp.SetValue(editor, "FROM node:18\nCOPY . .\n"))
			if script {
				b.do(chromedp.Focus(editor), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
			} else {
				b.do(chromedp.Click(button))
			}
			b.do(chromedp.WaitVisible(result))
			if text := b.text("#result"); !strings.Contains(text, "Not passed yet") || !strings.Contains(text, "Line 2 copies everything") {
				t.Errorf("first result: %q", text)
			}
			b.do(
				chromedp.SetValue(editor, "FROM node:24-slim\nUSER node\n"),
				chromedp.Click(button),
				chromedp.WaitVisible(chromedp.CSS(".verdict.is-passed")),
			)

			site.stop()
			site.start()
			b.open(site.url("/exercises/node-optimize"))
			if text := get(b, chromedp.Value(editor)); text != "FROM node:24-slim\nUSER node\n" {
				t.Errorf("after a restart the editor has %q", text)
			}
			if answers := b.text(".attempts"); !strings.Contains(answers, "passed") || !strings.Contains(answers, "not yet") {
				t.Errorf("after a restart the answers are %q", answers)
			}
			b.open(site.url("/"))
			if tally := b.text(".tally"); !strings.Contains(tally, "1 of 1 exercises mastered") {
				t.Errorf("after a restart the home page says %q", tally)
			}
			site.stop()
		})
	}
}

func TestBrowserSavesDraftsWhileTyping(t *testing.T) {
	b := browser(t)
	site := &running{t: t, folder: t.TempDir()}
	site.start()
	b.open(site.url("/exercises/node-optimize"))
	b.do(
		chromedp.SendKeys(editor, "# typed"),
		chromedp.WaitVisible(chromedp.Search(`//*[@data-status and contains(., "Saved")]`)),
		chromedp.Reload(),
	)
	if text := get(b, chromedp.Value(editor)); !strings.Contains(text, "# typed") {
		t.Errorf("after a reload the editor has %q", text)
	}
	site.stop()
}

// TestBrowserPagesFit opens each page wide and narrow, light and dark: none may scroll sideways. With DRYDOCK_SCREENSHOTS it leaves
// pictures in that folder.
func TestBrowserPagesFit(t *testing.T) {
	b := browser(t)
	s := newSite(t, func(c *web.Config) { c.Dev = true })
	b.open(s.server.URL + "/exercises/node-optimize")
	b.do(chromedp.Click(button), chromedp.WaitVisible(result))
	for name, path := range map[string]string{
		"home": "/", "lesson": "/lessons/beginner/layers", "exercise": "/exercises/node-optimize", "result": "/exercises/node-optimize/answers/1",
		"solution": "/exercises/node-optimize/solution", "glossary": "/glossary", "about": "/about", "unknown": "/nothing", "components": "/dev/components",
	} {
		for size, width := range map[string]int64{"narrow": 320, "wide": 1280} {
			for _, scheme := range []string{"light", "dark"} {
				send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				b.do(chromedp.EmulateViewport(width, 900))
				b.open(s.server.URL + path)
				if scrolled := get(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); scrolled > width {
					t.Errorf("%s is %d px wide in a window of %d", path, scrolled, width)
				}
				if folder := os.Getenv("DRYDOCK_SCREENSHOTS"); folder != "" {
					picture := get(b, chromedp.FullScreenshot(100))
					if err := os.WriteFile(filepath.Join(folder, name+"-"+scheme+"-"+size+".png"), picture, 0o644); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
}
