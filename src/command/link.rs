//! Links: which commands make a program or a shared library of objects and nothing else.

use std::io;
use std::path::Path;

use super::table::{self, Token};
use super::{Family, Invocation, Output, Reason, Role, response};
use crate::command::table::row::Effect;

/// Objects, archives and libraries to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The arguments without `argv[0]`, response files expanded.
    pub args: Vec<String>,
    /// The program or library.
    pub output: Output,
}

/// Options of GNU ld (its manual, "Command-line Options") behind `-Wl,` that touch no file, up to an argument of theirs.
const SAFE: &[&str] = &[
    "--as-needed",
    "--no-as-needed",
    "--start-group",
    "--end-group",
    "-(",
    "-)",
    "--whole-archive",
    "--no-whole-archive",
    "--gc-sections",
    "--no-gc-sections",
    "--no-undefined",
    "--no-allow-shlib-undefined",
    "--allow-shlib-undefined",
    "--export-dynamic",
    "-export-dynamic",
    "-E",
    "-Bsymbolic",
    "-Bsymbolic-functions",
    "-Bstatic",
    "-Bdynamic",
    "--enable-new-dtags",
    "--disable-new-dtags",
    "--sort-common",
    "--warn-common",
    "--fatal-warnings",
    "--no-fatal-warnings",
    "--strip-all",
    "--strip-debug",
    "-s",
    "-S",
    "-O1",
    "-O2",
    "--relax",
    "--no-relax",
    "--eh-frame-hdr",
    "--copy-dt-needed-entries",
    "--no-copy-dt-needed-entries",
    "--hash-style",
    "--build-id",
    "-z",
    "-rpath",
    "--rpath",
    "-R",
    "-soname",
    "--soname",
    "-h",
    "--exclude-libs",
    "--defsym",
    "-rpath-link",
    "--rpath-link",
];

/// Those of them whose argument may be the next word.
const WITH_VALUE: &[&str] = &[
    "-z",
    "-rpath",
    "--rpath",
    "-R",
    "-soname",
    "--soname",
    "-h",
    "--exclude-libs",
    "--defsym",
    "-rpath-link",
    "--rpath-link",
    "--hash-style",
];

/// Returns the link that `inv` is, when all files that it touches are known from its arguments and its linker; else why not.
///
/// `reader` gives the bytes of `@file` responses.
pub fn read_link(
    inv: &Invocation,
    family: Family,
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Link, Reason> {
    let args: Option<Vec<String>> = inv.args.iter().map(|arg| arg.to_str().map(str::to_owned)).collect();
    let args = response::expand(args.ok_or(Reason::NotUtf8)?, &inv.cwd, reader)?;
    let (mut output, mut objects) = ("a.out".to_owned(), 0);
    let mut handed_on = Vec::new();
    for token in table::tokens(&args, family) {
        match token.effect {
            Effect::Object => token.value.clone_into(&mut output),
            Effect::Input if is_linked(token.value) => objects += 1,
            Effect::Input => return Err(Reason::NotASource(token.value.to_owned())),
            _ if token.option().starts_with("-Wl,") => {
                handed_on.extend(token.value.split(',').map(str::to_owned));
            }
            _ if is_harmless(&token) => {}
            _ => return Err(Reason::Unknown(token.option().to_owned())),
        }
    }
    if let Some(word) = unsafe_word(&handed_on) {
        return Err(Reason::Unknown(format!("-Wl,{word}")));
    }
    if objects == 0 {
        return Err(Reason::NoSource);
    }
    if output.is_empty() || output.starts_with("/dev/") || output.ends_with('/') {
        return Err(Reason::OddOutput(output));
    }
    Ok(Link { args, output: Output { path: output, role: Role::Program, optional: false } })
}

/// Whether an option changes nothing about the files of a link, or is looked at with the linker's own command line.
fn is_harmless(token: &Token<'_>) -> bool {
    // The work of these is done in files that have no fixed names; other linkers are not asked what they read.
    const ODD: &[&str] = &["-flto", "-fuse-ld", "-Xlinker", "-T", "-r"];
    let option = token.option();
    !ODD.iter()
        .any(|odd| option == *odd || option.strip_prefix(odd).is_some_and(|rest| rest.starts_with('=')))
        && !option.starts_with("-T")
        && matches!(
            token.effect,
            Effect::Passes
                | Effect::MayOmit
                | Effect::Directories
                | Effect::Processor
                | Effect::Search(_)
                | Effect::Adds(_)
                | Effect::Assembler
        )
}

/// The first word for the linker that may touch a file.
fn unsafe_word(words: &[String]) -> Option<&String> {
    let mut value = false;
    words.iter().find(|word| {
        if std::mem::take(&mut value) {
            return false;
        }
        value = WITH_VALUE.contains(&word.as_str());
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        !SAFE.contains(&name)
    })
}

/// Whether a file is an object, an archive or a shared library by its name.
fn is_linked(path: &str) -> bool {
    let unversioned = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is = |path: &str, suffix| Path::new(path).extension().is_some_and(|found| found == suffix);
    is(path, "o") || is(path, "a") || is(path, "lo") || is(unversioned, "so")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Link, Reason> {
        let words: Vec<String> = shell_words::split(line).unwrap();
        let inv = Invocation {
            compiler: "/usr/bin/gcc".into(),
            args: words.iter().map(Into::into).collect(),
            cwd: "/w".into(),
        };
        read_link(&inv, Family::Gcc, &|_| Err(io::ErrorKind::NotFound.into()))
    }

    #[test]
    fn programs_and_libraries_of_objects_are_links() {
        assert_eq!(read("a.o b.o -lm").unwrap().output.path, "a.out");
        assert_eq!(read("-g -O2 -o hello main.o").unwrap().output.path, "hello");
        let library = "-shared -fPIC a.o libz.so.1.2 -Wl,-soname,liba.so.1 -Wl,-rpath -Wl,/x -o liba.so.1";
        assert_eq!(read(library).unwrap().output.path, "liba.so.1");
        assert!(read("a.o -L. -lfoo -Wl,--as-needed -Wl,-O1,--sort-common,-z,relro -pthread").is_ok());
    }

    #[test]
    fn what_touches_more_files_is_none() {
        for line in [
            "main.c -o x",
            "-lm",
            "a.o -Wl,-Map,x.map",
            "a.o -Wl,-Map=x.map",
            "a.o -Wl,--version-script=v",
            "a.o -Wl,b.o",
            "a.o -Wl,-rpath,/x,b.o",
            "a.o -T script",
            "a.o -flto",
            "a.o -fuse-ld=gold",
            "a.o -Xlinker -Map=x",
            "a.o -o /dev/null",
            "a.o -c",
            "a.o -B/odd",
            "a.o -save-temps",
            "a.o -fplugin=x.so",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
