//! What a run of a command leaves behind and says.
use crate::support::tree;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    Link(PathBuf),
    File {
        mode: u32,
        bytes: Vec<u8>,
    },
    /// A pipe, a socket or a device.
    Other,
}

/// Everything below a folder, by path, with its time of modification.
#[derive(Debug, Clone)]
pub(crate) struct Picture(BTreeMap<PathBuf, (Entry, SystemTime)>);

impl Picture {
    /// What is below `root` now.
    pub(crate) fn of(root: &Path) -> Self {
        let mut found = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("list a folder") {
                let path = entry.expect("list a folder").path();
                let meta = fs::symlink_metadata(&path).expect("look at a file");
                let entry = if meta.is_dir() {
                    folders.push(path.clone());
                    Entry::Folder
                } else if meta.is_symlink() {
                    Entry::Link(fs::read_link(&path).expect("read a link"))
                } else if meta.is_file() {
                    let bytes = fs::read(&path).expect("read a file");
                    Entry::File { mode: meta.permissions().mode() & 0o7777, bytes }
                } else {
                    Entry::Other
                };
                let time = SystemTime::UNIX_EPOCH
                    + Duration::new(meta.mtime().max(0) as u64, meta.mtime_nsec() as u32);
                found.insert(
                    path.strip_prefix(root).expect("a path below its root").to_owned(),
                    (entry, time),
                );
            }
        }
        Self(found)
    }

    /// What is here and not, or not the same, in `before`.
    pub(crate) fn since(&self, before: &Self) -> Listing {
        let changed = self.0.iter().filter(|(path, (entry, _))| before.entry(path) != Some(entry));
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        changed
            .map(|(path, (entry, _))| (path.clone(), Some(entry.clone())))
            .chain(gone.map(|path| (path.clone(), None)))
            .collect()
    }

    /// Makes the folder look like this again; what is the same already is not touched.
    pub(crate) fn restore(&self, root: &Path) {
        let now = Self::of(root);
        for (path, (entry, _)) in now.0.iter().rev() {
            if self.entry(path) != Some(entry) {
                let path = root.join(path);
                let _ = if *entry == Entry::Folder { fs::remove_dir(&path) } else { fs::remove_file(&path) };
            }
        }
        for (path, (entry, time)) in &self.0 {
            if now.entry(path) != Some(entry) {
                put(&root.join(path), entry, *time);
            }
        }
    }

    fn entry(&self, path: &Path) -> Option<&Entry> {
        self.0.get(path).map(|(entry, _)| entry)
    }
}

fn put(path: &Path, entry: &Entry, time: SystemTime) {
    match entry {
        Entry::Folder => fs::create_dir(path).expect("make a folder"),
        Entry::Link(target) => symlink(target, path).expect("make a link"),
        Entry::File { mode, bytes } => {
            fs::write(path, bytes).expect("write a file");
            fs::set_permissions(path, fs::Permissions::from_mode(*mode)).expect("set a file's mode");
            let file = fs::File::options().append(true).open(path).expect("open a file");
            file.set_modified(time).expect("set a file's time");
        }
        Entry::Other => {}
    }
}

/// What a command changed: a path and what is there now, if anything.
pub(crate) type Listing = BTreeMap<PathBuf, Option<Entry>>;

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Exit status, or the signal it died of, as the system gives it.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) files: Listing,
}

impl Observed {
    /// How this differs from what the bare compiler did, in words; `None` when it does not.
    pub(crate) fn differs_from(&self, plain: &Self) -> Option<String> {
        let texts = [("stdout", &self.stdout, &plain.stdout), ("stderr", &self.stderr, &plain.stderr)];
        if self.status != plain.status {
            return Some(format!("status {} instead of {}: {}", self.status, plain.status, self.stderr));
        }
        for (name, got, wanted) in texts {
            if got != wanted {
                return Some(format!("{name}: {got:?} instead of {wanted:?}"));
            }
        }
        (self.files != plain.files).then(|| {
            let names = |one: &Listing, other: &Listing| -> Vec<PathBuf> {
                one.keys().filter(|path| !other.contains_key(*path)).cloned().collect()
            };
            let both = self
                .files
                .iter()
                .filter(|(path, entry)| plain.files.get(*path).is_some_and(|there| there != *entry));
            let other: Vec<_> = both.map(|(path, _)| path).collect();
            format!(
                "files: missing {:?}, too many {:?}, different {other:?}",
                names(&plain.files, &self.files),
                names(&self.files, &plain.files)
            )
        })
    }

    /// The same without what differs between two runs of one compiler: bytes and messages.
    pub(crate) fn outline(&self) -> (i32, Vec<&PathBuf>) {
        (self.status, self.files.keys().collect())
    }
}

/// `text` with the names of temporary files made the same: `/tmp/ccAbCd12.s` of GCC, `/tmp/x-1a2b3c.o` of Clang.
pub(crate) fn without_temporary_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/tmp/") {
        let (before, from) = rest.split_at(at + 5);
        out.push_str(before);
        let end =
            from.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        let temporary = name.starts_with("cc") && name.len() == 8
            || name
                .rsplit_once('-')
                .is_some_and(|(_, hex)| hex.len() >= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        out.push_str(if temporary { "TEMPORARY" } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A copy of the whole of `from` at `to`, which is made anew.
pub(crate) fn lay_out(from: &Path, to: &Path) {
    tree::lay_out(from, to);
}
