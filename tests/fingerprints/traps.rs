//! What hides a directive from one language may lay it open in another.

use proptest::prelude::*;
use spec_cc::directives;

use super::{MODES, cases, dependencies, write};

/// What may hide the next line from a compiler in some language, or lay it open in another.
const TRAPS: [&str; 52] = [
    "/*",
    "//*",
    "// /*",
    "\"/*",
    "'/*",
    "R\"(",
    "R\"x(",
    "\"\\\"/*",
    "1'0/*",
    "1'0'/*",
    "u8R\"(",
    "// \\",
    "// \\ ",
    "// ??/",
    "\"\\",
    "/\\\n*",
    "#define X /*",
    "#define X '/*",
    "#warning x /*",
    "#warning it's /*",
    "#include <x/*y.h>",
    "#if 0",
    "#pragma x /*",
    "\"\" /*",
    "L'\"' /*",
    "R\"(/*)\"",
    "FR\"(",
    "int a; /*",
    "%: /*",
    "\r",
    "a \\",
    "??/",
    "'\\'/*'",
    "'",
    "\"",
    "0x1'a/*",
    "*//*",
    "/*/",
    "*/",
    ")\"",
    ")x\"",
    "//*/",
    "*??/\n/",
    "*\\\n/",
    "*/)\"",
    "#ident \"x\" /*",
    "#line 3 /*",
    "# /*",
    "/**/",
    "#endif",
    "x",
    "#else",
];

fn traps() -> impl Strategy<Value = String> {
    let trap = (prop::sample::select(&TRAPS[..]), prop::sample::select(&["\n", "\n", "\n", " ", ""][..]));
    prop::collection::vec(trap, 1..5)
        .prop_map(|traps| traps.into_iter().flat_map(|(trap, end)| [trap, end]).collect())
}

proptest! {
    #![proptest_config(cases())]

    /// A directive that does not count in the fingerprint is none in any language.
    #[test]
    fn what_is_hidden_is_hidden_from_all_compilers(before in traps(), after in traps()) {
        let text = |header: &str| format!("{before}\n#include <{header}>\n{after}\n");
        let fingerprint = |header: &str| directives::scan(text(header).as_bytes()).fingerprint;
        prop_assume!(fingerprint("a.h") == fingerprint("b.h"));
        let dir = tempfile::tempdir().expect("a folder");
        for header in ["a.h", "x/*y.h"] {
            write(dir.path(), header, "");
        }
        write(dir.path(), "t.c", &text("a.h"));
        for mode in MODES {
            let read = dependencies(mode, dir.path(), &["-I."], "t.c").unwrap_or_default();
            prop_assert!(!read.iter().any(|name| name.ends_with("a.h")), "{:?}\n{}", mode, text("a.h"));
        }
    }
}
