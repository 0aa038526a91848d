//! Writing the outputs of a compile that is done already, as the compiler would have left them.

use crate::draft::Draft;
use crate::sys::file::{self, Stat};
use crate::sys::{Errno, Fd, process, signal};
use crate::wire::{Serve, Served};
use alloc::vec::Vec;

/// How much is copied at a time where the kernel cannot copy by itself.
const BLOCK: usize = 64 << 10;

/// Why a finished compile cannot be put in place; the compiler must run instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeError {
    /// There are not as many descriptors as outputs.
    Descriptors,
    /// What is at an output's path would not simply be replaced by a compiler.
    Occupied,
    /// A descriptor is not a regular file with that many bytes.
    Content,
    /// A system call failed.
    System(Errno),
}

impl From<Errno> for ServeError {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

/// Writes every output. On an error none of them is left.
///
/// Each is whole before it gets its name: whoever kills the shim leaves no half object to be taken for one.
pub fn write_outputs(serve: &Serve, descriptors: &[Fd]) -> Result<(), ServeError> {
    if serve.outputs.len() != descriptors.len() {
        return Err(ServeError::Descriptors);
    }
    let umask = file::umask();
    let found: Vec<bool> =
        serve.outputs.iter().map(|output| look(output, umask)).collect::<Result<_, _>>()?;
    // A signal between two names would leave some outputs without the others; held back, it comes after all.
    let mask = signal::block();
    let written = write_all(serve, descriptors, &found, umask);
    signal::unblock(&mask);
    written
}

/// Removes what [`write_outputs`] has written, for the compiler to write it.
pub fn remove_outputs(serve: &Serve) {
    for output in &serve.outputs {
        // Best effort: the compiler overwrites what stays.
        let _ = file::unlink(&output.path);
    }
}

fn write_all(serve: &Serve, descriptors: &[Fd], found: &[bool], umask: u32) -> Result<(), ServeError> {
    let outputs = || serve.outputs.iter().zip(descriptors);
    let drafts: Vec<Draft> =
        outputs().map(|(output, from)| draft(output, from, umask)).collect::<Result<_, _>>()?;
    for (index, ((draft, (output, from)), &exists)) in
        drafts.into_iter().zip(outputs()).zip(found).enumerate()
    {
        if let Err(error) = place(draft, output, from, exists) {
            for done in serve.outputs.iter().take(index) {
                // Best effort: the compiler overwrites what stays.
                let _ = file::unlink(&done.path);
            }
            return Err(error);
        }
    }
    Ok(())
}

/// The content of an output, written beside it.
fn draft(output: &Served, from: &Fd, umask: u32) -> Result<Draft, ServeError> {
    let mode = output.mode & 0o777;
    let draft = match Draft::unnamed(&output.path, mode, umask) {
        Some(draft) => draft,
        None => Draft::named(&output.path, mode)?,
    };
    fill(&draft, output, from)?;
    Ok(draft)
}

fn fill(draft: &Draft, output: &Served, from: &Fd) -> Result<(), ServeError> {
    let source = file::fstat(from)?;
    if !source.is_file() || source.size != output.size {
        return Err(ServeError::Content);
    }
    copy(from, draft.file(), output.size)?;
    // What was compared with its digest is what was copied, if nobody has written to it since.
    let now = file::fstat(from)?;
    let same = output.modified == 0 || now.modified.as_nanos() == u128::from(output.modified);
    if same && now.size == output.size { Ok(()) } else { Err(ServeError::Content) }
}

/// Gives an output its name, in place of what has it.
fn place(draft: Draft, output: &Served, from: &Fd, exists: bool) -> Result<(), ServeError> {
    let draft = match draft {
        Draft::Unnamed(file) => {
            if exists {
                file::unlink(&output.path)?;
            }
            match file::link_open(&file, &output.path) {
                Ok(()) => return finish(file, &output.path),
                // Somebody has made one since.
                Err(Errno(libc::EEXIST)) => return Err(ServeError::Occupied),
                Err(_) => {}
            }
            // Without `/proc` a file without a name gets none.
            let named = Draft::named(&output.path, output.mode & 0o777)?;
            fill(&named, output, from)?;
            named
        }
        named @ Draft::Named(..) => named,
    };
    // It would be replaced as well.
    if !exists && file::lstat(&output.path).is_ok() {
        return Err(ServeError::Occupied);
    }
    draft.rename(&output.path)
}

/// Closes a file that has got its name.
fn finish(written: Fd, path: &[u8]) -> Result<(), ServeError> {
    if let Err(error) = written.close() {
        let _ = file::unlink(path);
        return Err(error.into());
    }
    // Whoever watches the folder waits for the end of the writing, which happened while it had no name.
    drop(file::open(path, libc::O_WRONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY, 0));
    Ok(())
}

/// Returns whether a file to replace is at the output's path; an error when it is one that must not be replaced.
fn look(output: &Served, umask: u32) -> Result<bool, ServeError> {
    match file::lstat(&output.path) {
        Ok(stat) if is_replaceable(&stat, output.mode & !umask) => Ok(true),
        Ok(_) => Err(ServeError::Occupied),
        Err(Errno(libc::ENOENT)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Compilers overwrite some outputs in place and make others anew. Only a file that is ours, has one name and the
/// mode of a new one looks the same afterwards either way.
fn is_replaceable(stat: &Stat, mode: u32) -> bool {
    stat.is_file() && stat.links == 1 && stat.uid == process::user() && stat.permissions() == mode
}

fn copy(from: &Fd, to: &Fd, size: u64) -> Result<(), ServeError> {
    let mut done = 0;
    while done < size {
        let wanted = usize::try_from(size - done).unwrap_or(usize::MAX).min(1 << 30);
        // Zero and errors alike: some file systems refuse, some copy nothing and say so.
        match file::copy_range(from, done, to, wanted) {
            Ok(copied) if copied > 0 => done += copied as u64,
            _ => return copy_blocks(from, to, done, size),
        }
    }
    Ok(())
}

fn copy_blocks(from: &Fd, to: &Fd, mut done: u64, size: u64) -> Result<(), ServeError> {
    let mut block = alloc::vec![0; BLOCK];
    while done < size {
        let wanted = usize::try_from(size - done).unwrap_or(BLOCK).min(BLOCK);
        let read = file::read_at(from, block.get_mut(..wanted).unwrap_or_default(), done)?;
        if read == 0 {
            return Err(ServeError::Content);
        }
        file::write_all(to.number(), block.get(..read).unwrap_or_default())?;
        done += read as u64;
    }
    Ok(())
}
