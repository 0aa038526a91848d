//! A small project in which compilers look for files in every way they know.

use crate::support::project::Project;

/// A compile, and the object it leaves.
pub(crate) struct Line {
    pub(crate) object: &'static str,
    pub(crate) command: &'static str,
    /// Whether its inputs can all be accounted for, so that it is recorded.
    pub(crate) recorded: bool,
}

const fn line(object: &'static str, command: &'static str) -> Line {
    Line { object, command, recorded: true }
}

/// One way of looking each.
pub(crate) const LINES: [Line; 19] = [
    line("forced.o", "$CC -O1 -include pre.h -imacros macros.h -Ione -Itwo -c forced.c -o forced.o"),
    line("nested.o", "$CC -MD -MF nested.d -Ione -Itwo -c deep/nested.c -o nested.o"),
    line("computed.o", "$CC -MMD -Ione -Itwo -c computed.c -o computed.o"),
    line("asked.o", "$CC -Ione -Itwo -c asked.c -o asked.o"),
    line("linked.o", "$CC -Ialias -c linked.c -o linked.o"),
    line("orders.o", "$CC -iquote quoted -Ione -isystem two -idirafter late -c orders.c -o orders.o"),
    line("absent.o", "$CC -Inowhere -Itwo -isystem nowhere/else -c plain.c -o absent.o"),
    line("rooted.o", "$CC --sysroot=$PWD/root -c rooted.c -o rooted.o"),
    line("listed.o", "$CC @listed.rsp -c plain.c -o listed.o"),
    line("variable.o", "CPATH=late:two C_INCLUDE_PATH=quoted $CC -c plain.c -o variable.o"),
    line("lto.o", "$CC -flto -frandom-seed=x -Itwo -c plain.c -o lto.o"),
    line("piped.o", "$CC -pipe -Itwo -c plain.c -o piped.o"),
    line("cplus.o", "$CXX -std=c++17 -Ione -Itwo -c cplus.cc -o cplus.o"),
    line("clang.o", "$WRAP clang -Ione -Itwo -Inowhere -include pre.h -c asked.c -o clang.o"),
    line(
        "ignored.o",
        "$WRAP clang -fsanitize=address -fsanitize-ignorelist=ignore.txt -Itwo -c plain.c -o ignored.o",
    ),
    line("clangroot.o", "$WRAP clang --sysroot=root -c rooted.c -o clangroot.o"),
    line("assembled.o", "$CC -Ione -Itwo -c assembled.S -o assembled.o"),
    Line { object: "data.o", command: "$CC -Itwo -Wa,-Itwo -c data.c -o data.o", recorded: false },
    Line {
        object: "library.o",
        command: "LIBRARY_PATH=$PWD/late $CC -Itwo -c plain.c -o library.o",
        recorded: true,
    },
];

/// The files that the lines compile.
pub(crate) fn project() -> Project {
    Project::of(&[
        ("pre.h", "#define PRE 1\n"),
        ("macros.h", "#define MACROS 2\n"),
        ("one/only_one.h", "#define ONLY_ONE 3\n"),
        ("two/a.h", "#include \"b.h\"\n#define A (B + 4)\n"),
        ("two/b.h", "#define B 5\n"),
        ("two/next.h", "#ifndef NEXT\n#define NEXT 6\n#include_next <next.h>\n#endif\n"),
        ("two/bytes.bin", "some bytes\n"),
        ("late/next.h", "#define LATER 7\n"),
        ("quoted/q.h", "#define Q 8\n"),
        ("forced.c", "#include <a.h>\nint forced = A + PRE + MACROS;\n"),
        (
            "deep/nested.c",
            "#include \"a.h\"\n#include \"../pre.h\"\n#include \"only_one.h\"\nint nested = A + PRE + ONLY_ONE;\n",
        ),
        ("computed.c", "#define NAME <a.h>\n#include NAME\nint computed = A;\n"),
        (
            "asked.c",
            "#if __has_include(\"optional.h\")\n#include \"optional.h\"\n#endif\n\
             #if __has_include(<sub/optional.h>)\n#include <sub/optional.h>\n#endif\n\
             #include <a.h>\nint asked = A;\n",
        ),
        ("linked.c", "#include <a.h>\n#include \"chain.h\"\nint linked = A + B;\n"),
        ("orders.c", "#include \"q.h\"\n#include <next.h>\nint orders = Q + NEXT + LATER;\n"),
        ("plain.c", "#include \"a.h\"\nint plain = A;\n"),
        ("root/usr/include/r.h", "#define R 9\n"),
        ("rooted.c", "#include <r.h>\nint rooted = R;\n"),
        ("listed.rsp", "-Ione\n@more.rsp -D\"QUOTED\"\n"),
        ("more.rsp", "-Itwo -DMORE\n"),
        ("cplus.cc", "#include <a.h>\nint cplus = A;\n"),
        ("ignore.txt", "fun:nothing\n"),
        ("assembled.S", "#include <a.h>\n.long A\n"),
        ("data.c", "#include <a.h>\n__asm__(\".incbin \\\"bytes.bin\\\"\");\nint data = A;\n"),
    ])
}

/// What makes the links that a list of files cannot have.
pub(crate) const LINKS: &str = "ln -sfn two alias; ln -sf b.h two/chain.h";

/// All lines, one after another.
pub(crate) fn build() -> String {
    LINES.map(|line| line.command).join("\n")
}
