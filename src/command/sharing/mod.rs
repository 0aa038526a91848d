//! Sharing: whether a compile leaves the same bytes wherever its checkout lies.
//!
//! A compiler sees the project root only through its working directory and through paths that are spelled absolutely. What is
//! known to let neither into an output is listed (`flags`); anything else means that the result stays in its checkout.

mod flags;
mod maps;
mod reason;
#[cfg(test)]
mod tests;

use super::passthrough::{self, Preprocessor};
use super::table::{self, Token};
use super::{Compile, Family, Language, Role, environment};
use crate::base::variable::Variable;
use crate::command::table::row::{Effect, Place};
use maps::{Kind, Maps};
pub use reason::Unshared;

/// What a compile that may be shared has to do with its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharing {
    /// Whether prefix maps keep paths out of the object that would be in it otherwise.
    pub mapped: bool,
    /// Whether it writes debug information.
    pub debug: bool,
}

/// A command as one checkout has it.
#[derive(Debug, Clone, Copy)]
pub struct Checkout<'a> {
    /// The project root: absolute, without a slash at its end.
    pub root: &'a str,
    /// The working directory as the compiler would record it.
    pub directory: &'a str,
    /// The compiler's absolute path.
    pub compiler: &'a str,
    /// The environment variables that change what a compiler does.
    pub environment: &'a [Variable],
}

/// Whether `compile` leaves the same bytes in every checkout, as far as its command line can tell.
///
/// The files it reads have to be asked too: their directives may still forbid it.
pub fn sharing(compile: &Compile, at: Checkout<'_>) -> Result<Sharing, Unshared> {
    if !is_plain_root(at.root) || below(at.compiler, at.root).is_some() {
        return Err(Unshared::Root);
    }
    for (name, value) in at.environment {
        if mentions(value, at.root) || environment::searches(name) && has_relative(value) {
            return Err(Unshared::Variable(name.clone()));
        }
    }
    let mut draft = Draft { root: at.root, ..Draft::default() };
    for token in table::tokens(&compile.args, compile.family) {
        draft.add(&token, compile.family)?;
    }
    if below(at.directory, at.root).is_none() && mentions(at.directory, at.root) {
        return Err(Unshared::Root);
    }
    draft.finish(compile, at.directory)
}

/// Whether the compiler writes the shorter of two names for a header in a folder for system headers: GCC does, the real path
/// being one of them (`maybe_shorter_path` in libcpp's `files.cc`).
pub fn shortens_names(compile: &Compile) -> bool {
    let last = compile.args.iter().rfind(|arg| arg.ends_with("canonical-system-headers"));
    compile.family == Family::Gcc && last.is_none_or(|arg| !arg.starts_with("-fno-"))
}

/// What the options add up to.
#[derive(Default)]
struct Draft<'a> {
    root: &'a str,
    maps: Maps<'a>,
    debug: bool,
    /// Paths below the root that are read and spelled absolutely; folders with a slash at their end.
    spelled: Vec<String>,
    /// A folder for system headers that is below the root or relative.
    system: Option<&'a str>,
    /// The working directory is called otherwise in debug information.
    directory_named: bool,
    /// Whether an output is named below the root.
    placed: bool,
}

impl<'a> Draft<'a> {
    fn add(&mut self, token: &Token<'a>, family: Family) -> Result<(), Unshared> {
        let word = token.option();
        if let Some(map) = maps::parse(word) {
            return self.maps.add(map, self.root).ok_or_else(|| Unshared::Map(word.to_owned()));
        }
        if let Some(name) = flags::names_directory(word, family) {
            self.directory_named = true;
            return self.free(token, !name.is_empty());
        }
        match token.effect {
            Effect::Input | Effect::Forced => self.spell(token, false),
            Effect::Search(place) => {
                let inside = !token.value.starts_with('/') || below(token.value, self.root).is_some();
                if inside && matches!(place, Place::System | Place::After) {
                    self.system = Some(token.value);
                }
                self.spell(token, true)
            }
            // Where something is written does not get into it; what is made of it is looked at afterwards.
            Effect::Object | Effect::Dep(_) => {
                self.place(token);
                Ok(())
            }
            Effect::Mode(_) | Effect::Language | Effect::NoStdinc | Effect::Processor => {
                self.free(token, true)
            }
            Effect::Preprocessor if is_depfile(token.value) => {
                self.place(token);
                Ok(())
            }
            Effect::Preprocessor | Effect::PreprocessorWord => self.free(token, true),
            _ if word.starts_with("-g") => {
                self.debug |= !flags::is_no_debug(word);
                self.free(token, flags::is_no_debug(word) || flags::is_plain_debug(word))
            }
            _ => self.free(token, flags::is_free(token)),
        }
    }

