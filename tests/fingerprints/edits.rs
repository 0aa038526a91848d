//! Edits of real texts: what people, formatters and generators do to a file, and what misleads a lexer.

use proptest::prelude::*;
use proptest::sample::Index;

/// A kind of edit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Whether it is meant to leave the directives alone.
    pub(crate) of_text: bool,
    apply: fn(&[u8], Index, Index) -> Vec<u8>,
}

/// An edit: its kind, where, and which variant of it.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) kind: Kind,
    place: Index,
    variant: Index,
}

impl Edit {
    /// The text after the edit.
    pub(crate) fn apply(&self, text: &[u8]) -> Vec<u8> {
        (self.kind.apply)(text, self.place, self.variant)
    }
}

/// Any edit.
pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let kind = prop::sample::select(&KINDS[..]);
    (kind, any::<Index>(), any::<Index>()).prop_map(|(kind, place, variant)| Edit { kind, place, variant })
}

const KINDS: [Kind; 24] = [
    text("comment", |text, place, variant| insert(text, boundary(text, place), COMMENTS, variant)),
    text("comment at a directive", |text, place, variant| insert(text, near(text, place), COMMENTS, variant)),
    text("splice", |text, place, variant| insert(text, place.index(text.len() + 1), SPLICES, variant)),
    text("splice at a directive", |text, place, variant| insert(text, near(text, place), SPLICES, variant)),
    text("blanks", |text, place, variant| insert(text, boundary(text, place), BLANKS, variant)),
    text("blanks at a directive", |text, place, variant| insert(text, near(text, place), BLANKS, variant)),
    text("blanks at all ends", |text, _, variant| ends(text, pick(BLANKS, variant))),
    text("line of text", |text, place, variant| insert(text, line(text, place).0, LINES, variant)),
    text("literal", |text, place, variant| insert(text, boundary(text, place), LITERALS, variant)),
    text("line of text removed", |text, place, _| without_text_line(text, place)),
    text("CRLF", |text, _, _| ends(text, "\r")),
    text("byte order mark", |text, _, _| [b"\xef\xbb\xbf", text].concat()),
    text("last newline removed", |text, _, _| text.trim_ascii_end().to_vec()),
    other("odd piece", |text, place, variant| insert(text, boundary(text, place), ODD, variant)),
    other("odd piece at a directive", |text, place, variant| insert(text, near(text, place), ODD, variant)),
    other("_Pragma", |text, place, variant| insert(text, boundary(text, place), PRAGMAS, variant)),
    other("directive", |text, place, variant| insert(text, line(text, place).0, DIRECTIVES, variant)),
    other("respelt", respell),
    other("condition turned", turn),
    other("macro edited", edit_macro),
    other("line removed", |text, place, _| replace(text, line(text, place), b"")),
    other("line doubled", |text, place, _| {
        insert_bytes(text, line(text, place).0, slice(text, line(text, place)))
    }),
    other("directive hidden", |text, place, variant| hide(text, directive(text, place), variant)),
    other("lines hidden", |text, place, variant| hide(text, lines(text, place, variant), variant)),
];

type Apply = fn(&[u8], Index, Index) -> Vec<u8>;

const fn text(name: &'static str, apply: Apply) -> Kind {
    Kind { name, of_text: true, apply }
}

const fn other(name: &'static str, apply: Apply) -> Kind {
    Kind { name, of_text: false, apply }
}

const COMMENTS: &[&str] = &[
    "/**/",
    " /* it's */ ",
    "/* #include <nothing.h>\n#include <nothing.h>\n*/",
    "/*\n*/",
    " // x\n",
    "// \" /\n",
    "// x \\\n x\n",
    "/* // */",
    "/*\\\n*/",
    "/\\\n* x *\\\n/",
    "/* R\"( */",
];

const SPLICES: &[&str] = &["\\\n", "\\\r\n", "\\ \n", "\\\n\\\n"];

const BLANKS: &[&str] = &[" ", "\t", "  \t ", "\x0c", "\x0b"];

const LINES: &[&str] = &[
    "int spec_cc_text;\n",
    "\n",
    "\n\n\n",
    "extern \"C\" int f(void);\n",
    "// it's\n",
    "/* # */\n",
    "static const char c = '\"';\n",
    "int one = 1'000;\n",
    "a \\\n b\n",
    "x # include <nothing.h>\n",
    "auto r = R\"(#)\";\n",
];

