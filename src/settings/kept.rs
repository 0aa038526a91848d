//! Configuration files that were read, kept for as long as they stay the same.

use std::collections::HashMap;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use parking_lot::{Mutex, MutexGuard};

use super::error::SettingsError;
use super::value::{Source, Value};
use super::{file, recc_conf};
use crate::inputs::stamp::{Stamp, now_ns};

/// What a configuration file says.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Values of spec-cc's own file, and what is wrong with its other lines.
    Own(Vec<Value>, Vec<String>),
    /// Names (less `RECC_`), values and places of one of recc's.
    Recc(Vec<(String, String, Source)>),
}

/// Which syntax a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Syntax {
    Own,
    Recc,
}

type Contents = HashMap<(PathBuf, Syntax), (Stamp, Arc<Content>)>;

/// Every compile of a companion reads the settings, each time from the same few files.
static KEPT: LazyLock<Mutex<Contents>> = LazyLock::new(Mutex::default);

/// A file's content; `None` when it does not exist. It costs one `stat(2)` while the file is unchanged.
pub(super) fn content(path: &Path, syntax: Syntax) -> Result<Option<Arc<Content>>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
    let read_at = now_ns();
    let stamp = match stamp(path) {
        Ok(stamp) => stamp,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let key = (path.to_owned(), syntax);
    if let Some((_, kept)) = kept().get(&key).filter(|(of, _)| *of == stamp) {
        return Ok(Some(Arc::clone(kept)));
    }
    let content = Arc::new(parse(path, syntax, &std::fs::read(path).map_err(unreadable)?));
    if stamp.settled(read_at) {
        kept().insert(key, (stamp, Arc::clone(&content)));
    }
    Ok(Some(content))
}

fn kept() -> MutexGuard<'static, Contents> {
    KEPT.lock()
}

fn parse(path: &Path, syntax: Syntax, text: &[u8]) -> Content {
    let text = String::from_utf8_lossy(text);
    match syntax {
        Syntax::Own => {
            let (values, problems) = file::parse(path, &text);
            Content::Own(values, problems)
        }
        Syntax::Recc => {
            let place = |line| Source::File { path: path.to_owned(), line };
            let lines = recc_conf::lines(&text);
            Content::Recc(lines.map(|(line, name, value)| (name, value.to_owned(), place(line))).collect())
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    Stamp::of(&CString::new(path.as_os_str().as_bytes())?)
}

/// A folder that may not be looked into hides its files from recc, too, which takes them as absent.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}
