//! Options after which a result is not one of files and arguments alone: it has the time, chance, the machine or how long it took in
//! it, or other code may put anything there.

use std::io;
use std::path::Path;

use super::response;

/// Whose option it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// The compiler driver and the compilers behind it.
    Driver,
    /// GNU `as`.
    Assembler,
    /// GNU `ld`, gold, lld, mold.
    Linker,
    /// `ar` and `ranlib`.
    Archiver,
}

/// How the option is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// This word alone.
    Word,
    /// A word that begins so.
    Begin,
    /// A long option of getopt(3): one dash or two, cut short at will, maybe with a value.
    Long,
    /// A long option with this value.
    Value,
}

use Form::{Begin, Long, Value, Word};
use Tool::{Archiver, Assembler, Driver, Linker};

/// The table. GCC's and clang's manuals; `as(1)`, `ld(1)`, `ar(1)`; `ld.lld --help`, `ld.gold --help`, `mold --help`.
#[rustfmt::skip]
const ROWS: &[(Tool, Form, &str)] = &[
    // This machine's processor
    (Driver, Begin, "-march=native"),
    (Driver, Begin, "-mcpu=native"),
    (Driver, Begin, "-mtune=native"),
    // What the compiler says of itself: how long it took, how much memory, under which passing names
    (Driver, Word, "-Q"),
    (Driver, Begin, "-time"),
    (Driver, Begin, "-ftime-report"),
    (Driver, Begin, "-ftime-trace"),
    (Driver, Begin, "-fmem-report"),
    (Driver, Begin, "-fpre-ipa-mem-report"),
    (Driver, Begin, "-fpost-ipa-mem-report"),
    (Driver, Begin, "-fproc-stat-report"),
    (Driver, Begin, "-fself-test"),
    (Driver, Word, "-fstats"),
    (Driver, Begin, "-save-stats"),
    (Driver, Begin, "--save-stats"),
    (Driver, Begin, "-print-stats"),
    (Driver, Begin, "-time-passes"),
    (Driver, Begin, "--time-passes"),
    (Driver, Begin, "-stats"),
    (Driver, Begin, "--stats"),
    (Driver, Begin, "-track-memory"),
    (Driver, Begin, "--track-memory"),
    (Driver, Begin, "-gen-reproducer"),
    // Caches of the compiler's own
    (Driver, Begin, "-fmodule"),
    // Other code. A record on a grid may be anybody's.
    (Driver, Begin, "-wrapper"),
    (Driver, Begin, "--wrapper"),
    (Driver, Begin, "-fplugin"),
    (Driver, Begin, "-fpass-plugin"),
    (Driver, Begin, "-load"),
    (Driver, Begin, "--load"),
    (Driver, Begin, "-add-plugin"),

    // A listing has the time of day and the name of a temporary file in it.
    (Assembler, Begin, "-a"),
    (Assembler, Long, "statistics"),

    (Linker, Value, "build-id=uuid"),
    (Linker, Long, "stats"),
    (Linker, Begin, "--time-trace"),
    (Linker, Begin, "-time-trace"),
    (Linker, Long, "perf"),
    (Linker, Begin, "--incremental"),
    (Linker, Begin, "-incremental"),
    (Linker, Begin, "-plugin"),
    (Linker, Begin, "--plugin"),
    (Linker, Begin, "--load-pass-plugin"),
    (Linker, Begin, "-mllvm"),
    (Linker, Begin, "--mllvm"),

    // Its script comes from standard input.
    (Archiver, Word, "-M"),
    (Archiver, Long, "plugin"),
];

/// Letters of an archiver's operation (`ar(1)`): a script from standard input, taking files out with their modes and times, putting
/// these in.
const OPERATIONS: [char; 4] = ['M', 'x', 'o', 'U'];

/// Fewer letters of a long option name none.
const SHORTEST: usize = 2;

