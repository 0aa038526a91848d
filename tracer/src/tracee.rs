//! A stopped process: what its arguments point to, and what a path means to it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use libc::pid_t;

use super::proc;
use super::sys;

const PAGE: usize = 4096;
/// How much is read at once: most paths are shorter.
const FEW: usize = 256;
/// As long as `/proc/PID/stat` may be: 52 numbers and a short name.
const STAT: usize = 2048;
/// The longest path that a system call takes, its NUL included (`PATH_MAX`).
const LONGEST: usize = 4096;

/// A thread that is stopped before a system call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tracee(pub(super) pid_t);

/// A path as the thread means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its absolute name.
    pub(super) name: Vec<u8>,
    /// How this process reaches it.
    pub(super) way: PathBuf,
}

impl Named {
    /// What is there; behind a link unless `link` asks for the link itself.
    pub(super) fn found(&self, link: bool) -> Option<Metadata> {
        if link { self.way.symlink_metadata() } else { self.way.metadata() }.ok()
    }

    /// Whether a folder is there, where this was found.
    pub(super) fn is_folder(&self, found: &Metadata) -> bool {
        found.is_dir() || found.is_symlink() && self.way.is_dir()
    }
}

impl Tracee {
    /// The text at an address; nothing where the call itself will find none.
    pub(super) fn text(self, address: u64) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        let mut buffer = [0; FEW];
        while text.len() < LONGEST {
            let from = address.wrapping_add(text.len() as u64);
            // The next page may not be there.
            let length = FEW.min(PAGE - (from % PAGE as u64) as usize);
            let length = match sys::memory(self.0, from, buffer.get_mut(..length).unwrap_or_default()) {
                Ok(0) => return Ok(None),
                Ok(length) => length,
                Err(error) if error.raw_os_error() == Some(libc::EFAULT) => return Ok(None),
                Err(error) => return Err(error),
            };
            let came = buffer.get(..length).unwrap_or_default();
            if let Some(end) = came.iter().position(|byte| *byte == 0) {
                text.extend_from_slice(came.get(..end).unwrap_or_default());
                return Ok(Some(text));
            }
            text.extend_from_slice(came);
        }
        Ok(None)
    }

    /// The 64-bit number at an address; nothing where there is none.
    pub(super) fn number(self, address: u64) -> io::Result<Option<u64>> {
        let mut bytes = [0; 8];
        match sys::memory(self.0, address, &mut bytes) {
            Ok(8) => Ok(Some(u64::from_ne_bytes(bytes))),
            Ok(_) => Ok(None),
            Err(error) if error.raw_os_error() == Some(libc::EFAULT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a path means from a folder that the thread has open, or else from its working directory.
    pub(super) fn path(self, folder: Option<i32>, text: &[u8]) -> io::Result<Named> {
        if text.starts_with(b"/") {
            return Ok(Named { name: straight(text), way: PathBuf::from(OsStr::from_bytes(text)) });
        }
        let base = match folder {
            Some(descriptor) if descriptor != libc::AT_FDCWD => self.descriptor(descriptor),
            _ => self.proc("cwd"),
        };
        let folder = fs::read_link(&base)?.into_os_string().into_vec();
        // Names of what is no file, and of what is gone.
        if !folder.starts_with(b"/") || folder.ends_with(b" (deleted)") {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Named {
            name: straight(&[folder.as_slice(), b"/", text].concat()),
            way: base.join(OsStr::from_bytes(text)),
        })
    }

    /// The name of an open file.
    pub(super) fn open_file(self, descriptor: i32) -> io::Result<Vec<u8>> {
        fs::read_link(self.descriptor(descriptor)).map(|path| path.into_os_string().into_vec())
    }

    /// The program that it runs, behind all links.
    pub(super) fn program(self) -> io::Result<PathBuf> {
        fs::read_link(self.proc("exe"))
    }

    /// The processor that it was last on (proc(5), `/proc/PID/stat`, field 39).
    pub(super) fn processor(self) -> Option<usize> {
        let mut line = [0; STAT];
        let length = File::open(self.proc("stat")).ok()?.read(&mut line).ok()?;
        // The name before it may hold anything.
        let fields = line.get(..length)?.rsplit(|byte| *byte == b')').next()?;
        let fields = std::str::from_utf8(fields).ok()?;
        fields.split_ascii_whitespace().nth(39 - 3)?.parse().ok()
    }

    /// Where one of its open files is to be found.
    pub(super) fn descriptor(self, number: i32) -> PathBuf {
        self.proc(&format!("fd/{number}"))
    }

    fn proc(self, what: &str) -> PathBuf {
        Path::new(&OsString::from(format!("/proc/{}", proc::number(self.0)))).join(what)
    }
}

/// The path without `//` and `/./`; what `..` means only the file system knows.
fn straight(path: &[u8]) -> Vec<u8> {
    if !path.windows(2).any(|pair| matches!(pair, b"//" | b"/.")) {
        return path.to_vec();
    }
    let mut name = Vec::with_capacity(path.len());
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
        name.push(b'/');
        name.extend_from_slice(part);
    }
    // With it a path means a folder only.
    if path.ends_with(b"/") || path.ends_with(b"/.") {
        name.push(b'/');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_paths_mean_the_same() {
        for (path, name) in [
            ("/usr/lib/../lib/x.h", "/usr/lib/../lib/x.h"),
            ("/a//b/./c", "/a/b/c"),
            ("/a/./", "/a/"),
            ("/a/.", "/a/"),
            ("/a/.hidden", "/a/.hidden"),
            ("//", "/"),
        ] {
            assert_eq!(String::from_utf8(straight(path.as_bytes())).unwrap(), name);
        }
    }
}
