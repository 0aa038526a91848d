//! Snapshot: the files' states at one moment, each asked for once.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::io;
use std::sync::Arc;

use super::absences::{self, Absence, Era};
use super::files::{Files, Seen};
use super::handles::{Found, Handles};
use super::siblings;
use super::stamp::{Stamp, now_ns};
use crate::base::digest::Digest;
use crate::base::lexical::normalised;
use crate::base::paths::PathId;
use crate::directives::Scan;
use crate::inputs::mixed::Mixed;
use crate::inputs::shape::group::Groups;
use crate::inputs::shape::member::Member;
use crate::inputs::walks::Walks;
use crate::inputs::ways::Ways;

/// Answers about files that hold for as long as the snapshot lives: a second question costs no system call.
///
/// Make one for each command asked about, or one for a whole element's records at once. Not to be kept.
#[derive(Debug)]
pub struct Snapshot<'f> {
    files: &'f Files,
    handles: Handles<'f>,
    /// By path: 0, or one more than the index into `states`.
    slots: Vec<u32>,
    states: Vec<State>,
    /// Folders that are taken to exist, each with a slash at its end.
    absent: Vec<String>,
    /// Files that are taken to exist.
    assumed: HashSet<PathId>,
    /// What is there in place of some of them, by device and inode.
    replaced: HashSet<(u64, u64)>,
    begun_ns: i64,
    /// The watches that hold, by their numbers.
    pub(crate) watches: HashSet<u64, BuildHasherDefault<Mixed>>,
    /// Members found true.
    pub(super) verified: HashMap<u64, Arc<Member>, BuildHasherDefault<Mixed>>,
    pub(super) groups: Groups,
    pub(super) siblings: siblings::Known,
    pub(super) walks: Walks,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The stamp, or the error's number.
    stamp: Result<Stamp, i32>,
    /// The stamp of the link that the path may be.
    link: Option<Stamp>,
    seen: Option<Seen>,
    /// For a folder in which something was missing.
    era: Option<Era>,
}

impl<'f> Snapshot<'f> {
    /// A new moment.
    pub fn new(files: &'f Files) -> Self {
        Self {
            files,
            handles: Handles::new(&files.held),
            slots: vec![0; files.paths().len()],
            states: Vec::new(),
            absent: Vec::new(),
            assumed: HashSet::new(),
            replaced: HashSet::new(),
            begun_ns: now_ns(),
            watches: HashSet::default(),
            verified: HashMap::default(),
            groups: Groups::default(),
            siblings: siblings::Known::default(),
            walks: Walks::default(),
        }
    }

