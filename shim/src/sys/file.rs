//! Files, folders and descriptors.

use super::{Errno, Fd, Result, c_string, check, check_length, retry};
use alloc::vec::Vec;
use core::ffi::{CStr, c_int};
use core::ptr;
use core::time::Duration;

/// What `stat(2)` says of a file, as far as anyone here asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Number of hard links.
    pub links: u64,
    /// Length in bytes.
    pub size: u64,
    /// When its content changed last, by the wall clock since 1970; a time before counts as then.
    pub modified: Duration,
    /// When anything of it changed last, the same.
    pub changed: Duration,
}

impl Stat {
    fn of(call: impl FnOnce(*mut libc::stat) -> c_int) -> Result<Self> {
        // SAFETY: all zeros are a valid `stat`.
        let mut stat: libc::stat = unsafe { core::mem::zeroed() };
        check(call(&raw mut stat))?;
        Ok(Self {
            dev: stat.st_dev,
            ino: stat.st_ino,
            mode: stat.st_mode,
            uid: stat.st_uid,
            links: stat.st_nlink,
            size: stat.st_size as u64,
            modified: time(stat.st_mtime, stat.st_mtime_nsec),
            changed: time(stat.st_ctime, stat.st_ctime_nsec),
        })
    }

    /// Returns whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Returns whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    /// Returns the permission bits.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }
}

fn time(seconds: libc::time_t, nanoseconds: i64) -> Duration {
    Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanoseconds).unwrap_or(0))
}

/// Returns what the path leads to, symbolic links followed.
pub fn stat(path: &[u8]) -> Result<Stat> {
    let path = c_string(path)?;
    // SAFETY: the path is a C string and the buffer a `stat`.
    Stat::of(|buffer| unsafe { libc::stat(path.as_ptr(), buffer) })
}

/// Returns what is at the path itself.
pub fn lstat(path: &[u8]) -> Result<Stat> {
    let path = c_string(path)?;
    // SAFETY: the path is a C string and the buffer a `stat`.
    Stat::of(|buffer| unsafe { libc::lstat(path.as_ptr(), buffer) })
}

/// Returns what the descriptor is open on.
pub fn fstat(fd: &Fd) -> Result<Stat> {
    // SAFETY: the buffer is a `stat`; a bad number is an error, not a fault.
    Stat::of(|buffer| unsafe { libc::fstat(fd.number(), buffer) })
}

/// Returns whether this process may execute the file.
pub fn is_executable(path: &[u8]) -> bool {
    access(path, libc::X_OK).is_ok()
}

/// Returns whether this process may write to a folder, which is made, with those above it, where it is missing.
///
/// Only the attempt tells: a FUSE may grant what it then refuses.
pub fn is_writable(folder: &[u8]) -> bool {
    match make_folder(folder, 0o700) {
        Ok(()) => true,
        Err(Errno(libc::EEXIST)) => access(folder, libc::W_OK).is_ok(),
        Err(Errno(libc::ENOENT)) => {
            let above = folder.iter().rposition(|&byte| byte == b'/').and_then(|end| folder.get(..end));
            let above = above.is_some_and(|above| !above.is_empty() && is_writable(above));
            // Another shim may have made it meanwhile.
            above && (make_folder(folder, 0o700).is_ok() || access(folder, libc::W_OK).is_ok())
        }
        Err(_) => false,
    }
}

fn access(path: &[u8], mode: c_int) -> Result<()> {
    let path = c_string(path)?;
    // SAFETY: the path is a C string.
    check(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) }).map(drop)
}

/// Opens a file; `O_CLOEXEC` is always added. `mode` counts when it is created.
pub fn open(path: &[u8], flags: c_int, mode: u32) -> Result<Fd> {
    let path = c_string(path)?;
    open_c(&path, flags, mode)
}

fn open_c(path: &CStr, flags: c_int, mode: u32) -> Result<Fd> {
    // SAFETY: the path is a C string, and the new descriptor is ours alone.
    retry(|| check(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })).map(Fd)
}

/// Makes sure that the numbers 0, 1 and 2 are taken, so that nothing we open becomes a standard stream.
///
/// Returns which of the three were open. The placeholders do not survive an exec: the compiler finds closed what
/// was closed.
pub fn plug_standard_streams() -> [bool; 3] {
    [0, 1, 2].map(|number| {
        // SAFETY: asking for a descriptor's flags changes nothing.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } != -1 {
            return true;
        }
        // The lowest free number is taken, which is this one.
        if let Ok(fd) = open_c(c"/dev/null", libc::O_RDWR, 0) {
            core::mem::forget(fd);
        }
        false
    })
}

/// Reads once; 0 at the end.
pub fn read(fd: &Fd, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: the pointer and the length describe `buffer`.
    retry(|| check_length(unsafe { libc::read(fd.number(), buffer.as_mut_ptr().cast(), buffer.len()) }))
}

