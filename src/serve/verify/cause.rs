//! Why what would have been served was not what the compiler gave: which input was not seen, as far as that can be told.

use std::collections::HashSet;

use crate::base::paths::PathId;
use crate::base::variable::Variable;
use crate::compile::reads::Reads;

/// Paths or variables of one kind that are named at most.
const MOST: usize = 5;

/// What there is to say when nothing has been found.
const UNKNOWN: &str = "no input differs: its compiler does not give the same twice (time, chance), or it depends on something \
                       that spec-cc does not see";

/// What the run has shown of what it read.
#[derive(Debug)]
pub(crate) enum Shown<'a> {
    /// All of it.
    Set(&'a [PathId]),
    /// That it cannot be accounted for, and why.
    Not(String),
    /// Nothing.
    Nothing,
}

/// The cause in words: the command was taken to read `reads`, and these variables were not the same for it.
pub(super) fn cause(
    reads: Option<&Reads>,
    shown: &Shown<'_>,
    variables: &[String],
    name: &dyn Fn(PathId) -> String,
) -> String {
    let mut told = Vec::new();
    let mut tell = |before: &str, paths: Vec<PathId>, after: &str| {
        if !paths.is_empty() {
            let names: Vec<_> = paths.into_iter().map(name).collect();
            told.push(format!("{before} {}, which {after}", listed(&names)));
        }
    };
    match (shown, reads) {
        (Shown::Set(set), Some(reads)) => {
            tell("it read", less(set, &reads.set), "its record has not");
            tell("it did not read", less(&reads.set, set), "its record has");
        }
        (Shown::Not(why), _) => told.push(format!("its result depends on more than its inputs: {why}")),
        _ => {}
    }
    if !variables.is_empty() {
        told.push(format!("its launch had other values of {}, which are in no key", listed(variables)));
    }
    if told.is_empty() { UNKNOWN.to_owned() } else { told.join("; ") }
}

/// The variables that a launch had otherwise than the build's command, but for those that a shell changes all the time.
pub(super) fn variables(launch: &[Variable], own: &[Variable]) -> Vec<String> {
    const RESTLESS: [&str; 4] = ["_", "OLDPWD", "PWD", "SHLVL"];
    let ours = |name: &str| name.starts_with("SPEC_CC_") || name.starts_with("RECC_");
    let (launch, own): (HashSet<_>, HashSet<_>) = (launch.iter().collect(), own.iter().collect());
    let mut names: Vec<String> = launch.symmetric_difference(&own).map(|(name, _)| name.clone()).collect();
    names.retain(|name| !ours(name) && !RESTLESS.contains(&name.as_str()));
    names.sort_unstable();
    names.dedup();
    names
}

/// The paths of one set that are not in the other.
fn less(set: &[PathId], other: &[PathId]) -> Vec<PathId> {
    let other: HashSet<_> = other.iter().collect();
    set.iter().filter(|path| !other.contains(path)).copied().collect()
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::{Shown, UNKNOWN, cause, variables};
    use crate::base::paths::{PathId, Paths};
    use crate::compile::reads::Reads;
    use crate::inputs::shape::Shape;

    #[test]
    fn the_input_that_was_not_seen_is_named() {
        let paths = Paths::default();
        let set = |names: &[&str]| names.iter().map(|name| paths.intern(name)).collect::<Vec<PathId>>();
        let reads = Reads { set: set(&["/b/a.c", "/b/old.h"]).into(), shape: Shape::UNKNOWN };
        let say = |shown, variables: &[&str]| {
            let variables: Vec<_> = variables.iter().map(|name| (*name).to_owned()).collect();
            cause(Some(&reads), &shown, &variables, &|path| paths.get(path).as_str().to_owned())
        };
        let now = set(&["/b/a.c", "/b/new.h"]);
        assert_eq!(
            say(Shown::Set(&now), &["LPATH"]),
            "it read /b/new.h, which its record has not; it did not read /b/old.h, which its record has; its launch had other \
             values of LPATH, which are in no key"
        );
        let many = set(&["/b/a.c", "/b/old.h", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]);
        let wanted = "it read /1, /2, /3, /4, /5 and 2 more, which its record has not";
        assert_eq!(say(Shown::Set(&many), &[]), wanted);
        let wanted = "its result depends on more than its inputs: a socket";
        assert_eq!(say(Shown::Not("a socket".into()), &[]), wanted);
        assert_eq!(say(Shown::Set(&set(&["/b/a.c", "/b/old.h"])), &[]), UNKNOWN);
    }

    #[test]
    fn variables_that_differ_are_named_once() {
        let set = |entries: &[(&str, &str)]| {
            entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let launch = set(&[("A", "1"), ("B", "1"), ("C", "1"), ("SHLVL", "1"), ("SPEC_CC_VERIFY", "0")]);
        let own = set(&[("A", "1"), ("B", "2"), ("D", "1"), ("SHLVL", "2")]);
        assert_eq!(variables(&launch, &own), ["B", "C", "D"]);
    }
}