const LITERALS: &[&str] = &[
    "\"s\"",
    " \"/*\" ",
    " '\"' ",
    " L'x' ",
    " \"\\\"\" ",
    " R\"(x)\" ",
    " R\"(\n#include <nothing.h>\n)\" ",
    " u8R\"x()\")x\" ",
    " R\"(/*)\" ",
    " 1'0 ",
];

const ODD: &[&str] = &[
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "/",
    "\\",
    "#",
    "##",
    "%:",
    "??=",
    "??/\n",
    "??/",
    "<:",
    "%>",
    "(",
    ")",
    "R\"(",
    ")\"",
    "R",
    "\r",
    "\0",
    "\u{e9}",
    "__LINE__",
    "__COUNTER__",
    "1'0/*",
    "\n",
    "\n#",
    "__has_include(<errno.h>)",
];

const PRAGMAS: &[&str] = &[
    "_Pragma(\"once\")",
    " _Pragma ( \"GCC diagnostic push\" ) ",
    "_Pragma(\"push_macro(\\\"__cplusplus\\\")\")",
    " _Pragma(\"GCC poison spec_cc\")\n",
    "_Pragma(",
    "_Pragma(L\"once\")",
    " _Pragma(\"GCC system_header\") ",
];

const DIRECTIVES: &[&str] = &[
    "#include <errno.h>\n",
    "# /**/ include <limits.h>\n",
    "#define SPEC_CC 1\n",
    "#undef __GNUC__\n",
    "#undef __cplusplus\n",
    "#define __STRICT_ANSI__ 1\n",
    "#if 0\n#include <errno.h>\n#endif\n",
    "#if 0\nit's \" /* \n*/\n#endif\n",
    "#if __LINE__ > 100\n#include <errno.h>\n#endif\n",
    "#pragma once\n",
    "#pragma push_macro(\"__cplusplus\")\n",
    "#\n",
    "#endif\n",
    "#else\n",
    "#if 1\n",
    "#line 7\n",
    "#error\n",
    "#warning it's /*\n*/\n",
    "#ident \"x\"\n",
    "%:include <errno.h>\n",
    "??=include <errno.h>\n",
];

fn pick(from: &[&'static str], variant: Index) -> &'static str {
    from[variant.index(from.len())]
}

fn insert(text: &[u8], at: usize, from: &[&'static str], variant: Index) -> Vec<u8> {
    insert_bytes(text, at, pick(from, variant).as_bytes())
}

fn insert_bytes(text: &[u8], at: usize, piece: &[u8]) -> Vec<u8> {
    replace(text, (at, at), piece)
}

fn replace(text: &[u8], (from, to): (usize, usize), piece: &[u8]) -> Vec<u8> {
    [&text[..from], piece, &text[to..]].concat()
}

fn slice(text: &[u8], (from, to): (usize, usize)) -> &[u8] {
    &text[from..to]
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The next place where a token may end.
fn boundary(text: &[u8], place: Index) -> usize {
    let from = place.index(text.len() + 1);
    let inside = |at: usize| at > 0 && is_word(text[at - 1]) && is_word(text[at]);
    (from..text.len()).find(|&at| !inside(at)).unwrap_or(text.len())
}

/// A place between tokens in a directive, right before or right after it.
fn near(text: &[u8], place: Index) -> usize {
    let (from, to) = directive(text, place);
    let places: Vec<usize> = (from..to)
        .filter(|&at| at == from || !(is_word(text[at - 1]) && is_word(text[at])))
        .chain([to])
        .collect();
    // The same index that chose the directive would choose its like in each: mixed with the line's own place.
    places[(place.index(usize::MAX) ^ from.wrapping_mul(31)) % places.len()]
}

/// Where each line begins and ends, its newline included.
fn all_lines(text: &[u8]) -> Vec<(usize, usize)> {
    let mut at = 0;
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            at += line.len();
            (at - line.len(), at)
        })
        .collect()
}

fn one_of(lines: &[(usize, usize)], place: Index) -> (usize, usize) {
    if lines.is_empty() { (0, 0) } else { lines[place.index(lines.len())] }
}

fn line(text: &[u8], place: Index) -> (usize, usize) {
    one_of(&all_lines(text), place)
}

fn is_directive(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"#")
}

fn directive(text: &[u8], place: Index) -> (usize, usize) {
    let mut lines = all_lines(text);
    lines.retain(|&line| is_directive(slice(text, line)));
    one_of(&lines, place)
}

fn lines(text: &[u8], place: Index, variant: Index) -> (usize, usize) {
    let all = all_lines(text);
    let (one, two) = (one_of(&all, place), one_of(&all, variant));
    (one.0.min(two.0), one.1.max(two.1))
}

fn ends(text: &[u8], end: &str) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let ended = lines.flat_map(|line| match line.strip_suffix(b"\n") {
        Some(line) => [line, end.as_bytes(), b"\n"],
        None => [line, b"", b""],
    });
    ended.collect::<Vec<_>>().concat()
}