/// Reads once at an offset; 0 past the end.
pub fn read_at(fd: &Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    retry(|| {
        // SAFETY: the pointer and the length describe `buffer`.
        check_length(unsafe {
            libc::pread(fd.number(), buffer.as_mut_ptr().cast(), buffer.len(), offset as libc::off_t)
        })
    })
}

/// Writes everything, waiting where the descriptor would block.
pub fn write_all(number: c_int, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length describe `bytes`.
        match retry(|| check_length(unsafe { libc::write(number, bytes.as_ptr().cast(), bytes.len()) })) {
            Ok(0) => return Err(Errno(libc::EIO)),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            // A terminal or pipe that some other process has made non-blocking.
            Err(Errno(libc::EAGAIN)) => super::wait_writable(number)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies up to `length` bytes from an offset of one file to the position of the other, inside the kernel.
///
/// Returns how many; 0 at the end, or where a file system cannot.
pub fn copy_range(from: &Fd, offset: u64, to: &Fd, length: usize) -> Result<usize> {
    let mut offset = offset as libc::off64_t;
    retry(|| {
        // SAFETY: the offset is writable; the kernel checks the rest.
        check_length(unsafe {
            libc::copy_file_range(from.number(), &raw mut offset, to.number(), ptr::null_mut(), length, 0)
        })
    })
}

/// Removes a name.
pub fn unlink(path: &[u8]) -> Result<()> {
    let path = c_string(path)?;
    // SAFETY: the path is a C string.
    check(unsafe { libc::unlink(path.as_ptr()) }).map(drop)
}

/// Gives a file that is open and has no name (`O_TMPFILE`) one; needs `/proc`.
pub fn link_open(fd: &Fd, path: &[u8]) -> Result<()> {
    let open = c_string(alloc::format!("/proc/self/fd/{}", fd.number()).as_bytes())?;
    let path = c_string(path)?;
    let (here, flags) = (libc::AT_FDCWD, libc::AT_SYMLINK_FOLLOW);
    // SAFETY: both paths are C strings.
    check(unsafe { libc::linkat(here, open.as_ptr(), here, path.as_ptr(), flags) }).map(drop)
}

/// Gives a file another name, in place of what has it.
pub fn rename(from: &[u8], to: &[u8]) -> Result<()> {
    let (from, to) = (c_string(from)?, c_string(to)?);
    // SAFETY: both paths are C strings.
    check(unsafe { libc::rename(from.as_ptr(), to.as_ptr()) }).map(drop)
}

/// Makes a folder of just this mode, whatever the umask.
pub fn make_folder(path: &[u8], mode: u32) -> Result<()> {
    let path = c_string(path)?;
    // SAFETY: the path is a C string.
    check(unsafe { libc::mkdir(path.as_ptr(), mode) })?;
    // SAFETY: as above; what was made just now is ours.
    check(unsafe { libc::chmod(path.as_ptr(), mode) }).map(drop)
}

/// Returns the working directory, absolute.
pub fn working_directory() -> Result<Vec<u8>> {
    fill(|buffer| {
        // SAFETY: the pointer and the length describe `buffer`.
        let path = unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) };
        if path.is_null() {
            return Err(Errno::last());
        }
        Ok(CStr::from_bytes_until_nul(buffer).map_or(0, CStr::count_bytes))
    })
}

/// Returns what a symbolic link says.
pub fn read_link(path: &CStr) -> Result<Vec<u8>> {
    fill(|buffer| {
        // SAFETY: the path is a C string; the pointer and the length describe `buffer`.
        check_length(unsafe { libc::readlink(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) })
    })
}

fn fill(call: impl FnOnce(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut buffer = alloc::vec![0; libc::PATH_MAX as usize];
    let length = call(&mut buffer)?;
    if length == buffer.len() {
        return Err(Errno(libc::ENAMETOOLONG));
    }
    buffer.truncate(length);
    Ok(buffer)
}

/// Returns the file mode creation mask.
pub fn umask() -> u32 {
    // SAFETY: there is one thread, so nobody sees the mask between the two calls.
    unsafe {
        let mask = libc::umask(0o077);
        libc::umask(mask);
        mask
    }
}

/// Takes the file's lock for as long as it stays open. Returns whether it was free.
pub fn try_lock(fd: &Fd) -> bool {
    // SAFETY: the number is an open descriptor of ours.
    unsafe { libc::flock(fd.number(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Returns a pipe's two ends: to read, to write.
pub fn pipe() -> Result<(Fd, Fd)> {
    let mut ends = [-1; 2];
    // SAFETY: two descriptors fit into `ends`.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((Fd(ends[0]), Fd(ends[1])))
}
