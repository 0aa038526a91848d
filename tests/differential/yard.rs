//! The tree that cases run in: a source of every kind and name, and headers to find, to miss and to hide.
use std::fs;
use std::path::Path;

/// Sources by name, each with what is peculiar to it.
const FILES: &[(&str, &str)] = &[
    (
        "a.c",
        "#include \"h.h\"\n#include <sys.h>\n#if __has_include(\"opt.h\")\n#include \"opt.h\"\n#endif\n#ifndef X\n#define X 1\n#endif\nint a(int n) { return n * H + SYS + X; }\n",
    ),
    (
        "lib/b.c",
        "#include \"../h.h\"\n#include \"near.h\"\nconst char *b(void) { return __FILE__; }\nint near = NEAR + H;\n",
    ),
    (
        "p.cc",
        "#include \"h.h\"\n#include <sys.h>\ntemplate <class T> T twice(T t) { return t + t; }\nint p() { return twice(H) + SYS; }\n",
    ),
    ("v.cpp", "#include <vector>\nint v(std::vector<int> &all) { return all.empty() ? 0 : all.back(); }\n"),
    ("plain.c", "int plain = 1;\n"),
    ("main.c", "#include \"h.h\"\n#ifndef X\n#define X 1\n#endif\nint main(void) { return H + X; }\n"),
    ("empty.c", ""),
    ("sp ace.c", "#include \"sp ace.h\"\nint space = SPACE;\n"),
    ("qu'ote\".c", "#include \"h.h\"\nint quote = H;\n"),
    ("dö.c", "#include \"h.h\"\nint umlaut = H;\n"),
    ("#hash.c", "#include \"h.h\"\nint hash = H;\n"),
    ("do$lar.c", "#include \"do$lar.h\"\nint dollar = DOLLAR;\n"),
    ("back\\slash.c", "#include \"h.h\"\nint backslash = H;\n"),
    ("co:lon.c", "#include \"h.h\"\nint colon = H;\n"),
    ("-dash.c", "#include \"h.h\"\nint dash = H;\n"),
    ("dot.two.c", "#include \"h.h\"\nint two = H;\n"),
    ("noext", "int noext = 2;\n"),
    ("clock.c", "const char now[] = __TIME__ __DATE__;\n"),
    ("stamp.c", "const char when[] = __TIMESTAMP__;\n"),
    ("counter.c", "#include \"h.h\"\nint counter[] = { __COUNTER__, __COUNTER__, __LINE__, H };\n"),
    ("warn.c", "#include \"h.h\"\n#warning look at this\nint warn(int unused) { int idle; return H; }\n"),
    ("gram.c", "#line 2 \"gram.y\"\nint gram(void) { int idle; return 1; }\n"),
    ("gram.y", "first line\nint gram() in the grammar\nthird line\n"),
    ("error.c", "#include \"h.h\"\nint error( { return H;\n"),
    ("missing.c", "#include \"nowhere.h\"\nint missing;\n"),
    ("incbin.c", "__asm__(\".data\\nbin: .incbin \\\"data.bin\\\"\\n.text\");\nint incbin;\n"),
    ("pre.c", "#include \"pre.h\"\nint pre = PRE;\n"),
    ("computed.c", "#ifndef WHICH\n#define WHICH \"h.h\"\n#endif\n#include WHICH\nint computed = H;\n"),
    ("pragma.c", "#pragma GCC dependency \"gram.y\"\nint pragma;\n"),
    ("once.c", "#include \"once.h\"\n#include \"once.h\"\nint once = ONCE;\n"),
    ("next.c", "#include <twice.h>\nint next = TWICE;\n"),
    ("asm.S", "#include \"h.h\"\n.data\n.globl asm\nasm: .long H\n"),
    ("raw.s", ".data\n.globl raw\nraw: .long 7\n"),
    ("inc.s", ".data\n.include \"part.inc\"\n"),
    ("done.i", "# 1 \"done.c\"\nint done(void) { int idle; return 3; }\n"),
    ("done.ii", "int done() { return 3; }\n"),
    ("deep.f90", "end\n"),
    ("h.h", "#ifndef H_H\n#define H_H\n#include \"k.h\"\n#define H (K + 1)\n#endif\n"),
    ("k.h", "#define K 5\n"),
    ("once.h", "#pragma once\n#define ONCE 1\n"),
    ("pre.h", "#define PRE 1\n"),
    ("sp ace.h", "#define SPACE 1\n"),
    ("do$lar.h", "#define DOLLAR 1\n"),
    ("part.inc", "part: .long 1\n"),
    ("data.bin", "one"),
    ("lib/near.h", "#define NEAR 4\n"),
    ("inc1/other.h", "#define OTHER 1\n"),
    ("inc1/twice.h", "#define TWICE 1\n"),
    ("inc2/sys.h", "#define SYS 2\n"),
    ("inc2/twice.h", "#include_next <twice.h>\n#undef TWICE\n#define TWICE 2\n"),
    ("sys/sys.h", "#define SYS 3\n#include <stddef.h>\n"),
    ("forced.h", "#define FORCED 1\n#include \"k.h\"\n"),
    ("ignore.txt", "fun:a\n"),
    ("flags.rsp", "-DX=7 -I 'inc1' @more.rsp\n"),
    ("more.rsp", "-DMORE=\\\"a\\ b\\\" \"-O1\"\n"),
    ("odd.specs", "*cpp:\n-DSPECS=1\n"),
    ("out/keep", ""),
    ("o.x/keep", ""),
];

/// Makes the tree at `root`.
pub(crate) fn write(root: &Path) {
    for (name, text) in FILES {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("make a folder");
        fs::write(path, text).expect("write a file");
    }
}
