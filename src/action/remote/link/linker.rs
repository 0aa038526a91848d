//! The linker's command line, as far as recc reads it.

use crate::action::remote::NotRemote;

/// What a linker's command line adds up to.
#[derive(Debug, Default)]
pub(super) struct Linker {
    pub(super) wanted: Vec<Wanted>,
    /// `-L`
    pub(super) folders: Vec<String>,
    /// `-rpath-link`, then `-rpath`
    pub(super) run_paths: Vec<String>,
}

/// A file to be read.
#[derive(Debug)]
pub(super) enum Wanted {
    File(String),
    /// `-l`
    Library {
        name: String,
        is_static: bool,
    },
}

/// Options that make the linker read or write more, which recc does not follow. Without dashes, without an argument.
const REFUSED: &[&str] = &[
    "T",
    "script",
    "dT",
    "default-script",
    "R",
    "just-symbols",
    "Y",
    "a",
    "dynamic-list",
    "Map",
    "error-handling-script",
    "out-implib",
    "retain-symbols-file",
    "version-script",
];

/// Options whose next word is no file.
const WITH_WORD: &[&str] = &[
    "m",
    "o",
    "z",
    "h",
    "soname",
    "u",
    "undefined",
    "e",
    "entry",
    "init",
    "fini",
    "y",
    "trace-symbol",
    "wrap",
    "defsym",
    "exclude-libs",
    "f",
    "F",
    "A",
    "plugin-opt",
    "dependency-file",
];

/// Reads a linker's command line, program first.
pub(super) fn read(command: &[String]) -> Result<Linker, NotRemote> {
    let mut reader =
        Reader { linker: Linker::default(), rpaths: Vec::new(), is_static: false, states: Vec::new() };
    let mut rest = command.iter().skip(1).map(String::as_str);
    while let Some(word) = rest.next() {
        reader.word(word, &mut rest)?;
    }
    let mut linker = reader.linker;
    linker.run_paths.extend(reader.rpaths);
    Ok(linker)
}

/// Whether a file's name is that of a shared library, its version behind it or not.
pub(crate) fn is_shared(path: &str) -> bool {
    suffix(path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')) == "so"
}

/// What follows the last dot, if anything.
pub(crate) fn suffix(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, suffix)| suffix)
}

struct Reader {
    linker: Linker,
    rpaths: Vec<String>,
    /// `-Bstatic`, as it stands for the libraries that follow.
    is_static: bool,
    /// `--push-state`
    states: Vec<bool>,
}

impl Reader {
    fn word<'w>(&mut self, word: &'w str, rest: &mut impl Iterator<Item = &'w str>) -> Result<(), NotRemote> {
        let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) else {
            self.linker.wanted.push(Wanted::File(word.to_owned()));
            return Ok(());
        };
        let option = option.strip_prefix('-').unwrap_or(option);
        let (name, joined) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let mut value = || joined.or_else(|| rest.next()).unwrap_or_default();
        match name {
            _ if REFUSED.contains(&name) || name.starts_with("Ttext") => {
                return Err(NotRemote::Option(word.to_owned()));
            }
            "Bstatic" | "dn" | "non_shared" | "static" => self.is_static = true,
            "Bdynamic" | "dy" | "call_shared" => self.is_static = false,
            "push-state" => self.states.push(self.is_static),
            "pop-state" => self.is_static = self.states.pop().unwrap_or(self.is_static),
            "rpath-link" => self.linker.run_paths.extend(folders(value())),
            "rpath" => self.rpaths.extend(folders(value())),
            "library-path" | "L" => self.linker.folders.push(value().to_owned()),
            "library" | "l" => self.library(value()),
            "plugin" | "dynamic-linker" => self.linker.wanted.push(Wanted::File(value().to_owned())),
            _ if WITH_WORD.contains(&name) => drop(value()),
            _ => self.joined(word),
        }
        Ok(())
    }

    /// `-LFOLDER` and `-lNAME`, which may hold a `=`.
    fn joined(&mut self, word: &str) {
        if let Some(folder) = word.strip_prefix("-L") {
            self.linker.folders.push(folder.to_owned());
        } else if let Some(name) = word.strip_prefix("-l") {
            self.library(name);
        }
    }

    fn library(&mut self, name: &str) {
        self.linker.wanted.push(Wanted::Library { name: name.to_owned(), is_static: self.is_static });
    }
}

fn folders(list: &str) -> impl Iterator<Item = String> {
    list.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned)
}