    /// An option that says nothing of files.
    fn free(&self, token: &Token<'_>, known: bool) -> Result<(), Unshared> {
        match token.words.iter().find(|word| mentions(word, self.root)) {
            Some(word) => Err(Unshared::Mentioned(word.clone())),
            None if known => Ok(()),
            None => Err(Unshared::Option(token.words.join(" "))),
        }
    }

    /// A path that is written to.
    fn place(&mut self, token: &Token<'_>) {
        self.placed |= token.words.iter().any(|word| mentions(word, self.root));
    }

    /// A path that is read.
    fn spell(&mut self, token: &Token<'a>, folder: bool) -> Result<(), Unshared> {
        match below(token.value, self.root) {
            Some(rest) if !mentions(rest, self.root) => {
                let slash = if folder && !rest.ends_with('/') { "/" } else { "" };
                self.spelled.push(format!("{}{slash}", token.value));
                Ok(())
            }
            _ => self.free(token, true),
        }
    }

    fn finish(self, compile: &Compile, directory: &str) -> Result<Sharing, Unshared> {
        if let Some(output) = compile.outputs.iter().find(|output| !is_plain_output(output.role)) {
            return Err(Unshared::Output(output.path.clone()));
        }
        if let Some(folder) = self.system.filter(|_| shortens_names(compile)) {
            return Err(Unshared::SystemFolder(folder.to_owned()));
        }
        let told = self.debug && !self.directory_named && below(directory, self.root).is_some();
        if told && !self.maps.cover(directory, Kind::Debug) {
            return Err(Unshared::Directory);
        }
        for path in &self.spelled {
            let covered =
                self.maps.cover(path, Kind::Macro) && (!self.debug || self.maps.cover(path, Kind::Debug));
            if !covered {
                return Err(Unshared::Spelled(path.clone()));
            }
        }
        let mapped = told || !self.spelled.is_empty() || self.maps.any();
        let tested = matches!(compile.language, Language::C | Language::Cxx);
        let looks_alike = has_no_escapes(self.root) || !mapped && !self.placed;
        if !looks_alike || !tested && (mapped || self.debug) {
            return Err(Unshared::Language);
        }
        Ok(Sharing { mapped, debug: self.debug })
    }
}

/// The rest of a path below `root`: empty, or a slash and more.
pub fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(root)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Whether `root` stands anywhere in `text` as whole path components.
pub fn mentions(text: &str, root: &str) -> bool {
    let part_of_name = |next: char| next.is_alphanumeric() || matches!(next, '_' | '-' | '.' | '+');
    text.match_indices(root).any(|(at, _)| !text[at + root.len()..].starts_with(part_of_name))
}

fn is_plain_root(root: &str) -> bool {
    root.starts_with('/')
        && root.len() > 1
        && root[1..].split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !root.contains(super::normalise::MARK)
}

/// Whether the root looks the same in a depfile, in a string of the source, and between colons.
fn has_no_escapes(root: &str) -> bool {
    root.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte))
}

fn has_relative(list: &str) -> bool {
    list.split(':').any(|part| !part.starts_with('/'))
}

fn is_plain_output(role: Role) -> bool {
    matches!(role, Role::Object | Role::Depfile)
}

/// Whether a `-Wp,` option only names a depfile.
fn is_depfile(value: &str) -> bool {
    matches!(passthrough::preprocessor(value), Preprocessor::Depfile { .. })
}
