//! The table of compiler options, and how a command line is cut into options by it.

mod plain;
mod refused;
pub(crate) mod row;
mod rows;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::Family;
pub(crate) use crate::command::table::row::{Dep, Effect, Row, Shape, Who};

/// An option as written, with what the table says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// The one or two arguments it consists of.
    pub(super) words: &'a [String],
    /// What it does.
    pub(super) effect: Effect,
    /// Its argument, or the file name; empty when it has none.
    pub(super) value: &'a str,
}

impl<'a> Token<'a> {
    /// Returns the first argument, which names the option.
    pub(super) fn option(&self) -> &'a str {
        self.words.first().map_or("", String::as_str)
    }
}

/// Returns `args` cut into options and file names, in order; nothing is left out.
pub(super) fn tokens(args: &[String], family: Family) -> Vec<Token<'_>> {
    let mut rest = args;
    let mut tokens = Vec::with_capacity(args.len());
    while let Some(token) = first(rest, family) {
        rest = &rest[token.words.len()..];
        tokens.push(token);
    }
    tokens
}

fn first(args: &[String], family: Family) -> Option<Token<'_>> {
    let word = args.first()?;
    let alone = |effect, value| Token { words: &args[..1], effect, value };
    if !word.starts_with('-') || word == "-" {
        return Some(alone(Effect::Input, word));
    }
    let Some((row, joined)) = find(word, family) else {
        let effect = plain_effect(word).unwrap_or(Effect::Unknown);
        return Some(alone(effect, ""));
    };
    let wants_next = row.shape == Shape::Separate || (row.shape == Shape::Either && joined.is_empty());
    Some(match (wants_next, args.get(1)) {
        (false, _) => alone(row.effect, joined),
        (true, Some(next)) => Token { words: &args[..2], effect: row.effect, value: next },
        (true, None) => alone(Effect::Missing, ""),
    })
}

/// Returns the row of `word` and what is joined to its name: the whole word if the table has it, else its longest prefix.
fn find(word: &str, family: Family) -> Option<(&'static Row, &str)> {
    let row = |name: &str, prefix: bool| {
        INDEX.get(name)?.iter().copied().find(|row| {
            let whole = !prefix || matches!(row.shape, Shape::Joined | Shape::Either);
            let theirs = matches!((row.who, family), (Who::Gcc, Family::Clang) | (Who::Clang, Family::Gcc));
            whole && !theirs
        })
    };
    if let Some(found) = row(word, false) {
        return Some((found, ""));
    }
    if plain_effect(word).is_some() {
        return None;
    }
    let mut ends = word.char_indices().rev().map(|(at, _)| at).take_while(|at| *at > 1);
    ends.find_map(|at| Some((row(&word[..at], true)?, &word[at..])))
}

/// Returns what a `-f` or `-m` switch of the plain lists does, if it is one.
///
/// A switch of the other family is looked up too: the compiler rejects or ignores it, and no file is touched.
fn plain_effect(word: &str) -> Option<Effect> {
    if let Some(name) = word.strip_prefix("-f") {
        return is_listed(&FLAGS, name).then_some(Effect::Passes);
    }
    let name = word.strip_prefix("-m")?;
    // On some target or other, most of them choose a multilib and with it header directories.
    is_listed(&MACHINE, name).then_some(Effect::Directories)
}

fn is_listed(list: &HashSet<&str>, name: &str) -> bool {
    let name = name.strip_prefix("no-").unwrap_or(name);
    let through = |mark: char| name.find(mark).map(|at| &name[..=at]);
    list.contains(name)
        || through('=').is_some_and(|prefix| list.contains(prefix))
        || name.match_indices('-').any(|(at, _)| list.contains(&name[..=at]))
}

static INDEX: LazyLock<HashMap<&'static str, Vec<&'static Row>>> = LazyLock::new(|| {
    let mut index: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows::UNDERSTOOD.iter().chain(refused::REFUSED) {
        index.entry(row.name).or_default().push(row);
    }
    index
});

static FLAGS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lists = [plain::GCC_FLAGS, plain::CLANG_FLAGS, plain::NEWER_FLAGS];
    lists.iter().flat_map(|list| list.split_whitespace()).collect()
});

static MACHINE: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| plain::MACHINE.split_whitespace().collect());

#[cfg(test)]
mod tests {
    use super::row::Place;
    use super::*;

    fn effects(args: &[&str], family: Family) -> Vec<(usize, Effect, String)> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        tokens(&args, family).iter().map(|t| (t.words.len(), t.effect, t.value.to_owned())).collect()
    }

    #[test]
    fn arguments_joined_and_separate() {
        let include = |words, value: &str| (words, Effect::Search(Place::Include), value.to_owned());
        assert_eq!(effects(&["-I", "a", "-Ib"], Family::Gcc), [include(2, "a"), include(1, "b")]);
        assert_eq!(effects(&["-I"], Family::Gcc), [(1, Effect::Missing, String::new())]);
        assert_eq!(
            effects(&["-include-pch", "x"], Family::Clang),
            [(2, Effect::Refuse(crate::command::Why::Modules), "x".into())]
        );
        assert_eq!(effects(&["-MFx"], Family::Gcc), [(1, Effect::Dep(Dep::File), "x".into())]);
    }

    #[test]
    fn switches_are_known_by_name_not_by_look() {
        let effect = |word: &str| effects(&[word], Family::Gcc)[0].1;
        for word in [
            "-fPIC",
            "-fno-pic",
            "-fno-builtin-printf",
            "-fmax-errors=3",
            "-Wno-all",
            "-O3",
            "-g3",
            "-gdwarf-5",
        ] {
            assert_eq!(effect(word), Effect::Passes, "{word}");
        }
        for word in [
            "-fPICX",
            "-fmax-errors",
            "-fsomething",
            "-mwhatever",
            "-lang-asm",
            "-frob=1",
            "--",
            "--x",
            "-Zi",
        ] {
            assert!(!matches!(effect(word), Effect::Passes | Effect::Directories), "{word}");
        }
        assert_eq!(effect("-mavx2"), Effect::Directories);
        assert_eq!(effect("-flto=auto"), Effect::MayOmit);
    }

    #[test]
    fn no_name_is_in_the_table_twice() {
        let rows = || rows::UNDERSTOOD.iter().chain(refused::REFUSED);
        for (at, row) in rows().enumerate() {
            let twin = rows().skip(at + 1).find(|other| {
                other.name == row.name
                    && (other.who == row.who || other.who == Who::Both || row.who == Who::Both)
            });
            assert!(twin.is_none(), "{}", row.name);
            let plain = row.name.strip_prefix("-f").is_some_and(|name| FLAGS.contains(name))
                || row.name.strip_prefix("-m").is_some_and(|name| MACHINE.contains(name));
            assert!(!plain, "{} is in the plain list too", row.name);
        }
    }
}
