//! The table of classes, and the judgement.

use std::collections::BTreeMap;

use crate::lines::Line;
use crate::{Fate, Told};

/// Differences that are meant: a part of the command line with its settings, and why.
const KNOWN: &[(&str, &str)] = &[];

/// Prints a line for each class, and fails when too much differs or a difference is not known.
pub(crate) fn judge(done: &[(&Line, Told, Told)], root: &str) {
    let mut classes: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut unknown = Vec::new();
    let mut equal = 0;
    for (line, theirs, ours) in done {
        let [all, same, sent, known] = classes.entry(line.class).or_default();
        *all += 1;
        *sent += usize::from(matches!(theirs.fate, Fate::Sent(_)));
        if theirs.fate == ours.fate {
            *same += 1;
            equal += 1;
        } else if KNOWN.iter().any(|(part, _)| line.text(root).contains(part)) {
            *known += 1;
        } else {
            let text = format!("{}\n   recc {theirs:?}\n   ours {ours:?}", line.text(root));
            unknown.push(text.replace(root, "{root}"));
        }
    }
    println!("{:<28} {:>6} {:>6} {:>6} {:>6}", "class", "lines", "equal", "sent", "known");
    for (class, [all, same, sent, known]) in &classes {
        println!("{class:<28} {all:>6} {same:>6} {sent:>6} {known:>6}");
    }
    println!("{equal} of {} equal", done.len());
    assert!(done.len() >= 300, "too few lines");
    assert!(unknown.is_empty(), "{} unexpected differences:\n{}", unknown.len(), unknown.join("\n"));
    assert!(equal * 100 >= done.len() * 99, "less than 99 % are equal");
}
