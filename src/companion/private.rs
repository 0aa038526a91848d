//! Private: the folders in which only this user may put anything, since what is found there is given to builds.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};

/// The permission bits by which others write.
const OTHERS_WRITE: u32 = 0o022;

/// Has all that this process makes be its user's alone, whatever the umask of the compile that started it.
pub(super) fn own_what_we_make() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Makes a folder, and those above it that are missing.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// What is wrong with a folder from which builds are given files, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// It is another user's.
    #[error("{} belongs to user {owner}, not to user {user} who runs this: name another folder with {variable}", path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        user: u32,
        /// The variable that names it.
        variable: &'static str,
    },
    /// Others may put files there.
    #[error(
        "others may write to {}, and may have put there what a build would be given: remove {}, or, if you trust what is in it, \
         `chmod -R go-rwx {}`",
        path.display(), folder.display(), folder.display()
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// The one that the user knows.
        folder: PathBuf,
    },
}

/// Says what is wrong with a folder that `variable` names, and what to do about it, if others may write to it or to one of `parts` in it.
pub(super) fn check(folder: &Path, parts: &[&str], variable: &'static str) -> Result<(), FolderError> {
    let user = nix::unistd::geteuid().as_raw();
    for path in std::iter::once(folder.to_owned()).chain(parts.iter().map(|part| folder.join(part))) {
        // What is not there is made.
        let Ok(meta) = fs::metadata(&path) else { continue };
        if meta.uid() != user {
            return Err(FolderError::Owner { path, owner: meta.uid(), user, variable });
        }
        if meta.mode() & OTHERS_WRITE != 0 {
            return Err(FolderError::Open { path, folder: folder.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_may_write_to_is_refused_and_what_is_said_to_help_helps() {
        let place = tempfile::tempdir().unwrap();
        let (cache, cas) = (place.path().join("cache"), place.path().join("cache/cas"));
        make(&cas).unwrap();
        let refused = || check(&cache, &["cas", "ac"], "SPEC_CC_CACHE").err();
        assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(refused(), None);
        for (folder, mode) in [(&cache, 0o777), (&cache, 0o770), (&cas, 0o702)] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
            let said = refused().unwrap().to_string();
            assert!(said.contains(&format!("others may write to {}", folder.display())), "{said}");
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
            assert_eq!(refused(), None);
        }
    }
}
