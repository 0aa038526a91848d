//! What programs observe of a file besides its content: whether it may be executed, which name is its real one, and which other
//! path is the same file or one of the same time.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Traced;
use crate::base::digest::Digest;
use crate::inputs::stamp::Stamp;

/// The traits of a command's paths at one moment, in the order of the paths.
#[derive(Default)]
pub(super) struct Traits {
    /// The real names of folders.
    folders: HashMap<PathBuf, PathBuf>,
    /// The number of the first path that is this file or folder (device and inode), and its real name.
    same: HashMap<(u64, u64), (u32, PathBuf)>,
    /// The numbers of the paths that have this content, and when each was last written, nanoseconds since the epoch.
    equal: HashMap<Digest, Vec<(u32, i64)>>,
}

impl Traits {
    /// What is to be observed of the file or folder at the path with this number, as bytes. `stamp` is its own; without one it is yet
    /// to come, and will be an ordinary one. `content` is what is in a file, and `is_once` whether that says `#pragma once`.
    pub(super) fn of(
        &mut self,
        number: u32,
        (path, traced): (&Path, &Traced),
        content: Option<Digest>,
        stamp: Option<&Stamp>,
        is_once: &dyn Fn(&Digest) -> bool,
    ) -> Vec<u8> {
        let mut text = Vec::new();
        if is_linker_input(path) {
            return text;
        }
        // Compilers name a system header by its real name if that is shorter, and pass over a folder that they have been given.
        let real = self.real_name(path, stamp.is_some());
        if real != path {
            let real = traced.scratch.fix(&real.to_string_lossy());
            text.extend([b">", real.as_bytes(), b"\0"].concat());
        }
        let Some(stamp) = stamp else { return text };
        if content.is_some() && stamp.mode & 0o111 != 0 {
            text.push(b'x');
        }
        // For Clang two hard links are one header.
        let (first, name) = self.same.entry((stamp.dev, stamp.ino)).or_insert_with(|| (number, real.clone()));
        if *name != real {
            text.push(b'=');
            text.extend(first.to_le_bytes());
        }
        // For GCC's `#pragma once` two files are one if they are equal and equally old in seconds (`check_file_against_entries` in
        // libcpp's `files.cc`); for its `#import`, too, which nobody looks for. Empty ones come in numbers from configure scripts.
        if let Some(content) = content.filter(|content| content.size > 0) {
            let written = stamp.mtime_ns;
            let equal = self.equal.entry(content).or_default();
            let is_as_old = |(_, other): &&(u32, i64)| {
                *other == written || second(*other) == second(written) && is_once(&content)
            };
            if let Some((first, _)) = equal.iter().find(is_as_old) {
                text.push(b'~');
                text.extend(first.to_le_bytes());
            }
            equal.push((number, written));
        }
        text
    }

    /// The real name of what is at a path, or will be: then nothing on the way to it is a link that is not there yet.
    fn real_name(&mut self, path: &Path, is_there: bool) -> PathBuf {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        };
        let real = self.real_folder(folder).join(name);
        if is_there && real.is_symlink() { fs::canonicalize(&real).unwrap_or(real) } else { real }
    }

    fn real_folder(&mut self, folder: &Path) -> PathBuf {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let real = fs::canonicalize(folder).unwrap_or_else(|_| self.real_name(folder, false));
        self.folders.insert(folder.to_owned(), real.clone());
        real
    }
}

/// The second of a time in nanoseconds.
fn second(time_ns: i64) -> i64 {
    time_ns.div_euclid(1_000_000_000)
}

/// Whether a name is that of what linkers and archivers read: to them it is its content, and libtool has links in its place once the
/// command that makes it has run.
pub(super) fn is_linker_input(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let suffix = Path::new(name.as_ref()).extension().and_then(|suffix| suffix.to_str());
    matches!(suffix, Some("o" | "lo" | "a" | "la" | "so")) || name.contains(".so.")
}

#[cfg(test)]
mod tests {
    use super::is_linker_input;
    use std::path::Path;

    #[test]
    fn linkers_inputs_are_told_by_name() {
        for name in ["a.o", "libz.a", "libz.so", "libz.so.1.2"] {
            assert!(is_linker_input(Path::new(name)), "{name}");
        }
        for name in ["a.c", "as", "so.h", "x.map", "cc1"] {
            assert!(!is_linker_input(Path::new(name)), "{name}");
        }
    }
}