fn without_text_line(text: &[u8], place: Index) -> Vec<u8> {
    let mut lines = all_lines(text);
    let plain = |line: &[u8]| !is_directive(line) && !line.contains(&b'*') && !line.ends_with(b"\\\n");
    let mut behind_splice = false;
    lines.retain(|&line| {
        let line = slice(text, line);
        let free = !std::mem::replace(&mut behind_splice, line.ends_with(b"\\\n"));
        free && plain(line)
    });
    replace(text, one_of(&lines, place), b"")
}

/// A directive's mark or name written in another way.
fn respell(text: &[u8], place: Index, variant: Index) -> Vec<u8> {
    let (from, to) = directive(text, place);
    let Some(mark) = text[from..to].iter().position(|byte| *byte == b'#').map(|at| from + at) else {
        return text.to_vec();
    };
    let spellings =
        ["%:", "??=", " #", "/**/#", "# ", "#\\\n", "\\\n#", "%\\\n:", "#/**/", "x #", "'#", "\"#", "##"];
    replace(text, (mark, mark + 1), pick(&spellings, variant).as_bytes())
}

fn change_first(text: &[u8], range: (usize, usize), changes: &[(&str, &str)], variant: Index) -> Vec<u8> {
    let line = slice(text, range);
    let possible: Vec<Vec<u8>> = changes
        .iter()
        .filter_map(|(old, new)| {
            let at = line.windows(old.len()).position(|part| part == old.as_bytes())?;
            Some(replace(line, (at, at + old.len()), new.as_bytes()))
        })
        .collect();
    if possible.is_empty() {
        text.to_vec()
    } else {
        replace(text, range, &possible[variant.index(possible.len())])
    }
}

fn turn(text: &[u8], place: Index, variant: Index) -> Vec<u8> {
    let mut lines = all_lines(text);
    lines.retain(|&line| {
        let line = slice(text, line).trim_ascii_start();
        line.strip_prefix(b"#")
            .is_some_and(|line| matches!(line.trim_ascii_start(), [b'i', b'f', ..] | [b'e', b'l', ..]))
    });
    let changes = [
        ("ifndef", "ifdef"),
        ("ifdef", "ifndef"),
        ("if ", "if !"),
        ("if", "if 0 &&"),
        ("defined", "!defined"),
        ("&&", "||"),
        ("||", "&&"),
        (">=", "<"),
        ("1", "0"),
        ("0", "1"),
        ("elif", "else //"),
        ("_", "__"),
    ];
    change_first(text, one_of(&lines, place), &changes, variant)
}

fn edit_macro(text: &[u8], place: Index, variant: Index) -> Vec<u8> {
    let mut lines = all_lines(text);
    lines.retain(|&line| slice(text, line).trim_ascii_start().starts_with(b"#define"));
    let changes = [
        ("define", "undef"),
        ("\n", " 1\n"),
        ("1", "2"),
        ("_H", "_H_"),
        ("(", " ("),
        (" ", " X"),
        ("\n", " /* x */\n"),
        ("\n", "__LINE__\n"),
        ("\n", "\\\n"),
        ("\n", " _Pragma(\"once\")\n"),
    ];
    change_first(text, one_of(&lines, place), &changes, variant)
}

/// Lines put where they are no directives.
fn hide(text: &[u8], range: (usize, usize), variant: Index) -> Vec<u8> {
    let covers = [
        ("/*\n", "*/\n"),
        ("#if 0\n", "#endif\n"),
        ("const char *hidden = R\"(\n", ")\";\n"),
        ("const char *hidden = R\"spec_cc(", ")spec_cc\";\n"),
        ("\"", "\""),
        ("// \\\n", ""),
        ("/* \" */ /*", "*/"),
        ("'", "'"),
        ("hidden(\n", ")\n"),
    ];
    let (open, close) = covers[variant.index(covers.len())];
    replace(text, range, &[open.as_bytes(), slice(text, range), close.as_bytes()].concat())
}
