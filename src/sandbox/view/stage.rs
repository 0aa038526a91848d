//! Staging: copies of what a job reads, where an overlay cannot be had.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::base::absence::{has_gone, is_absence};
use crate::sandbox::view::layer::{Layer, above};

/// How many links the kernel follows in one path (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// The files and links of a staged view, and what they looked like before the job began.
#[derive(Debug, Default)]
pub(super) struct Staged(HashMap<PathBuf, Look>);

/// A file's inode, size, modification and change: what writing to it changes.
type Look = (u64, u64, (i64, i64), (i64, i64));

impl Staged {
    /// Puts into the layers what is at a path, each folder and link on the way to it included.
    pub(super) fn add(&mut self, layers: &[Layer], path: &Path) -> io::Result<()> {
        let mut at = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = parts(path).collect();
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            // What no layer covers is seen as it is.
            let Some(upper) =
                above(layers, &at).filter(|upper| !layers.iter().any(|one| one.upper == *upper))
            else {
                continue;
            };
            let meta = match fs::symlink_metadata(&at) {
                // It may be a folder of the view's own.
                Err(error) if is_absence(&error) && upper.is_dir() => continue,
                Err(error) if is_absence(&error) => return Ok(()),
                meta => meta?,
            };
            if meta.is_dir() {
                fs::create_dir_all(&upper)?;
            } else if meta.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::from_raw_os_error(libc::ELOOP));
                }
                let target = match fs::read_link(&at) {
                    Err(error) if has_gone(&error) => return Ok(()),
                    target => target?,
                };
                if upper.symlink_metadata().is_err() {
                    symlink(&target, &upper)?;
                    self.know(upper)?;
                }
                at.pop();
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                parts(&target).rev().for_each(|part| rest.push_front(part));
            } else if !meta.is_file() {
                return Err(io::Error::other(format!("{} is no file", at.display())));
            } else if upper.symlink_metadata().is_err() {
                match fs::copy(&at, &upper) {
                    Err(error) if has_gone(&error) => return Ok(()),
                    copied => copied?,
                };
                File::open(&upper)?.set_times(FileTimes::new().set_modified(meta.modified()?))?;
                self.know(upper)?;
            }
        }
        Ok(())
    }

    /// Puts `content` at a place in a layer, whatever was staged there.
    pub(super) fn show(&mut self, place: &Path, content: &Path) -> io::Result<()> {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        // Not a link: the job may write to it.
        fs::copy(content, place)?;
        fs::set_permissions(place, fs::Permissions::from_mode(0o644))?;
        self.know(place.to_owned())
    }

    /// Whether a file is as it was staged.
    pub(super) fn is_untouched(&self, place: &Path) -> bool {
        self.0.get(place).is_some_and(|known| look(place).is_ok_and(|now| now == *known))
    }

    /// What was staged below a folder and has gone.
    pub(super) fn removed(&self, folder: &Path) -> impl Iterator<Item = &Path> {
        self.0
            .keys()
            .map(PathBuf::as_path)
            .filter(move |place| place.starts_with(folder) && place.symlink_metadata().is_err())
    }

    fn know(&mut self, place: PathBuf) -> io::Result<()> {
        let look = look(&place)?;
        self.0.insert(place, look);
        Ok(())
    }
}

fn look(place: &Path) -> io::Result<Look> {
    let meta = place.symlink_metadata()?;
    let (modified, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    Ok((meta.ino(), meta.size(), modified, changed))
}

/// The names in a path, `..` among them.
fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}
