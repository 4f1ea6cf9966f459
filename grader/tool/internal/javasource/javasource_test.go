package javasource_test

import (
	"reflect"
	"testing"

	"drydock/grader/tool/internal/javasource"
)

func TestRead(t *testing.T) {
	got := javasource.Read("src/Web.java", []byte("package a.b;\n\npublic final class Web {\n  public static void main(String[] args) {\n"+
		"    HttpServer.create(new InetSocketAddress(8081), 0).start();\n  }\n  static class Inner {}\n}\n\nrecord Pair(int a, int b) {}\n"))
	want := javasource.File{Class: "a.b.Web", Main: true, Types: []string{"Pair"}, Port: "8081"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got.ClassFile() != "a/b/Web.class" {
		t.Error(got.ClassFile())
	}
}
