// Package archive models tar, gzip, bzip2, xz, zstd, zip and unzip, and unpacks archives for ADD.
//
// Archives of known bytes are real: they are read and written with the formats' own libraries. An archive that holds declared files (see
// tree.Content) is declared itself: its content carries the fact "archive.of", under which this package remembers the tree that
// went in, so that unpacking gives the tree back. A download is declared too, with the fact "url"; what it holds is composed from what its
// name tells (see layout.go), and said to be so.
//
// What stands in for an archive in a pipe is one line, a zero byte and the content's identity: see [Marker]. Nothing is unpacked beyond
// [MaxBytes] and [MaxEntries].
//
// Start from [Models] for the commands, from [Extract] and [Detect] for ADD.
package archive

import "drydock/grader/tool"

// Models returns the programs of this package.
func Models() tool.Models {
	return tool.Models{
		"tar": tar_, "bsdtar": tar_,
		"gzip": compressor("gz"), "gunzip": compressor("gz"), "zcat": compressor("gz"), "pigz": compressor("gz"),
		"bzip2": compressor("bz2"), "bunzip2": compressor("bz2"), "bzcat": compressor("bz2"),
		"xz": compressor("xz"), "unxz": compressor("xz"), "xzcat": compressor("xz"),
		"zstd": compressor("zst"), "unzstd": compressor("zst"), "zstdcat": compressor("zst"),
		"zip": zip_, "unzip": unzip_,
	}
}
