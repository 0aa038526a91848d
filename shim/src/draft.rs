//! A draft: an output that is being written, beside the place that it will have.

use crate::place::{join, parent};
use crate::serve::ServeError;
use crate::sys::{Fd, file, now, process};
use crate::wire::Bytes;

/// A file that is not yet where its readers look. Dropped, it leaves nothing.
#[derive(Debug)]
pub(crate) enum Draft {
    /// Without a name (`O_TMPFILE`): the kernel removes it when we are killed.
    Unnamed(Fd),
    /// Under a name of its own, where the file system wants one (FUSE). Who is killed by SIGKILL leaves it.
    Named(Fd, Scrap),
}

/// The name of a file to be removed when dropped.
#[derive(Debug)]
pub(crate) struct Scrap(Bytes);

impl Drop for Scrap {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            // Best effort, as for all that is taken back.
            let _ = file::unlink(&self.0);
        }
    }
}

impl Draft {
    /// A file without a name in the folder of `path`; nothing where it cannot be had, or would not have the mode that a new file gets.
    pub(crate) fn unnamed(path: &[u8], mode: u32, umask: u32) -> Option<Self> {
        let draft = file::open(parent(path), libc::O_WRONLY | libc::O_TMPFILE, mode).ok()?;
        let fits = file::fstat(&draft).is_ok_and(|stat| stat.permissions() == mode & !umask);
        fits.then_some(Self::Unnamed(draft))
    }

    /// A file beside `path`, under a name that no other process takes.
    pub(crate) fn named(path: &[u8], mode: u32) -> Result<Self, ServeError> {
        let name = alloc::format!(".spec-cc-{}-{}", process::id(), now().as_nanos());
        let name = join(parent(path), name.as_bytes());
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOCTTY;
        let draft = file::open(&name, flags, mode)?;
        Ok(Self::Named(draft, Scrap(name)))
    }

    /// Where to write.
    pub(crate) fn file(&self) -> &Fd {
        match self {
            Self::Unnamed(file) | Self::Named(file, _) => file,
        }
    }

    /// Takes the place of what is at `path`; only for one with a name.
    pub(crate) fn rename(self, path: &[u8]) -> Result<(), ServeError> {
        let Self::Named(draft, mut scrap) = self else { return Err(ServeError::Content) };
        draft.close()?;
        file::rename(&scrap.0, path)?;
        scrap.0.clear();
        Ok(())
    }
}
