//! `@file` arguments, expanded as GCC does (libiberty `expandargv`).

use std::io;
use std::path::Path;

use super::Reason;

/// libiberty gives up after this many, to end a file that includes itself.
const MOST_FILES: usize = 2000;

/// The most bytes of all files together: one that includes itself is read [`MOST_FILES`] times.
const MOST_BYTES: usize = 64 << 20;

/// Returns `args` with every `@file` replaced by the words in it, nested ones too; relative names are below `cwd`.
///
/// A file that is not there, or not for us to read, leaves its argument as it is.
///
/// # Errors
/// [`Reason::OddResponseFile`] when GCC and clang would not split the file into the same words, or `reader` cannot tell what is in it:
/// standard input, for one, is another's here.
pub(super) fn expand(
    args: Vec<String>,
    cwd: &Path,
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Vec<String>, Reason> {
    let mut pending = args;
    pending.reverse();
    let mut done = Vec::with_capacity(pending.len());
    let (mut files, mut length) = (0, 0);
    while let Some(arg) = pending.pop() {
        let odd = || Reason::OddResponseFile(arg.trim_start_matches('@').to_owned());
        let bytes = match arg.strip_prefix('@').map(|name| reader(&cwd.join(name))) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) if !is_refused(&error) => return Err(odd()),
            Some(Err(_)) | None => {
                done.push(arg);
                continue;
            }
        };
        files += 1;
        length += bytes.len();
        if files > MOST_FILES || length > MOST_BYTES {
            return Err(odd());
        }
        let text = String::from_utf8(bytes).map_err(|_| odd())?;
        let words = split(&text).ok_or_else(odd)?;
        pending.extend(words.into_iter().rev());
    }
    Ok(done)
}

/// Whether a compiler could not open the file either, and takes the argument for what it is.
fn is_refused(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

/// Splits `text` at white space outside quotes; a backslash takes the next character as it is, inside quotes too.
///
/// `None` where libiberty's `buildargv` and LLVM's `TokenizeGNUCommandLine` part ways: an open quote or lone backslash
/// at the end, vertical tabs, form feeds, NUL, a byte order mark.
fn split(text: &str) -> Option<Vec<String>> {
    if text.contains(['\0', '\u{b}', '\u{c}', '\u{feff}']) {
        return None;
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().push(chars.next()?),
            (_, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\n' | '\r', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_with(files: &[(&str, &str)], args: &[&str]) -> Result<Vec<String>, Reason> {
        let reader = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new("/w").join(name) == path);
            match found {
                Some((_, "standard input")) => Err(io::ErrorKind::InvalidInput.into()),
                Some((_, text)) => Ok(text.as_bytes().to_vec()),
                None => Err(io::ErrorKind::NotFound.into()),
            }
        };
        expand(args.iter().map(|a| (*a).to_owned()).collect(), Path::new("/w"), &reader)
    }

    #[test]
    fn words_quotes_and_backslashes() {
        let words = expand_with(&[("r", "-DA=\"x y\" '-DB=\\'q' -Da\\ b\t\"\" end")], &["-c", "@r", "-O2"]);
        assert_eq!(words.unwrap(), ["-c", "-DA=x y", "-DB='q", "-Da b", "", "end", "-O2"]);
    }

    #[test]
    fn what_compilers_split_differently_is_refused() {
        for text in ["'open", "end\\", "a\u{b}b", "a\0b", "\u{feff}-c"] {
            assert_eq!(
                expand_with(&[("r", text)], &["@r"]),
                Err(Reason::OddResponseFile("r".into())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn nested_and_missing() {
        let files = [("r", "-a @s -b"), ("s", "-c @missing")];
        assert_eq!(expand_with(&files, &["@r", "@"]).unwrap(), ["-a", "-c", "@missing", "-b", "@"]);
        assert!(expand_with(&[("loop", "@loop")], &["@loop"]).is_err());
        assert!(expand_with(&[("r", "@i"), ("i", "standard input")], &["@r"]).is_err());
    }
}
