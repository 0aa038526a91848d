//! What differs between what would have been served and what the compiler left.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Ended;
use super::names::nameless;
use crate::base::digest::Digest;
use crate::base::lexical::plain;
use crate::cache::Cache;
use crate::cache::outcome::{Outcome, OutputFile};

/// The longest part of a message that is shown, characters.
const LONGEST: usize = 120;

/// How much of it is shown before what differs, bytes.
const BEFORE: usize = 40;

/// What went to one of the compiler's streams, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Said<'a> {
    /// Just this.
    Just(&'a [u8]),
    /// This, and maybe more.
    From(&'a [u8]),
    /// Something.
    Something,
}

/// A file that the compiler left.
pub(super) struct Left {
    /// Called as the command calls it.
    file: OutputFile,
    path: PathBuf,
}

impl Left {
    /// The file that is at `path` now and that the command calls `name`; `None` when there is none.
    pub(super) fn at(path: PathBuf, name: &str) -> io::Result<Option<Self>> {
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => meta,
            _ => return Ok(None),
        };
        let digest = Digest::of_reader(File::open(&path)?)?;
        let executable = meta.permissions().mode() & 0o100 != 0;
        let path = plain(&path).unwrap_or(path);
        Ok(Some(Self { file: OutputFile { path: name.to_owned(), digest, executable }, path }))
    }
}

/// What differs, one text for each file, stream and status; nothing when all is the same. `directory` is the command's.
pub(super) fn differences(
    cache: &Cache,
    expected: &Outcome,
    directory: &Path,
    left: &[Left],
    ended: &Ended<'_>,
) -> Vec<String> {
    let mut found = Vec::new();
    if ended.status != expected.status {
        found.push(format!("it ended with {}, not with {}", ended.status, expected.status));
    }
    let place = |file: &OutputFile| {
        let path = directory.join(&file.path);
        plain(&path).unwrap_or(path)
    };
    for file in &expected.files {
        match left.iter().find(|left| left.path == place(file)) {
            None => found.push(format!("it left no {}", file.path)),
            Some(left) => found.extend(of_file(cache, file, left)),
        }
    }
    let unexpected = |left: &&Left| !expected.files.iter().any(|file| place(file) == left.path);
    found.extend(left.iter().filter(unexpected).map(|left| format!("it left {}, too", left.file.path)));
    found.extend(of_stream("standard output", &expected.stdout, ended.stdout));
    found.extend(of_stream("standard error", &expected.stderr, ended.stderr));
    found
}

fn of_file(cache: &Cache, file: &OutputFile, left: &Left) -> Option<String> {
    let name = &file.path;
    if file.digest != left.file.digest {
        let served = cache.blobs.open(&file.digest).ok().flatten();
        let at = served.and_then(|served| Some((served.file, File::open(&left.path).ok()?)));
        let at = at.and_then(|(served, left)| first_difference(served, left).ok());
        let at = at.map(|at| format!(" from byte {at} on")).unwrap_or_default();
        let (had, would) = (left.file.digest.size, file.digest.size);
        return Some(format!("{name} differs{at} ({had} bytes, {would} would have been served)"));
    }
    let is = if left.file.executable { "is" } else { "is not" };
    (file.executable != left.file.executable).then(|| format!("{name} {is} executable"))
}

/// The number of the first byte, from 0, in which two files differ.
fn first_difference(one: impl Read, other: impl Read) -> io::Result<u64> {
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    let mut at = 0;
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        at += same as u64;
        if same == 0 {
            return Ok(at);
        }
        one.consume(same);
        other.consume(same);
    }
}

fn of_stream(name: &str, expected: &[u8], said: Said<'_>) -> Option<String> {
    let expected = &nameless(expected);
    let (said, differs) = match said {
        Said::Just(said) => (nameless(said), nameless(said) != *expected),
        Said::From(said) => (nameless(said), !expected.starts_with(&nameless(said))),
        Said::Something if expected.is_empty() => return Some(format!("it wrote to its {name}")),
        Said::Something => return None,
    };
    let (had, would) = first_lines(&said, expected);
    differs.then(|| format!("its {name} has {had:?} where {would:?} would have been served"))
}

/// The first lines in which two messages differ, from shortly before they do.
fn first_lines(one: &[u8], other: &[u8]) -> (String, String) {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let begin = one[..same].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let begin = begin.max(same.saturating_sub(BEFORE));
    let line = |text: &[u8]| {
        let line = text[begin..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).chars().take(LONGEST).collect()
    };
    (line(one), line(other))
}

#[cfg(test)]
mod tests {
    use super::{Said, first_difference, of_stream};

    #[test]
    fn the_first_byte_that_differs_is_found() {
        let at = |one: &[u8], other: &[u8]| first_difference(one, other).ok();
        assert_eq!(at(b"abc", b"abd"), Some(2));
        assert_eq!(at(b"abc", b"abcd"), Some(3));
        let (one, other) = (vec![7; 100_000], [vec![7; 99_999], vec![8]].concat());
        assert_eq!(at(&one, &other), Some(99_999));
    }

    #[test]
    fn a_message_is_compared_as_far_as_it_is_known() {
        let of = |expected: &str, said| of_stream("standard error", expected.as_bytes(), said);
        assert_eq!(of("a\nb\n", Said::Just(b"a\nb\n")), None);
        assert_eq!(of("a\nb\n", Said::From(b"a\n")), None);
        assert_eq!(of("a\n", Said::Something), None);
        let differs = of("a\nb\n", Said::Just(b"a\nc\n"));
        let wanted = r#"its standard error has "c\n" where "b\n" would have been served"#;
        assert_eq!(differs.as_deref(), Some(wanted));
        assert_eq!(of("as -o x.o /tmp/ccUbUM3j.s\n", Said::Just(b"as -o x.o /tmp/ccN3wXJh.s\n")), None);
        assert!(of("a\n", Said::From(b"b")).is_some());
        assert!(of("", Said::Something).is_some());
        assert!(of("a\n", Said::Just(b"")).is_some());
    }
}
