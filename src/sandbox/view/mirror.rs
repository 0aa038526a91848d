//! A mirror: the whole of a covered folder, seen through a staged one, entry by entry.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::base::absence::{has_gone, is_absence};
use crate::sandbox::confine::mounts::{Step, c_string};

/// Entries that are mounted for one view. A mount takes some 10 µs, and a folder with more is no folder of sources.
const MOST: usize = 4096;

/// What is to be bound where, before the staged folder is bound over the covered one.
///
/// Others make and remove files there at any moment, as a configure script does. What has gone once it is to be bound is an empty file or
/// folder in the view.
#[derive(Debug, Default)]
pub(super) struct Mirror(Vec<(PathBuf, PathBuf)>);

impl Mirror {
    /// Adds everything in `covered` that is not in `staged`, where a place is made for each to be bound at. What both have is
    /// the staged file's, and of a folder each entry.
    pub(super) fn add(&mut self, covered: &Path, staged: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(covered) {
            Err(error) if is_absence(&error) => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let (from, to) = (entry.path(), staged.join(entry.file_name()));
            let kind = match entry.file_type() {
                Err(error) if is_absence(&error) => continue,
                kind => kind?,
            };
            match to.symlink_metadata() {
                Ok(own) if own.is_dir() && kind.is_dir() => self.add(&from, &to)?,
                Err(_) if kind.is_symlink() => match fs::read_link(&from) {
                    Err(error) if has_gone(&error) => {}
                    target => symlink(target?, &to)?,
                },
                Err(_) if kind.is_dir() => {
                    fs::create_dir(&to)?;
                    self.0.push((from, to));
                }
                Err(_) if kind.is_file() => {
                    File::create(&to)?;
                    self.0.push((from, to));
                }
                // The view's own, or nothing that is read.
                _ => {}
            }
            if self.0.len() > MOST {
                return Err(io::Error::other(format!("too much is in {}", covered.display())));
            }
        }
        Ok(())
    }

    /// The steps that bind all that was added and is there by then.
    pub(super) fn steps(&self) -> impl Iterator<Item = io::Result<Step>> {
        let step = |(source, target): &(PathBuf, PathBuf)| {
            Ok(Step::BindIfThere { source: c_string(source)?, target: c_string(target)? })
        };
        self.0.iter().map(step)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::sandbox::view::{Kind, View, try_script, works};
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    /// A folder for a tree and views of it, where these can be had.
    fn room() -> Option<tempfile::TempDir> {
        let room = tempfile::tempdir().unwrap();
        works(Kind::Staged, room.path()).unwrap_or(false).then_some(room)
    }

    #[test]
    fn all_of_a_tree_is_seen_but_what_the_view_has_itself() {
        let Some(room) = room() else { return };
        let tree = room.path().join("tree");
        fs::create_dir_all(tree.join("src/deep")).unwrap();
        for (name, content) in [("top", "top"), ("src/deep/x.h", "x"), ("src/y.h", "y"), ("src/old.h", "old")]
        {
            fs::write(tree.join(name), content).unwrap();
        }
        symlink("src/y.h", tree.join("link.h")).unwrap();
        let content = room.path().join("content");
        fs::write(&content, "new").unwrap();
        let mut view = View::new(Some(Kind::Staged), room.path(), &[&tree]).unwrap();
        view.make_folder(&tree.join("build")).unwrap();
        for shown in ["src/config.h", "src/old.h"] {
            view.show(&tree.join(shown), &content).unwrap();
        }
        view.mirror().unwrap();
        let printed = view.scratch().join("printed");
        let script = "cat ../top ../src/deep/x.h ../link.h ../src/config.h ../src/old.h";
        assert!(try_script(&view, script, &tree.join("build"), &File::create(&printed).unwrap()).unwrap());
        assert_eq!(fs::read_to_string(printed).unwrap(), "topxynewnew");
        assert!(!tree.join("build").exists() && !tree.join("src/config.h").exists());
    }

    #[test]
    fn what_goes_while_a_tree_is_mirrored_fails_no_job() {
        let Some(room) = room() else { return };
        let tree = room.path().join("tree");
        fs::create_dir_all(tree.join("conftest.dir")).unwrap();
        for name in ["conftest.c", "x.h"] {
            fs::write(tree.join(name), "x").unwrap();
        }
        let mut view = View::new(Some(Kind::Staged), room.path(), &[&tree]).unwrap();
        view.mirror().unwrap();
        fs::remove_file(tree.join("conftest.c")).unwrap();
        fs::remove_dir(tree.join("conftest.dir")).unwrap();
        let printed = view.scratch().join("printed");
        assert!(try_script(&view, "cat x.h", &tree, &File::create(&printed).unwrap()).unwrap());
        assert_eq!(fs::read_to_string(printed).unwrap(), "x");
    }
}