/// The first word of a command line, its response files expanded, after which a result is not one of files and arguments alone.
///
/// Words for the programs behind a driver are looked at, those in files that it names to them, and what its specs files say.
/// `reader` gives the bytes of a file.
///
/// # Errors
/// Where a file of words cannot be read for certain: then nobody knows.
pub(super) fn varying(
    tool: Tool,
    words: &[String],
    cwd: &Path,
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<String>, super::Reason> {
    for (tool, words) in parts(tool, words, cwd, reader)? {
        let operations = words.first().filter(|_| tool == Archiver);
        let operations = operations.filter(|word| is_operation(word));
        if let Some(word) = operations.or_else(|| words.iter().find(|word| varies(tool, word))) {
            return Ok(Some(word.clone()));
        }
    }
    Ok(None)
}

/// The words of each program.
fn parts(
    tool: Tool,
    words: &[String],
    cwd: &Path,
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Vec<(Tool, Vec<String>)>, super::Reason> {
    let (mut driver, mut assembler, mut linker) = (Vec::new(), Vec::new(), Vec::new());
    let mut specs = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let split = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
        if let Some(list) = word.strip_prefix("-Wl,") {
            linker.extend(split(list));
        } else if let Some(list) = word.strip_prefix("-Wa,") {
            assembler.extend(split(list));
        } else if let Some(list) = word.strip_prefix("-Wp,") {
            driver.extend(split(list));
        } else if let Some(file) = word.trim_start_matches('-').strip_prefix("specs=") {
            specs.extend(words_of_specs(cwd, file, reader));
        } else {
            match word.as_str() {
                "-Xlinker" | "--for-linker" => linker.extend(rest.next().cloned()),
                "-Xassembler" | "--for-assembler" => assembler.extend(rest.next().cloned()),
                "-specs" | "--specs" => {
                    specs.extend(rest.next().into_iter().flat_map(|file| words_of_specs(cwd, file, reader)));
                }
                _ => driver.push(word.clone()),
            }
        }
    }
    let expand = |words| response::expand(words, cwd, reader);
    let mut parts = vec![(tool, driver), (Assembler, expand(assembler)?), (Linker, expand(linker)?)];
    if !specs.is_empty() {
        parts.extend([Driver, Assembler, Linker].map(|tool| (tool, specs.clone())));
    }
    Ok(parts)
}

/// All that may be a word in a specs file of the user's own (GCC manual, "Spec Files"). The compiler's own are not in the way of a name.
fn words_of_specs(cwd: &Path, file: &str, reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Vec<String> {
    let text = reader(&cwd.join(file)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '%' | ':' | ';' | '|' | '(' | ')' | ',');
    text.split(ends).filter(|word| word.starts_with('-')).map(str::to_owned).collect()
}

/// Whether a word is an archiver's operation, and one of those. `ranlib` has none.
fn is_operation(word: &str) -> bool {
    let letters = word.trim_start_matches('-');
    letters.bytes().all(|byte| byte.is_ascii_alphabetic()) && letters.contains(OPERATIONS)
}

fn varies(tool: Tool, word: &str) -> bool {
    let long = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    ROWS.iter().filter(|(whose, ..)| *whose == tool).any(|(_, form, name)| match form {
        Word => word == *name,
        Begin => word.starts_with(name),
        Long => long.is_some_and(|long| is_cut(long.split('=').next().unwrap_or_default(), name)),
        Value => match (long.and_then(|long| long.split_once('=')), name.split_once('=')) {
            (Some((option, value)), Some((name, varying))) => is_cut(option, name) && value == varying,
            _ => false,
        },
    })
}

/// Whether a word may stand for a longer one (`getopt_long_only(3)`).
fn is_cut(word: &str, name: &str) -> bool {
    word.len() >= SHORTEST && name.starts_with(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tool: Tool, line: &str) -> Option<String> {
        let reader = |path: &Path| match path.to_str() {
            Some("/w/l") => Ok(b"-s --build-id=uuid".to_vec()),
            Some("/w/a") => Ok(b"-ahl".to_vec()),
            Some("/w/specs") => Ok(b"*link:\n+ %{!r:--build-id=uuid}\n".to_vec()),
            Some("/w/plain") => Ok(b"*cpp:\n-DX=1 -Wl,-z\n".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        varying(tool, &shell_words::split(line).unwrap(), Path::new("/w"), &reader).unwrap()
    }

    #[test]
    fn words_for_each_program_are_looked_at() {
        for line in [
            "a.c -Q",
            "-Wp,-fstats a.c",
            "-Wa,-ag=x.lst a.c",
            "-Wa,-L,-ahl a.c",
            "-Xassembler --stat a.c",
            "-Wa,@a a.c",
            "-Wl,--build-id=uuid a.o",
            "-Wl,-build-id=uuid a.o",
            "-Wl,-s,--build=uuid a.o",
            "-Wl,--bu=uuid a.o",
            "-Xlinker --stats a.o",
            "-Wl,@l a.o",
            "-specs=specs a.o",
            "-specs specs a.o",
            "-Wl,-plugin,x.so a.o",
            "-fplugin=x.so a.c",
            "-mllvm -time-passes a.c",
            "-Xclang -print-stats a.c",
        ] {
            assert!(found(Driver, line).is_some(), "{line}");
        }
        for line in ["-M", "xo l.a", "cruU l.a a.o", "-x l.a", "crM", "cr l.a a.o --plugin x.so"] {
            assert!(found(Archiver, line).is_some(), "{line}");
        }
    }

    #[test]
    fn others_are_not() {
        for line in [
            "-o a a.o -Wl,--build-id -Wl,--build-id=sha1 -Wl,-s,--strip-all,--start-group -Wl,-a",
            "-O2 -c a.c -Wa,--noexecstack,--strip-local-absolute -Wa,-L",
            "-specs=plain a.o",
            "-specs=missing a.o -Wl,@missing",
            "-Wl,-t,-Map=x,-static,--trace a.o -static",
        ] {
            assert_eq!(found(Driver, line), None, "{line}");
        }
        for line in
            ["cr libx.a a.o", "cru libx.a a.o", "rcs libM.a u.o", "t libx.a", "-cr libx.a -M.o", "libx.a"]
        {
            assert_eq!(found(Archiver, line), None, "{line}");
        }
    }
}
