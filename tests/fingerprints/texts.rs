//! Whatever is done to a text, as long as its fingerprint stays, every compiler includes the same files.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use spec_cc::directives;

use super::{MODES, cases, dependencies, write};

/// Pieces of text that mislead a lexer, with enough plain ones between them.
fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "#include \"a.h\"\n",
        "#include <b.h>\n",
        "# /*x*/ include \"c.h\" // y\n",
        "%:include \"d.h\"\n",
        "#define X 1\n",
        "#define X 0\n",
        "#undef X\n",
        "#if X\n",
        "#if 0\n",
        "#ifdef X\n",
        "#else\n",
        "#endif\n",
        "#endif\n",
        "\n",
        "\n",
        "int a;\n",
        "f(",
        ")",
        "/*",
        "*/",
        "/* x */",
        "//",
        "// x\n",
        "/",
        "*",
        "\"",
        "\"s\"",
        "\\\"",
        "'",
        "'\"'",
        "'x'",
        "\\\n",
        "\\ \n",
        "\\\r\n",
        "\r\n",
        "R\"(",
        ")\"",
        "R\"x(",
        ")x\"",
        "u8R\"(a)\"",
        "R",
        "1'000",
        "1'0/*",
        "0x1p-3",
        "don't\n",
        "#",
        "%:",
        "??=include \"a.h\"\n",
        "??/\n",
        "??/",
        "#error x /*\n",
        "#pragma once\n",
        "#pragma x /* y\n",
        "#define Y \"/*\n",
        "#define Z 'a /* b */\n",
        "_Pragma(\"once\")",
        "include \"d.h\"\n",
        "# include\\\n \"c.h\"\n",
        "\t",
        " ",
        "\x0c",
        "L'/*'",
        "\u{e9}",
        "#include \"a//b.h\"\n",
        "#include <x/*y.h>\n",
        "#if __has_include(\"a.h\") /*\n*/\n",
        "#ifndef __has_include /*",
        "#line 3\n",
        "#ident \"x\"\n",
        "#warning it's /*\n",
    ];
    prop::sample::select(pieces).prop_map(str::to_owned)
}

#[derive(Debug, Clone)]
enum Edit {
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index),
    Replace(prop::sample::Index, String),
    Swap(prop::sample::Index),
}

impl Edit {
    fn apply(&self, pieces: &[String]) -> Vec<String> {
        let mut edited = pieces.to_vec();
        match self {
            Self::Insert(at, piece) => edited.insert(at.index(pieces.len() + 1), piece.clone()),
            Self::Remove(at) => drop(edited.remove(at.index(pieces.len()))),
            Self::Replace(at, piece) => edited[at.index(pieces.len())].clone_from(piece),
            Self::Swap(at) => {
                let at = at.index(pieces.len());
                edited.swap(at, (at + 1) % pieces.len());
            }
        }
        edited
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => (index(), piece()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => index().prop_map(Edit::Remove),
        3 => (index(), piece()).prop_map(|(at, piece)| Edit::Replace(at, piece)),
        1 => index().prop_map(Edit::Swap),
    ]
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever is done to a text, as long as its fingerprint stays, every compiler includes the same files.
    #[test]
    fn equal_fingerprints_include_the_same(
        pieces in prop::collection::vec(piece(), 2..14),
        edits in prop::collection::vec(edit(), 12),
    ) {
        let text = pieces.concat();
        let scan = directives::scan(text.as_bytes());
        let edited = edits.iter().map(|edit| edit.apply(&pieces).concat())
            .find(|edited| *edited != text && directives::scan(edited.as_bytes()).fingerprint == scan.fingerprint);
        prop_assume!(edited.is_some());
        let edited = edited.unwrap_or_default();
        let dir = tempfile::tempdir().expect("a folder");
        for header in ["a.h", "b.h", "c.h", "d.h", "x/*y.h", "a/b.h"] {
            write(dir.path(), header, "");
        }
        for mode in MODES {
            write(dir.path(), "t.c", &text);
            let Some(before) = dependencies(mode, dir.path(), &["-I."], "t.c") else { continue };
            write(dir.path(), "t.c", &edited);
            if let Some(after) = dependencies(mode, dir.path(), &["-I."], "t.c") {
                prop_assert_eq!(&before, &after, "{:?}\n{}\n---\n{}", mode, text, edited);
                for read in before.iter().filter(|name| name.contains(".h") && !name.starts_with("/usr")) {
                    let named = scan.includes.iter().any(|include| read.ends_with(&include.name));
                    prop_assert!(named || scan.computed_include, "{} is not in {:?}\n{}", read, scan.includes, text);
                }
            }
        }
    }
}

/// The same, with the headers that everybody includes.
#[test]
fn real_headers_keep_their_fingerprints_when_only_text_changes() {
    let dir = tempfile::tempdir().expect("a folder");
    let headers: Vec<PathBuf> = [
        "stdio.h",
        "stdlib.h",
        "string.h",
        "time.h",
        "unistd.h",
        "x86_64-linux-gnu/sys/types.h",
        "pthread.h",
    ]
    .iter()
    .map(|name| Path::new("/usr/include").join(name))
    .collect();
    for header in headers {
        let text = std::fs::read_to_string(&header).expect("a system header");
        let scan = directives::scan(text.as_bytes());
        let edited =
            text.replace("extern ", "extern /* #include <nothing.h> */ ").replace("*/\n", "*/\n\n// it's\n");
        assert_ne!(edited, text);
        assert_eq!(scan.fingerprint, directives::scan(edited.as_bytes()).fingerprint, "{}", header.display());
        let read = |text: &str| {
            write(dir.path(), "t.c", text);
            dependencies(MODES[0], dir.path(), &[], "t.c")
        };
        assert_eq!(read(&text), read(&edited), "{}", header.display());
    }
}
