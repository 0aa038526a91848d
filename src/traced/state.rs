//! The state of all that a traced command touches, at one moment, and the key that stands for it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Traced;
use super::texts::scan;
use super::traits::Traits;
use crate::base::absence::is_absence;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::base::variable::Variable;
use crate::command;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::compile::instance::Unready;
use crate::inputs::snapshot::Snapshot;

/// What is taken to be at some paths in place of what is there.
pub type Overrides = HashMap<PathId, There>;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Nothing.
    Nothing,
    /// A folder, whatever is in it.
    Folder,
    /// The names in a folder.
    Names(Digest),
    /// A file of this content.
    File(Digest),
    /// A device or the like, of this kind (`S_IFMT` of `inode(7)`, shifted).
    Other(u8),
}

/// A traced command on the files of one moment.
#[derive(Debug, Clone)]
pub struct Stated {
    /// Under what its result is found and kept.
    pub key: CacheKey,
    /// Latest write to any file that it touches, nanoseconds since the epoch.
    pub newest_ns: i64,
    /// Latest change to any file that is there, inode included, nanoseconds since the epoch.
    pub changed_ns: i64,
    /// What was taken to be at some paths.
    pub overrides: Overrides,
}

/// Computes the key of `traced`, which touches the paths of `set`, sorted.
pub fn state(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    traced: &Traced,
    set: &[PathId],
    overrides: Overrides,
) -> Result<Stated, Unready> {
    let (mut newest_ns, mut changed_ns) = (0, 0);
    let mut text = Text::default();
    text.words([&traced.program, &traced.directory, &traced.real_directory()]);
    text.words(&traced.argv);
    if traced.is_archiver() {
        // So that what was kept before the archive itself was among the paths is not found.
        text.word("archive");
    }
    let mut traits = Traits::default();
    for (number, (&id, name)) in set.iter().zip(engine.paths().all(set)).enumerate() {
        let actual = traced.actual(engine, id);
        let assumed = overrides.get(&id).copied();
        let (there, stamp) = match assumed {
            Some(there) => {
                newest_ns = newest_ns.max(newest(engine, snapshot, actual, &there));
                (there, None)
            }
            None => (look(engine, snapshot, actual, &mut newest_ns)?, snapshot.stat(actual).ok()),
        };
        let content = match there {
            There::File(content) => Some(content),
            _ => None,
        };
        if let (Some(stamp), Some(_)) = (&stamp, content) {
            changed_ns = changed_ns.max(stamp.changed_ns());
        }
        text.word(name.as_str());
        text.there(&there);
        let path = engine.name(actual);
        if matches!(there, There::File(_) | There::Folder) {
            let path = Path::new(&path);
            // What cannot be read may say so.
            let is_once = |content: &Digest| {
                scan(engine, content, path).map_or(true, |scan| scan.is_some_and(|scan| scan.once))
            };
            text.0.extend(traits.of(number as u32, (path, traced), content, stamp.as_ref(), &is_once));
        }
    }
    let key = |environment: &[Variable]| {
        let mut text = Text(text.0.clone());
        text.words(environment.iter().flat_map(|(name, value)| [name, value]));
        Digest::of(&text.0)
    };
    let key = if traced.reports_to_a_file() {
        CacheKey::undivided(key(&traced.environment))
    } else {
        // A result that says what time it is, is not kept.
        CacheKey::new(key(&command::of_outputs(&traced.environment, false)), &traced.environment)
    };
    Ok(Stated { key, newest_ns, changed_ns, overrides })
}

/// When what is taken to be at a path was written: not yet, unless it is there.
fn newest(engine: &Engine, snapshot: &mut Snapshot<'_>, id: PathId, there: &There) -> i64 {
    // Nor does it matter what has come there since, be it of the command's own making.
    if *there == There::Nothing {
        return 0;
    }
    let mut newest_ns = 0;
    match look(engine, snapshot, id, &mut newest_ns) {
        Ok(now) if now == *there => newest_ns,
        _ => i64::MAX,
    }
}

fn look(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    id: PathId,
    newest_ns: &mut i64,
) -> Result<There, Unready> {
    let refused =
        |error: std::io::Error| Unready::Refused(format!("cannot read {}: {error}", engine.name(id)));
    if let Some(folder) = engine.name(id).strip_suffix(LISTING) {
        return Ok(names(Path::new(folder)).map_or(There::Nothing, There::Names));
    }
    let stamp = match snapshot.stat(id) {
        Ok(stamp) => stamp,
        Err(error) if is_absence(&error) => return Ok(There::Nothing),
        Err(error) => return Err(refused(error)),
    };
    Ok(match stamp.mode & libc::S_IFMT {
        libc::S_IFDIR => There::Folder,
        libc::S_IFREG => {
            let seen = snapshot.look(id).map_err(refused)?;
            *newest_ns = seen.stamp.mtime_ns.max(*newest_ns);
            There::File(seen.digest)
        }
        kind => There::Other((kind >> 12) as u8),
    })
}

/// What is put behind a folder whose names count.
pub(super) const LISTING: &str = "/*";

/// The path that stands for the names in a folder.
pub(super) fn listing(folder: &str) -> String {
    format!("{}{LISTING}", folder.trim_end_matches('/'))
}

/// Stands for the names in a folder; `None` where it cannot be listed.
pub(super) fn names(folder: &Path) -> Option<Digest> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<_> =
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>().ok()?;
    names.sort_unstable();
    Some(Digest::of(names.join(OsStr::new("/")).as_bytes()))
}

/// The text whose digest is the key: no two states have the same.
#[derive(Default)]
struct Text(Vec<u8>);

impl Text {
    fn word(&mut self, word: &str) {
        self.0.extend((word.len() as u32).to_le_bytes());
        self.0.extend(word.as_bytes());
    }

    fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a String>) {
        for word in words {
            self.word(word);
        }
        self.0.extend(u32::MAX.to_le_bytes());
    }

    fn there(&mut self, there: &There) {
        match there {
            There::Nothing => self.0.push(b'-'),
            There::Folder => self.0.push(b'd'),
            There::File(content) => {
                self.0.push(b'f');
                self.0.extend(content.hash);
            }
            There::Names(names) => {
                self.0.push(b'l');
                self.0.extend(names.hash);
            }
            There::Other(kind) => self.0.extend([b'o', *kind]),
        }
    }
}
