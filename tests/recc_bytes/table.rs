//! The table of classes, and the judgement.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::Told;
use super::lines::Line;

/// Differences that are meant: how the command line ends, and why.
const KNOWN: &[(&str, &str)] =
    &[(" -isystem", "recc crashes where an argument is missing; spec-cc runs the command locally")];

/// Prints a line for each class, and fails when too much differs or a difference is not known.
pub(crate) fn judge(done: &[(&Line, Told, Option<Told>)], root: &str) {
    let mut classes: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut unknown = Vec::new();
    let (mut equal, mut compared) = (0, 0);
    for (line, theirs, ours) in done {
        let [all, same, local, known] = classes.entry(line.class).or_default();
        *all += 1;
        let Some(ours) = ours else {
            *local += 1;
            continue;
        };
        compared += 1;
        if theirs.fate == ours.fate {
            *same += 1;
            equal += 1;
        } else if KNOWN.iter().any(|(end, _)| line.text(root).ends_with(end)) {
            *known += 1;
        } else {
            unknown.push(difference(line, theirs, ours, root));
        }
    }
    show(&classes, equal, compared);
    assert!(compared >= 300, "too few lines");
    assert!(unknown.is_empty(), "{} unexpected differences:\n{}", unknown.len(), unknown.join("\n"));
    assert!(equal * 100 >= compared * 99, "less than 99 % are equal");
}

/// To the terminal itself: the harness hides what a passing test prints.
fn show(classes: &BTreeMap<&str, [usize; 4]>, equal: usize, all: usize) {
    let mut text = format!("\n{:<24} {:>6} {:>6} {:>6} {:>6}\n", "class", "lines", "equal", "local", "known");
    for (class, [all, same, local, known]) in classes {
        text.push_str(&format!("{class:<24} {all:>6} {same:>6} {local:>6} {known:>6}\n"));
    }
    text.push_str(&format!("{equal} of {all} equal\n"));
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn difference(line: &Line, theirs: &Told, ours: &Told, root: &str) -> String {
    let tell = |told: &Told| format!("{:?} {}", told.fate, told.how).replace(root, "{root}");
    format!("{}\n   recc {}\n   ours {}", line.text(root), tell(theirs), tell(ours))
}
