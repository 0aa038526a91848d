//! An artifact's files on the host: what was built, and what spec-cc has left beside it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Result;
use spec_cc::base::digest::Digest;
use spec_cc::bst::Host;

use super::leave::{RECORDS, SESSION};

/// An artifact that is checked out in a folder.
#[derive(Debug)]
pub(super) struct Artifact {
    /// The folders in which elements have left their records.
    pub(super) left: Vec<PathBuf>,
    /// Over all other files, their names and permissions.
    pub(super) digest: Digest,
}

impl Artifact {
    /// Checks out an element's artifact into the new folder `at`.
    pub(super) fn check_out(bst: &Host, options: &[&str], element: &str, at: &Path) -> Result<Self> {
        let to = at.to_string_lossy();
        let checkout =
            ["artifact", "checkout", "--deps", "none", "--no-integrate", "--directory", &to, element];
        bst.run(&[options, &checkout].concat())?;
        let mut files = Vec::new();
        walk(at, &mut files)?;
        files.sort();
        let left: Vec<PathBuf> = files.iter().filter_map(|path| folder_of_records(path, &files)).collect();
        let mut list = String::new();
        for path in files.iter().filter(|path| !left.iter().any(|folder| path.starts_with(folder))) {
            list += &format!("{} {}\n", path.strip_prefix(at).unwrap_or(path).display(), describe(path)?);
        }
        Ok(Self { left, digest: Digest::of(list.as_bytes()) })
    }
}

/// The folder that a file of records is in, if it is one of ours.
fn folder_of_records(path: &Path, files: &[PathBuf]) -> Option<PathBuf> {
    let folder = path.parent()?;
    let ours = path.ends_with(RECORDS) && files.binary_search(&folder.join(SESSION)).is_ok();
    ours.then(|| folder.to_owned())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn describe(path: &Path) -> io::Result<String> {
    let meta = path.symlink_metadata()?;
    if meta.is_symlink() {
        return Ok(format!("-> {}", fs::read_link(path)?.display()));
    }
    if !meta.is_file() {
        return Ok("special".to_owned());
    }
    Ok(format!("{:o} {}", meta.permissions().mode(), Digest::of_reader(fs::File::open(path)?)?))
}
