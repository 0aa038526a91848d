//! Staged files: those that buildbox's FUSE lays out, which tells their digest without their being read.
//!
//! buildbox-casd stages input trees lazily: to read a file may mean to fetch it first. Its FUSE answers `getxattr` with
//! the SHA-256 it knows the content by, until the file is written to. Any user can give a file such an attribute
//! elsewhere, so it is believed where it cannot have been set, and nowhere else.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

use super::stamp::Stamp;
use crate::base::digest::{self, Digest};

/// The attribute's name, as buildbox-fuse 1.4 has it.
const ATTRIBUTE: &CStr = c"user.checksum.sha256";
/// Hex digits of a SHA-256.
const LENGTH: usize = 64;

/// The digest that the file system tells of a file with this stamp; `None` when the file has to be read.
pub(super) fn digest(path: &CStr, stamp: &Stamp) -> Option<Digest> {
    // FUSE has no device of its own: spare all others the calls.
    if !stamp.is_file() || libc::major(stamp.dev) != 0 || !is_fuse(path) || may_be_set(path) {
        return None;
    }
    Some(Digest { hash: digest::hash(&attribute(path)?)?, size: stamp.size })
}

fn is_fuse(path: &CStr) -> bool {
    file_system(path).is_ok_and(|kind| kind == libc::FUSE_SUPER_MAGIC)
}

/// Whether the attribute may be one that somebody has set, on a FUSE that passes attributes through to the files behind
/// it: such a one is listed, buildbox's is not, and the whole listing is refused.
fn may_be_set(path: &CStr) -> bool {
    // SAFETY: the path is NUL-terminated; without a buffer the call only tells a size.
    let size = unsafe { libc::listxattr(path.as_ptr(), std::ptr::null_mut(), 0) };
    !(size == 0 || size < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EOPNOTSUPP))
}

fn attribute(path: &CStr) -> Option<[u8; LENGTH]> {
    let mut digits = [0; LENGTH];
    // SAFETY: both names are NUL-terminated, and the buffer is as long as said; a longer value is an error.
    let size =
        unsafe { libc::getxattr(path.as_ptr(), ATTRIBUTE.as_ptr(), digits.as_mut_ptr().cast(), LENGTH) };
    (size == LENGTH as isize).then_some(digits)
}

/// The kind of the file system that a path is on (`f_type`, `statfs(2)`).
pub(super) fn file_system(path: &CStr) -> io::Result<i64> {
    let mut stat = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is NUL-terminated and the buffer is large enough for a `struct statfs`.
    let status = unsafe { libc::statfs(path.as_ptr(), stat.as_mut_ptr()) };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a successful statfs has filled the buffer.
    Ok(unsafe { stat.assume_init_ref() }.f_type)
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    /// Sets the attribute, as anybody can; `false` where the file system has none.
    fn set(path: &CStr, value: &[u8]) -> bool {
        // SAFETY: both names are NUL-terminated, and the value is as long as said.
        unsafe {
            libc::setxattr(path.as_ptr(), ATTRIBUTE.as_ptr(), value.as_ptr().cast(), value.len(), 0) == 0
        }
    }

    #[test]
    fn an_attribute_that_somebody_set_is_not_believed() {
        let mut tried = 0;
        for folder in ["/tmp", "/dev/shm", "/var/tmp", env!("CARGO_MANIFEST_DIR")] {
            let Ok(file) = tempfile::NamedTempFile::new_in(folder) else { continue };
            let path = CString::new(file.path().as_os_str().as_bytes()).expect("no NUL");
            if !set(&path, Digest::of(b"another").hex().as_bytes()) {
                continue;
            }
            tried += 1;
            assert_eq!(digest(&path, &Stamp::of(&path).expect("stat")), None, "{folder}");
            assert!(attribute(&path).is_some() && may_be_set(&path), "{folder}");
        }
        assert!(tried > 0, "no file system here takes attributes");
    }

    #[test]
    fn what_is_no_sha256_is_no_attribute() {
        let file = tempfile::NamedTempFile::new_in(env!("CARGO_MANIFEST_DIR")).expect("a file");
        let path = CString::new(file.path().as_os_str().as_bytes()).expect("no NUL");
        assert_eq!(attribute(&path), None, "none set");
        for value in [&b"abc"[..], &[b'a'; 65]] {
            assert!(set(&path, value));
            assert_eq!(attribute(&path), None);
        }
        assert_eq!(digest::hash(&[b'g'; 64]), None);
        assert_eq!(digest::hash(&[b'A'; 64]), None, "REAPI's are in lower case");
    }
}
