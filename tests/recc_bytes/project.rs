//! A small project with most of what makes paths hard: links, folders beside it, generated headers, names with blanks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::shell::succeed;

/// The project's folder, in a folder of its own.
pub(crate) struct Project {
    _folder: tempfile::TempDir,
    /// Without links.
    pub(crate) root: String,
}

const FILES: &[(&str, &str)] = &[
    ("p/src/a.c", "#include \"a.h\"\n#include <stdio.h>\nint main(void) { puts(\"a\"); return A; }\n"),
    ("p/src/b.b.c", "#include \"local.h\"\nint b(void) { return LOCAL; }\n"),
    ("p/src/local.h", "#define LOCAL 3\n"),
    ("p/src/plain.c", "int plain(void) { return 0; }\n"),
    ("p/src/c.cc", "#include <cstdlib>\n#include \"../inc/a.h\"\nint c() { return A; }\n"),
    ("p/src/d.cpp", "int d() { return 0; }\n"),
    ("p/src/s p.c", "int s(void) { return 0; }\n"),
    ("p/src/asm.S", ".text\n"),
    ("p/inc/a.h", "#include \"deeper/b.h\"\n#define A B\n"),
    ("p/inc/deeper/b.h", "#define B 0\n"),
    ("p/build/gen/config.h", "#define HAVE_A 1\n"),
    ("p/build/keep", ""),
    ("p/deep/er/e.c", "#include <a.h>\nint e(void) { return A; }\n"),
    ("p/deep/q.h", "#define Q 1\n"),
    ("p/lib/keep", ""),
    ("beside/x.h", "#define X 1\n"),
    ("beside/x.c", "#include \"x.h\"\nint x(void) { return X; }\n"),
];

const LINKS: &[(&str, &str)] = &[
    ("p/inc2", "inc"),
    ("p/src/linked.c", "plain.c"),
    ("p/srcl", "src"),
    ("p/jump", "deep/er"),
    ("p/inc/up.h", "../deep/q.h"),
];

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().canonicalize().expect("it exists");
        for (path, text) in FILES {
            write(&base.join(path), text);
        }
        for (path, target) in LINKS {
            symlink(target, base.join(path)).expect("linked");
        }
        objects(&base.join("p"));
        let root = base.join("p").to_str().expect("plain").to_owned();
        Self { _folder: folder, root }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// Objects, archives and libraries to link.
fn objects(root: &Path) {
    let gcc = |words: &str| {
        succeed(Command::new("gcc").args(words.split(' ')).current_dir(root));
    };
    gcc("-fPIC -Iinc -c src/a.c -o build/a.o");
    gcc("-fPIC -c src/plain.c -o build/plain.o");
    gcc("-fPIC -c src/b.b.c -o build/b.o");
    gcc("-shared build/plain.o -o lib/libplain.so -nostdlib");
    gcc("-shared build/b.o -o lib/libb.so.1 -nostdlib -Wl,-soname,libb.so.1");
    symlink("libb.so.1", root.join("lib/libb.so")).expect("linked");
    succeed(Command::new("ar").args(["rc", "lib/libs.a", "build/plain.o"]).current_dir(root));
}
