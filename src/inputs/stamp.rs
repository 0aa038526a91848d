//! What one `stat` tells of a file.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

/// Identity, size, times and mode of a file; equal stamps mean an unchanged file unless it is racy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Length in bytes.
    pub size: u64,
    /// Time of the last write, nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Time of the last change to content or inode, nanoseconds since the epoch; no program can set it.
    pub ctime_ns: i64,
    /// Type and permission bits.
    pub mode: u32,
}

impl Stamp {
    /// Stamps the file at `path`, following links.
    pub fn of(path: &CStr) -> io::Result<Self> {
        let mut stat = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: both pointers are valid, and the struct is only read when the call has filled it.
        let stat = unsafe {
            if libc::stat(path.as_ptr(), stat.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            stat.assume_init()
        };
        Ok(Self::from(&stat))
    }

    /// Stamps an open file.
    pub fn of_file(file: &std::fs::File) -> io::Result<Self> {
        use std::os::fd::AsRawFd;
        let mut stat = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: the descriptor is open, and the struct is only read when the call has filled it.
        let stat = unsafe {
            if libc::fstat(file.as_raw_fd(), stat.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            stat.assume_init()
        };
        Ok(Self::from(&stat))
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// The later of its two times, nanoseconds since the epoch.
    pub fn changed_ns(&self) -> i64 {
        self.mtime_ns.max(self.ctime_ns)
    }
}

impl From<&libc::stat> for Stamp {
    fn from(stat: &libc::stat) -> Self {
        Self {
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: stat.st_size as u64,
            mtime_ns: stat.st_mtime.saturating_mul(1_000_000_000).saturating_add(stat.st_mtime_nsec),
            ctime_ns: stat.st_ctime.saturating_mul(1_000_000_000).saturating_add(stat.st_ctime_nsec),
            mode: stat.st_mode,
        }
    }
}
