//! Depfile: the make rules in which a compiler lists what it read.

/// Why a depfile cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DepfileError {
    /// A rule without a colon; a file name with a newline in it looks like that.
    #[error("line {line} is no make rule: it has no colon")]
    NoColon {
        /// Counted from 1, at the rule's first line.
        line: usize,
    },
    /// A name that is not UTF-8.
    #[error("line {line} names a file that is not UTF-8")]
    NotUtf8 {
        /// Counted from 1, at the rule's first line.
        line: usize,
    },
}

/// The prerequisites of all rules in order of first occurrence, each once, as the compiler wrote them.
///
/// Reads what GCC (`libcpp/mkdeps.cc`, `munge`) and Clang (`DependencyFile.cpp`) write, `-MP`'s phony rules and
/// `SUNPRO_DEPENDENCIES` output included. A `#` starts no comment: neither compiler writes comments, but a
/// target given by `-MT` may hold one.
pub fn parse(text: &[u8]) -> Result<Vec<String>, DepfileError> {
    let mut names = Names::default();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (rule, lines, after) = next_rule(rest);
        read_rule(rule, line, &mut names)?;
        line += lines;
        rest = after;
    }
    Ok(names.ordered)
}

#[derive(Default)]
struct Names {
    ordered: Vec<String>,
    seen: std::collections::HashSet<String>,
}

impl Names {
    fn add(&mut self, name: Vec<u8>, line: usize) -> Result<(), DepfileError> {
        let name = String::from_utf8(name).map_err(|_| DepfileError::NotUtf8 { line })?;
        if self.seen.insert(name.clone()) {
            self.ordered.push(name);
        }
        Ok(())
    }
}

/// The text up to the first newline that is not continued, how many lines that is, and what follows it.
fn next_rule(text: &[u8]) -> (&[u8], usize, &[u8]) {
    let mut lines = 0;
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        lines += 1;
        if !continued(&text[..at]) {
            return (&text[..at], lines, &text[at + 1..]);
        }
    }
    (text, lines + 1, &[])
}

fn continued(line: &[u8]) -> bool {
    line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\")
}

fn read_rule(rule: &[u8], line: usize, names: &mut Names) -> Result<(), DepfileError> {
    if rule.iter().all(|byte| is_blank(*byte) || *byte == b'\\') {
        return Ok(());
    }
    let colon = separator(rule).ok_or(DepfileError::NoColon { line })?;
    let mut rest = &rule[colon + 1..];
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() {
            return Ok(());
        }
        let (name, after) = read_name(rest);
        names.add(name, line)?;
        rest = after;
    }
}

/// The colon after the targets: the first that a blank, a continuation or the rule's end follows.
fn separator(rule: &[u8]) -> Option<usize> {
    (0..rule.len()).find(|&at| {
        rule[at] == b':' && (skip_blanks(&rule[at + 1..]).len() < rule.len() - at - 1 || at + 1 == rule.len())
    })
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Drops blanks and continuations.
fn skip_blanks(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [b'\\', b'\n', rest @ ..] | [b'\\', b'\r', b'\n', rest @ ..] => rest,
            [byte, rest @ ..] if is_blank(*byte) => rest,
            _ => return text,
        };
    }
}

/// One name with make's quoting undone, and what follows it.
///
/// A blank after 2N+1 backslashes is part of the name, behind N backslashes; after 2N it ends the name, behind N.
/// Other backslashes mean themselves, except before `#` (GNU make manual, "What Makefiles Look Like").
fn read_name(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut name = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [] | [b'\\', b'\n', ..] | [b'\\', b'\r', b'\n', ..] => return (name, rest),
            [byte, ..] if is_blank(*byte) => return (name, rest),
            [b'\\', ..] => rest = read_backslashes(rest, &mut name),
            [b'$', b'$', after @ ..] => {
                name.push(b'$');
                rest = after;
            }
            [byte, after @ ..] => {
                name.push(*byte);
                rest = after;
            }
        }
    }
}

fn read_backslashes<'t>(text: &'t [u8], name: &mut Vec<u8>) -> &'t [u8] {
    let count = text.iter().take_while(|byte| **byte == b'\\').count();
    let next = text.get(count).copied();
    let ends_line = matches!(&text[count..], [b'\n', ..] | [b'\r', b'\n', ..]);
    let (kept, used) = match next {
        Some(b' ' | b'\t') => (count / 2, count + count % 2),
        Some(b'#') => (count - 1, count + 1),
        // The last backslash before a newline continues the line.
        _ if ends_line => (count - 1, count - 1),
        _ => (count, count),
    };
    name.resize(name.len() + kept, b'\\');
    if used > count {
        name.extend(next);
    }
    &text[used..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        parse(text.as_bytes()).expect("a depfile")
    }

    #[test]
    fn reads_rules_continuations_and_phony_rules_once_each() {
        let text = "t.o t.d: t.c \\\n a.h b.h \\\r\n c.h\na.h:\n\nb.h:\nu.o : a.h d.h\nend:: \\\n";
        assert_eq!(names(text), ["t.c", "a.h", "b.h", "c.h", "d.h"]);
    }

    #[test]
    fn undoes_the_quoting_of_gcc() {
        let text = "t.o: a\\ b/x\\#y.h d$$l.h c:o.h back\\s.h \\\n back\\\\\\ s.h end:";
        assert_eq!(names(text), ["a b/x#y.h", "d$l.h", "c:o.h", "back\\s.h", "back\\ s.h", "end:"]);
    }

    #[test]
    fn a_name_that_ends_in_backslashes_ends_at_the_blank() {
        assert_eq!(names("t: a\\\\ b"), ["a\\", "b"]);
    }

    #[test]
    fn refuses_what_is_no_rule() {
        assert_eq!(parse(b"t.o: a\nx y\n"), Err(DepfileError::NoColon { line: 2 }));
        assert_eq!(parse(b"t.o: a\\\n b\nt.o: \xff\n"), Err(DepfileError::NotUtf8 { line: 3 }));
        assert_eq!(parse(b""), Ok(vec![]));
    }

    /// As `munge` in GCC's `libcpp/mkdeps.cc`.
    fn quote(name: &str) -> String {
        let mut quoted = String::new();
        let mut backslashes = 0;
        for c in name.chars() {
            match c {
                ' ' | '\t' => quoted.push_str(&"\\".repeat(backslashes + 1)),
                '#' => quoted.push('\\'),
                '$' => quoted.push('$'),
                _ => {}
            }
            backslashes = if c == '\\' { backslashes + 1 } else { 0 };
            quoted.push(c);
        }
        quoted
    }

    proptest! {
        #[test]
        fn reads_back_what_was_quoted(list in prop::collection::vec(r"[a$# \t\\:é.%|/]{0,6}[a:é.]", 1..8)) {
            let mut unique: Vec<String> = Vec::new();
            for name in list {
                if !unique.contains(&name) {
                    unique.push(name);
                }
            }
            let body: Vec<String> = unique.iter().map(|name| quote(name)).collect();
            prop_assert_eq!(names(&format!("t.o: {}\n", body.join(" \\\n  "))), unique.clone());
            prop_assert_eq!(names(&format!("t.o: {}", body.join(" "))), unique);
        }

        #[test]
        fn never_panics(text in prop::collection::vec(prop::sample::select(b"\\ \n\r\t:#$a\xff".to_vec()), 0..40)) {
            let _ = parse(&text);
        }
    }
}