    /// The cache behind it.
    pub fn files(&self) -> &'f Files {
        self.files
    }

    /// A path's state; fails as `stat(2)` does.
    pub fn stat(&mut self, path: PathId) -> io::Result<Stamp> {
        let state = self.state(path);
        self.states[state].stamp.map_err(io::Error::from_raw_os_error)
    }

    /// Whether a compiler would read this path if it came to it: it exists and is no directory.
    ///
    /// Fails when the file system does not say, as with a missing permission.
    pub fn readable(&mut self, path: PathId) -> io::Result<bool> {
        let state = self.state(path);
        match self.states[state].stamp {
            Ok(stamp) => Ok(!stamp.is_dir()),
            Err(libc::ENOENT | libc::ENOTDIR) => Ok(false),
            Err(error) => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// A regular file's state and digest; fails as [`Files::look`] does.
    pub fn look(&mut self, path: PathId) -> io::Result<Seen> {
        let state = self.state(path);
        if let Some(seen) = self.states[state].seen {
            return Ok(seen);
        }
        let stamp = self.states[state].stamp.map_err(io::Error::from_raw_os_error)?;
        let seen = self.files.look_at(self.real(path), stamp)?;
        self.keep(state, seen);
        Ok(seen)
    }

    /// A regular file's directives; fails as [`Files::look`] does.
    pub fn scan(&mut self, path: PathId) -> io::Result<(Seen, Arc<Scan>)> {
        let state = self.state(path);
        if let Some(seen) = self.states[state].seen
            && let Some(scan) = self.files.scan_of(&seen.digest)
        {
            return Ok((seen, scan));
        }
        let stamp = self.states[state].stamp.map_err(io::Error::from_raw_os_error)?;
        let (seen, scan) = self.files.scan_at(self.real(path), stamp)?;
        self.keep(state, seen);
        Ok((seen, scan))
    }

    /// A file among all that were asked about that came or changed at `since_ns` (nanoseconds since 1970) or later, or a link or
    /// folder that was put on the way to one, as far as their times tell, and the stamp that says so.
    ///
    /// What a compiler found when it began at that time can be told from the snapshot only if there is none: a header that
    /// came to stand before another meanwhile was not read. What has gone is not noticed.
    pub fn changed_since(&self, since_ns: i64) -> Option<(PathId, Stamp)> {
        self.changed_since_each(since_ns, &HashMap::new())
    }

    /// The same where some files have a moment of their own: that by which they had settled, before they were used.
    pub fn changed_since_each(
        &self,
        since_ns: i64,
        settled: &HashMap<PathId, Option<i64>>,
    ) -> Option<(PathId, Stamp)> {
        let mut asked = self.slots.iter().enumerate().filter(|(_, slot)| **slot > 0);
        let mut ways = Ways::since(since_ns);
        let paths = self.files.paths();
        asked.find_map(|(index, &slot)| {
            let id = PathId(index as u32);
            // What was taken to exist was read as such, whatever has come there since.
            if self.assumed.contains(&id) {
                return None;
            }
            let state = &self.states[slot as usize - 1];
            let stamp = state.stamp.ok().filter(|stamp| !stamp.is_dir())?;
            let own_ns = settled.get(&id).copied().flatten().unwrap_or(since_ns);
            let newest = [stamp].into_iter().chain(state.link).find(|stamp| stamp.changed_ns() >= own_ns);
            if let Some(newest) = newest {
                return Some((id, newest));
            }
            let name = paths.get(id);
            let way = if state.link.is_some() { name.as_str() } else { name.folder() };
            ways.put(way).map(|(put, stamp)| (paths.intern(&put), stamp))
        })
    }

    /// The regular files among all that were asked about, in no order.
    pub fn found(&self) -> impl Iterator<Item = PathId> {
        let asked = self.slots.iter().enumerate().filter(|(_, slot)| **slot > 0);
        let found = asked
            .filter(|&(_, &slot)| self.states[slot as usize - 1].stamp.is_ok_and(|stamp| stamp.is_file()));
        found.map(|(index, _)| PathId(index as u32))
    }

    /// Takes a file to exist with a content that is not there yet, as for a prediction, whatever is there.
    ///
    /// What is there cannot be asked about under any other name from then on: a launch that is shown the content would read that. Its
    /// directives are known only if the content was scanned or [learnt](Files::learn) before.
    pub fn assume(&mut self, path: PathId, content: Digest) {
        if !self.assumed.insert(path) {
            return;
        }
        let mode = libc::S_IFREG | 0o644;
        let stamp = Stamp { dev: 0, ino: 0, size: content.size, mtime_ns: 0, ctime_ns: 0, mode, mount: 0 };
        let state = self.state(path);
        if self.states[state].seen.is_some() {
            self.forget_siblings();
        }
        if let Ok(there) = self.states[state].stamp {
            self.replace(there);
            if self.look(path).is_ok_and(|seen| seen.digest == content) {
                return;
            }
        }
        self.verified.clear();
        self.groups = Groups::default();
        self.walks = Walks::default();
        let seen = Some(Seen { stamp, digest: content });
        self.states[state] = State { stamp: Ok(stamp), link: None, seen, era: None };
    }

    /// Has a file not told under other names.
    fn replace(&mut self, there: Stamp) {
        if !self.replaced.insert(Self::file(&there)) {
            return;
        }
        self.forget_siblings();
        for (index, &slot) in self.slots.iter().enumerate().filter(|(_, slot)| **slot > 0) {
            let state = &mut self.states[slot as usize - 1];
            let is_it = state.stamp.is_ok_and(|stamp| Self::file(&stamp) == Self::file(&there));
            if is_it && !self.assumed.contains(&PathId(index as u32)) {
                *state = State { stamp: Err(libc::ESTALE), link: None, seen: None, era: None };
            }
        }
    }

    fn file(stamp: &Stamp) -> (u64, u64) {
        (stamp.dev, stamp.ino)
    }

    /// Whether a file is taken to exist.
    pub fn is_assumed(&self, path: PathId) -> bool {
        self.assumed.contains(&path)
    }

    /// Takes a folder to exist: paths that lead through it and out again by `..` are then folded as text.
    ///
    /// For a working directory that a build makes before it compiles in it. To be called before anything was asked about
    /// paths through the folder.
    pub fn assume_folder(&mut self, folder: &str) {
        let id = self.files.paths().intern(folder);
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        if self.stat(id).is_err() && !self.absent.contains(&prefix) {
            self.absent.push(prefix);
        }
    }

    /// The path to ask the system about.
    fn real(&self, path: PathId) -> PathId {
        if self.absent.is_empty() {
            return path;
        }
        let paths = self.files.paths();
        let name = paths.get(path);
        let through = self.absent.iter().any(|folder| name.as_str().starts_with(folder.as_str()));
        if through { paths.intern(&normalised(name.as_str())) } else { path }
    }

    fn keep(&mut self, state: usize, seen: Seen) {
        let link = self.states[state].link;
        if self.states[state].seen.is_some_and(|before| before != seen) {
            self.forget_siblings();
        }
        self.states[state] = State { stamp: Ok(seen.stamp), link, seen: Some(seen), era: None };
    }

    fn state(&mut self, path: PathId) -> usize {
        if path.index() >= self.slots.len() {
            self.slots.resize(self.files.paths().len().max(path.index() + 1), 0);
        }
        match self.slots[path.index()] {
            0 => self.ask(path),
            slot => slot as usize - 1,
        }
    }

    fn ask(&mut self, path: PathId) -> usize {
        let real = self.real(path);
        let found = if real != path {
            self.handles.stat(&self.files.paths().get(real))
        } else if self.is_known_absent(path) {
            Err(libc::ENOENT)
        } else {
            self.ask_system(path)
        };
        let is_replaced =
            |found: &Found| !found.stamp.is_dir() && self.replaced.contains(&Self::file(&found.stamp));
        let found = match found {
            Ok(found) if is_replaced(&found) && !self.assumed.contains(&path) => Err(libc::ESTALE),
            found => found,
        };
        let link = found.ok().and_then(|found| found.link);
        // Asking about a folder may have made the table grow.
        self.states.push(State { stamp: found.map(|found| found.stamp), link, seen: None, era: None });
        self.slots[path.index()] = self.states.len() as u32;
        self.states.len() - 1
    }

    fn ask_system(&mut self, path: PathId) -> Result<Found, i32> {
        let found = self.handles.stat(&self.files.paths().get(path));
        if found == Err(libc::ENOENT) {
            self.keep_absence(path);
        }
        found
    }

    fn is_known_absent(&mut self, path: PathId) -> bool {
        self.files.absences.get(path).is_some_and(|known| self.era(known.folder) == Some(known.era))
    }

    fn keep_absence(&mut self, path: PathId) {
        let Some(folder) = absences::folder(self.files.paths(), path) else { return };
        let Some(era) = self.era(folder) else { return };
        let name = self.files.paths().get(path);
        let lasts = match (self.stat(folder), name.as_c_str()) {
            (Ok(stamp), Some(name)) => self.files.absences.lasts(name, stamp, self.begun_ns),
            _ => era == Era::GONE,
        };
        if lasts {
            self.files.absences.put(path, Absence { folder, era });
        }
    }

    /// The era of a folder in this snapshot; `None` when its state is not told.
    fn era(&mut self, folder: PathId) -> Option<Era> {
        let state = self.state(folder);
        if self.states[state].era.is_none() {
            self.states[state].era = match self.states[state].stamp {
                Ok(stamp) => Some(self.files.absences.era(folder, stamp)),
                Err(libc::ENOENT) => Some(Era::GONE),
                Err(_) => None,
            };
        }
        self.states[state].era
    }
}

#[cfg(test)]
mod tests;
