package getopt_test

import (
	"fmt"
	"strings"
	"testing"

	"drydock/grader/tool/getopt"
)

func Example() {
	spec := getopt.Spec{Short: "lan:", Long: "all/a lines/n color?"}
	r, err := getopt.Parse(spec, []string{"-la", "file", "--lines=3", "--color", "--", "-x"})
	fmt.Println(r.Has("a"), r.Value("n"), r.Operands, err)
	// Output: true 3 [file -x] <nil>
}

func TestParse(t *testing.T) {
	spec := getopt.Spec{Short: "abn:o::", Long: "all/a almost-all number/n output/o sort: color? colour? re recursive/r recurse/r help"}
	tests := []struct{ args, want string }{
		{"", "|"},
		{"-ab x y", "a b|x y"},
		{"x -a y", "a|x y"},
		{"-n 3 x", "n=3|x"},
		{"-n3 -an4", "n=3 a n=4|"},
		{"-o x -ofile", "o o=file|x"},
		{"- -a", "a|-"},
		{"-a -- -b --", "a|-b --"},
		{"--all --alm", "a almost-all|"},
		{"--number 3 --num=4", "n=3 n=4|"},
		{"--sort x --color y --color=z", "sort=x color color=z|y"},
		{"--re --recur", "re r|"},
		{"--output=x", "o=x|"},
		{"-z", "invalid option -- 'z'"},
		{"-az", "invalid option -- 'z'"},
		{"-n", "option requires an argument -- 'n'"},
		{"--foo=1", "unrecognized option '--foo'"},
		{"--al", "option '--al' is ambiguous; possibilities: '--all' '--almost-all'"},
		{"--help=x", "option '--help' doesn't allow an argument"},
		{"--sort", "option '--sort' requires an argument"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			if got := show(spec, strings.Fields(tt.args)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPlusStopsAtFirstOperand(t *testing.T) {
	got := show(getopt.Spec{Short: "+iu:"}, strings.Fields("-i -u X cmd -u Y"))
	if want := "i u=X|cmd -u Y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMusl(t *testing.T) {
	_, err := getopt.Parse(getopt.Spec{}, []string{"-Z"})
	if got, want := err.(*getopt.Error).Musl(), "unrecognized option: Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-an4\x00--sort\x00x\x00--")
	spec := getopt.Spec{Short: "abn:o::", Long: "all/a sort: color?"}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\x00")
		r, err := getopt.Parse(spec, args)
		if err == nil && len(r.Operands) > len(args) {
			t.Errorf("%q: %d operands", args, len(r.Operands))
		}
	})
}

// show puts a result on one line: options, a bar, operands.
func show(spec getopt.Spec, args []string) string {
	r, err := getopt.Parse(spec, args)
	if err != nil {
		return err.Error()
	}
	var opts []string
	for _, o := range r.Options {
		if o.Given {
			o.Name += "=" + o.Value
		}
		opts = append(opts, o.Name)
	}
	return strings.Join(opts, " ") + "|" + strings.Join(r.Operands, " ")
}
