package maven_test

import (
	"testing"

	"drydock/grader/catalogue/maven"
)

// TestWebApplication compares with what an initializr project of spring-boot-starter-web holds: about 30 libraries, about 20 MB.
func TestWebApplication(t *testing.T) {
	r, err := maven.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, boot := range []string{"2.7.18", "3.0.13", "3.1.12", "3.2.11", "3.3.13", "3.4.10", "3.5.6", "3.9.9", "4.0.0"} {
		l := r.Line(boot)
		var sum int64
		all := l.Closure("org.springframework.boot", "spring-boot-starter-web", "", boot, nil)
		for _, a := range all {
			if a.Version == "" || a.Guess {
				t.Errorf("%s: %s:%s has no version", boot, a.Group, a.Name)
			}
			sum += a.Bytes
		}
		if len(all) < 28 || len(all) > 40 || sum < 17e6 || sum > 24e6 {
			t.Errorf("%s: %d libraries, %d bytes", boot, len(all), sum)
		}
	}
}

func TestExclusions(t *testing.T) {
	r, err := maven.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Line("3.5.6").Closure("org.springframework.boot", "spring-boot-starter-web", "", "3.5.6", []string{"org.springframework.boot:spring-boot-starter-tomcat"}) {
		if a.Name == "tomcat-embed-core" {
			t.Error("Tomcat is there although its starter is excluded")
		}
	}
}

// TestVersions checks that every line manages every artifact.
func TestVersions(t *testing.T) {
	r, err := maven.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Lines {
		for _, starter := range []string{"actuator", "validation", "data-jpa", "security", "webflux", "thymeleaf", "data-redis", "data-mongodb", "test", "amqp", "mail"} {
			for _, a := range l.Closure("org.springframework.boot", "spring-boot-starter-"+starter, "", l.Boot+".0", nil) {
				if a.Version == "" {
					t.Errorf("line %s: no version of %s", l.Boot, a.Name)
				}
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := maven.Open(); err != nil {
			b.Fatal(err)
		}
	}
}
