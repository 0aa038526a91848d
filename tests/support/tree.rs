//! Folders of files: laid out, listed, and compared by content.
use super::shell::succeed;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a build left: path below the root → permissions and digest.
pub(crate) type Listing = BTreeMap<PathBuf, String>;

/// Makes folder `to` a copy of folder `from`: same names, links, permissions and times.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder to copy to");
    succeed(Command::new("cp").arg("-a").arg(from.join(".")).arg(to));
}

/// Makes folder `at` a fresh copy of `from`, whatever was there.
pub(crate) fn lay_out(from: &Path, at: &Path) {
    match fs::remove_dir_all(at) {
        Err(error) if error.kind() != ErrorKind::NotFound => panic!("{}: {error}", at.display()),
        _ => copy(from, at),
    }
}

/// Every regular file below `root` that `wanted` picks by path and content.
pub(crate) fn list(root: &Path, wanted: impl Fn(&Path, &[u8]) -> bool) -> Listing {
    let mut found = Listing::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            // Somebody works there, and has removed it.
            Err(error) if error.kind() == ErrorKind::NotFound && folder != root => continue,
            entries => entries.expect("list a folder"),
        };
        for entry in entries {
            let path = entry.expect("list a folder").path();
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() {
                let Ok(bytes) = fs::read(&path) else { continue };
                if wanted(&path, &bytes) {
                    let below = path.strip_prefix(root).expect("a file below its root");
                    let mode = meta.permissions().mode() & 0o7777;
                    let digest = Sha256::digest(&bytes);
                    found.insert(below.to_owned(), format!("{mode:o} {digest:x}"));
                }
            }
        }
    }
    found
}

/// Whether these bytes came out of a compiler, linker or archiver.
pub(crate) fn is_built(_path: &Path, bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"!<arch>\n") || bytes.starts_with(b"!<thin>\n")
}

/// Panics with the names of the files in which `got` and `wanted` differ.
pub(crate) fn assert_same(what: &str, got: &Listing, wanted: &Listing) {
    let lost: Vec<_> = wanted.keys().filter(|path| !got.contains_key(*path)).collect();
    let extra: Vec<_> = got.keys().filter(|path| !wanted.contains_key(*path)).collect();
    let other = changed(got, wanted);
    assert!(
        lost.is_empty() && extra.is_empty() && other.is_empty(),
        "{what}: not what the plain compiler left\n missing {lost:?}\n too many {extra:?}\n different {other:?}"
    );
}

/// The files that are in both listings and differ.
pub(crate) fn changed<'a>(one: &'a Listing, other: &Listing) -> Vec<&'a PathBuf> {
    one.iter()
        .filter(|(path, digest)| other.get(*path).is_some_and(|there| there != *digest))
        .map(|(path, _)| path)
        .collect()
}
