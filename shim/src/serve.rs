//! Writing the outputs of a compile that is done already, as the compiler would have left them.

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

/// Writes every output. On an error none of them is left, nor what was at its path when it was reached.
pub fn write_outputs(serve: &Serve, descriptors: &[Fd]) -> Result<(), ServeError> {
    if serve.outputs.len() != descriptors.len() {
        return Err(ServeError::Descriptors);
    }
    let umask = file::umask();
    let found: Vec<bool> =
        serve.outputs.iter().map(|output| look(output, umask)).collect::<Result<_, _>>()?;
    // A signal between two blocks would leave half an object behind; held back, it comes after a whole one.
    let mask = signal::block();
    let written = write_each(serve, descriptors, &found);
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

fn write_each(serve: &Serve, descriptors: &[Fd], found: &[bool]) -> Result<(), ServeError> {
    for (index, ((output, from), &exists)) in serve.outputs.iter().zip(descriptors).zip(found).enumerate() {
        if let Err(error) = write(output, from, exists) {
            for done in serve.outputs.iter().take(index) {
                // Best effort: the compiler overwrites what stays.
                let _ = file::unlink(&done.path);
            }
            return Err(error);
        }
    }
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

fn write(output: &Served, from: &Fd, exists: bool) -> Result<(), ServeError> {
    let source = file::fstat(from)?;
    if !source.is_file() || source.size != output.size {
        return Err(ServeError::Content);
    }
    if exists {
        file::unlink(&output.path)?;
    }
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOCTTY;
    let to = file::open(&output.path, flags, output.mode & 0o777)?;
    let copied = copy(from, &to, output.size).and_then(|()| to.close().map_err(ServeError::from));
    if copied.is_err() {
        // As above.
        let _ = file::unlink(&output.path);
    }
    copied
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
