// Package lessons is the course: markdown lessons and exercises as files, loaded, checked and rendered.
//
// Start from [Open]. A [Library] holds the last good version of a course and what is wrong with the files as they are now; [Check] finds
// everything that is wrong with them, and [New] writes a start of a lesson or an exercise.
//
// The course is embedded in the program. A folder on disk (Options.Dir) is served instead of it, not beside it: an instructor who wants
// to add to the course that comes with Drydock copies it and serves the copy. The folder holds a course (course.yaml lies in it) or courses,
// of which the first by name is served.
//
// # Layout of a course
//
//	course.yaml              title, summary
//	glossary.yaml            terms: term, aliases, short, lesson
//	20-beginner/             a module; modules and lessons are ordered by name, and the number is no part of their address
//	  module.yaml            title, level, summary
//	  10-layers.md           a lesson: front matter and markdown, headings from ##
//	contexts/NAME/           a context that listings are built in
//	contexts/NAME.files.yaml its files of which only the size is known: path, size, about
//	exercises/ID/            an exercise: exercise.md, exercise.yaml, thinking.md, context/, starter/, references/*/, answers/*/
//
// A file name that ends in ".embed" loses that ending when it is read. So a context can hold a go.mod: the go command would leave a folder
// with one out of the program, and would compile the .go files beside it.
//
// # What a lesson may hold
//
// GitHub flavoured markdown without raw HTML, and:
//
//	> [!NOTE]                                 a callout; also TIP, WARNING, ANALOGY, OLDER ("Older texts say")
//	[layers](../20-beginner/10-layers.md#id)  a lesson; exercise:ID is an exercise
//	```dockerfile build=CONTEXT name=NAME     a listing that is built, its layers beside it; also title="…", and edit=PATH for a second
//	                                          build after an edit of that file
//	```compare                                builds: [a, b] or three, edit, title: listings of the lesson side by side
//	{{image REF size}}                        also compressed
//	{{build NAME size}}                       also added (to the base image), layers, rerun (steps, after the edit), downloaded
//	{{build NAME line 3 size}}                of what that line of the listing made
//
// In exercise.md and thinking.md the starter and the references are builds of that name.
package lessons
