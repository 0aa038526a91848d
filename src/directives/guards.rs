//! Guards: conditions that ask for a file and read it if it is there.
//!
//! `#if __has_include(<a.h>)` and, right in its branch, `#include <a.h>`: whoever asks and finds the file reads it. So if it is there and was
//! not read, nobody has asked (another condition around it does not hold), and the answer changes nothing.

use std::collections::{HashMap, HashSet};

use super::include::{Form, Include, Kind};
use super::probes::{header, operator};
use super::words::{is_blank, is_word, names, word};

/// The guards of one file.
#[derive(Debug, Default)]
pub(super) struct Guards {
    /// Those whose branch has begun and has not ended, with how many conditions are open in it.
    open: Vec<(Include, u32)>,
    /// How often each file is asked for by a guard that reads it.
    reading: HashMap<Include, u32>,
    /// How often each file is asked for at all.
    asking: HashMap<Include, u32>,
}

impl Guards {
    /// Takes note that a file is asked for.
    pub(super) fn ask(&mut self, include: &Include) {
        *self.asking.entry(include.clone()).or_default() += 1;
    }

    /// Reads a directive that may begin or end a branch, or read a file.
    pub(super) fn read(&mut self, directive: &[u8], rest: &[u8]) {
        match directive {
            b"if" | b"ifdef" | b"ifndef" => self.open.iter_mut().for_each(|(_, depth)| *depth += 1),
            b"elif" | b"elifdef" | b"elifndef" | b"else" => self.open.retain(|(_, depth)| *depth > 0),
            b"endif" => {
                self.open.retain(|(_, depth)| *depth > 0);
                self.open.iter_mut().for_each(|(_, depth)| *depth -= 1);
            }
            b"include" => self.include(Kind::HasInclude, rest),
            b"include_next" => self.include(Kind::HasIncludeNext, rest),
            _ => {}
        }
        if matches!(directive, b"if" | b"elif") {
            let asked = asked_by(rest).unwrap_or_default();
            self.open.extend(asked.into_iter().map(|include| (include, 0)));
        }
    }

    fn include(&mut self, kind: Kind, rest: &[u8]) {
        let Some((form, name)) = header(rest) else { return };
        let (open, reading) = (&mut self.open, &mut self.reading);
        open.retain(|(include, depth)| {
            let reads = *depth == 0 && is(include, kind, form, name);
            if reads {
                *reading.entry(include.clone()).or_default() += 1;
            }
            !reads
        });
    }

    /// The files that are asked for by nothing but guards that read them.
    pub(super) fn into_harmless(self) -> HashSet<Include> {
        let Self { reading, mut asking, .. } = self;
        let alone = reading.into_iter().filter(|(include, times)| asking.remove(include) == Some(*times));
        alone.map(|(include, _)| include).collect()
    }
}

fn is(include: &Include, kind: Kind, form: Form, name: &[u8]) -> bool {
    include.kind == kind && include.form == form && include.name.as_bytes() == name
}

/// What a condition asks for, if it is made of terms with `&&`, `||` and parentheses in such a way that it holds for a file that is there
/// wherever it would without: each operator is a term by itself, and no group is negated, compared or an argument. `None` if it is not.
fn asked_by(condition: &[u8]) -> Option<Vec<Include>> {
    let mut asked = Vec::new();
    let mut at = 0;
    while let Some(&byte) = condition.get(at) {
        match byte {
            b'?' | b',' | b'"' | b'\'' => return None,
            b'(' if !begins_group(&condition[..at]) => return None,
            b')' if !ends_term(&condition[at + 1..]) => return None,
            _ if is_word(byte) => {
                let name = word(&condition[at..]);
                let end = at + name.len();
                if let Some(kind) =
                    operator(name).filter(|_| !condition[..at].trim_ascii_end().ends_with(b"defined"))
                {
                    let (include, length) = term(kind, &condition[end..])?;
                    if !begins_group(&condition[..at]) || !ends_term(&condition[end + length..]) {
                        return None;
                    }
                    asked.push(include);
                    at = end + length;
                } else {
                    at = after_call(condition, end)?;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Some(asked)
}

/// Whether a term or group may begin behind this.
fn begins_group(before: &[u8]) -> bool {
    matches!(before.trim_ascii_end().last(), None | Some(b'(' | b'&' | b'|'))
        && !ends_in_one(before.trim_ascii_end())
}

/// Whether a text ends in a single `&` or `|`.
fn ends_in_one(text: &[u8]) -> bool {
    matches!(text, [.., b'&' | b'|']) && !(text.ends_with(b"&&") || text.ends_with(b"||"))
}

/// Whether a term or group may end before this.
fn ends_term(after: &[u8]) -> bool {
    let after = after.trim_ascii_start();
    after.is_empty() || after.starts_with(b")") || after.starts_with(b"&&") || after.starts_with(b"||")
}

/// The operand of an operator, and how long its text is.
fn term(kind: Kind, text: &[u8]) -> Option<(Include, usize)> {
    let blanks = |text: &[u8]| text.iter().take_while(|byte| is_blank(**byte)).count();
    let mut at = blanks(text);
    (text.get(at) == Some(&b'(')).then_some(())?;
    at += 1 + blanks(&text[at + 1..]);
    let (form, name) = header(&text[at..])?;
    at += name.len() + 2;
    at += blanks(&text[at..]);
    (text.get(at) == Some(&b')')).then_some(())?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some((Include { kind, form, name }, at + 1))
}

/// Where the text goes on behind a name that ends at `end`: behind the parentheses of a call that asks for nothing. `None` when
/// something is asked for in it.
fn after_call(condition: &[u8], end: usize) -> Option<usize> {
    let open = end + condition[end..].iter().take_while(|byte| is_blank(**byte)).count();
    if condition.get(open) != Some(&b'(') {
        return Some(end);
    }
    let mut depth = 0;
    for (at, &byte) in condition.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => {
                let inside = &condition[open..at];
                let asks = names(inside).any(|(_, name)| operator(name).is_some());
                return (!asks).then_some(at + 1);
            }
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(condition: &str) -> Option<Vec<String>> {
        let asked = asked_by(condition.as_bytes())?;
        Some(asked.into_iter().map(|include| include.name).collect())
    }

    #[test]
    fn what_holds_with_a_file_wherever_it_holds_without_is_told() {
        for condition in [
            "__has_include(<a.h>)",
            "__has_include (\"a.h\")",
            "__cplusplus >= 201703L && __has_include(<a.h>)",
            "__has_include(<a.h>) && !defined(_MSC_VER)",
            "defined __has_include && __has_include(<a.h>)",
            "(defined(A) || defined(B)) && C && __has_include_next(<a.h>)",
            "A || (B && __has_include( <a.h> ))",
        ] {
            assert_eq!(asked(condition), Some(vec!["a.h".to_owned()]), "{condition}");
        }
        for condition in [
            "!__has_include(<a.h>)",
            "!(A || __has_include(<a.h>))",
            "__has_include(<a.h>) == 0",
            "(A || __has_include(<a.h>)) == 0",
            "0 == (A && __has_include(<a.h>))",
            "1 - __has_include(<a.h>)",
            "__has_include(<a.h>) ? 0 : 1",
            "A & __has_include(<a.h>)",
            "A ^ __has_include(<a.h>)",
            "NOT(__has_include(<a.h>))",
            "NOT (A || __has_include(<a.h>))",
            "__has_include(A)",
        ] {
            assert_eq!(asked(condition), None, "{condition}");
        }
    }
}
