//! Stamp: what `statx` says of a file, by which a change is noticed without reading.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// How old a file's last change must be before its stamp is trusted, in nanoseconds.
///
/// The kernel stamps files with `CLOCK_REALTIME_COARSE`, which moves once a tick: up to 10 ms (`CONFIG_HZ=100`).
/// Two writes within one tick can leave the same stamp, so a file read within a tick of its last change may
/// change again unseen. Twice the tick leaves room for the clock read.
pub const GRANULARITY_NS: i64 = 20_000_000;

/// What identifies one state of a file. Any write, replacement or change of mode changes at least one field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stamp {
    /// The device the file is on.
    pub dev: u64,
    /// Its inode number.
    pub ino: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Last modification, nanoseconds since 1970; a program can set it.
    pub mtime_ns: i64,
    /// Last change of content or inode, nanoseconds since 1970; a program cannot set it.
    pub ctime_ns: i64,
    /// Kind and permission bits (`st_mode`).
    pub mode: u32,
    /// The mount it was reached through (`stx_mnt_id`, never used twice); 0 where the kernel does not tell, before Linux 6.8.
    ///
    /// buildbox's FUSE numbers files from 1 and gives each the same times, and the kernel gives a device's number again
    /// once its mount has gone: two trees mounted in turn can differ in nothing else.
    pub mount: u64,
}

impl Stamp {
    /// The stamp of a path, symbolic links followed; fails as `stat(2)` does.
    pub fn of(path: &CStr) -> io::Result<Self> {
        Self::of_in(libc::AT_FDCWD, path)
    }

    /// The stamp of a path that begins in an open folder, symbolic links followed; fails as `fstatat(2)` does.
    pub(super) fn of_in(folder: RawFd, path: &CStr) -> io::Result<Self> {
        Self::ask(folder, path, 0)
    }

    /// The stamp of a path itself, were it a symbolic link; fails as `lstat(2)` does.
    pub fn of_link(path: &CStr) -> io::Result<Self> {
        Self::of_link_in(libc::AT_FDCWD, path)
    }

    /// The stamp of such a path itself, were it a symbolic link; fails as `fstatat(2)` does.
    pub(super) fn of_link_in(folder: RawFd, path: &CStr) -> io::Result<Self> {
        Self::ask(folder, path, libc::AT_SYMLINK_NOFOLLOW)
    }

    /// Whether nothing has this name, not even a link that leads nowhere.
    pub fn is_free(path: &CStr) -> bool {
        let mut stat = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: the path is NUL-terminated and the buffer is large enough for a `struct stat`.
        let status = unsafe { libc::lstat(path.as_ptr(), stat.as_mut_ptr()) };
        status != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT)
    }

    /// The stamp of an open file; fails as `fstat(2)` does.
    pub fn of_open(file: BorrowedFd<'_>) -> io::Result<Self> {
        Self::ask(file.as_raw_fd(), c"", libc::AT_EMPTY_PATH)
    }

    fn ask(folder: RawFd, path: &CStr, flags: i32) -> io::Result<Self> {
        let mask = libc::STATX_BASIC_STATS | libc::STATX_MNT_ID_UNIQUE;
        let mut found = MaybeUninit::<libc::statx>::uninit();
        // SAFETY: the path is NUL-terminated and the buffer is large enough for a `struct statx`.
        let status = unsafe { libc::statx(folder, path.as_ptr(), flags, mask, found.as_mut_ptr()) };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a successful statx has filled the buffer.
        Ok(Self::from(unsafe { found.assume_init_ref() }))
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    /// Whether it is a symbolic link.
    pub(super) fn is_link(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFLNK
    }

    /// Whether both stamps are of the same inode, whatever its state.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    /// Whether a link was made, or a folder was renamed, at `since_ns` (nanoseconds since 1970) or later; of a link's stamp, not its
    /// target's. A folder's new entries change both of its times, a new name one.
    pub(super) fn was_put_since(&self, since_ns: i64) -> bool {
        self.latest_ctime_ns() >= since_ns
            && (self.is_link() || self.is_dir() && self.mtime_ns < self.ctime_ns)
    }

    /// When it was changed last, nanoseconds since 1970, or a moment at most a second later.
    pub fn changed_ns(&self) -> i64 {
        self.mtime_ns.max(self.latest_ctime_ns())
    }

    /// The latest moment that its ctime may stand for: file systems that have whole seconds only, as ext4 with inodes of 128 bytes, cut off
    /// the rest.
    fn latest_ctime_ns(&self) -> i64 {
        const SECOND_NS: i64 = 1_000_000_000;
        let is_cut = self.ctime_ns % SECOND_NS == 0;
        if is_cut { self.ctime_ns.saturating_add(SECOND_NS - 1) } else { self.ctime_ns }
    }

    /// Whether a change after `read_at_ns` (nanoseconds since 1970) must give another stamp.
    ///
    /// It is the rule of git's index ("racy git"): the last change lies more than the clock's granularity before the
    /// moment the content was read.
    pub fn settled(&self, read_at_ns: i64) -> bool {
        self.changed_ns() < read_at_ns.saturating_sub(GRANULARITY_NS)
    }
}

impl From<&libc::statx> for Stamp {
    fn from(found: &libc::statx) -> Self {
        let time = |time: libc::statx_timestamp| nanoseconds(time.tv_sec, time.tv_nsec.into());
        let tells_mount = found.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0;
        Self {
            dev: libc::makedev(found.stx_dev_major, found.stx_dev_minor),
            ino: found.stx_ino,
            size: found.stx_size,
            mtime_ns: time(found.stx_mtime),
            ctime_ns: time(found.stx_ctime),
            mode: found.stx_mode.into(),
            mount: if tells_mount { found.stx_mnt_id } else { 0 },
        }
    }
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// The clock that files are stamped with, in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}

/// A moment that is before every stamp the kernel gives from now on, in nanoseconds since 1970: files are stamped with
/// the coarse clock, which lags behind [`now_ns`] by up to a tick.
pub fn before_any_change_ns() -> i64 {
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE).map_or(0, |time| nanoseconds(time.tv_sec(), time.tv_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(mtime_ns: i64, ctime_ns: i64) -> Stamp {
        Stamp { dev: 1, ino: 1, size: 0, mtime_ns, ctime_ns, mode: libc::S_IFREG, mount: 1 }
    }

    #[test]
    fn a_time_without_a_fraction_may_have_lost_it() {
        assert_eq!(stamp(0, 10_000_000_000).changed_ns(), 10_999_999_999);
        assert_eq!(stamp(0, 10_000_000_001).changed_ns(), 10_000_000_001);
        let folder = Stamp { mode: libc::S_IFDIR, ..stamp(0, 10_000_000_000) };
        assert!(folder.was_put_since(10_500_000_000));
    }

    #[test]
    fn settled_needs_both_times_to_be_older_than_a_tick() {
        let now = 1_000_000_000_000;
        let (old, new) = (now - GRANULARITY_NS - 1, now - GRANULARITY_NS);
        assert!(stamp(old, old).settled(now));
        assert!(!stamp(new, old).settled(now));
        assert!(!stamp(old, new).settled(now));
        assert!(!stamp(old, now + 5).settled(now), "a clock that was set back proves nothing");
    }

    #[test]
    fn a_path_and_its_open_file_have_the_same_stamp() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = std::ffi::CString::new(file.path().as_os_str().as_encoded_bytes()).expect("no NUL");
        let open = Stamp::of_open(std::os::fd::AsFd::as_fd(file.as_file())).expect("fstat");
        assert_eq!(Stamp::of(&path).expect("stat"), open);
        assert!(open.is_file() && !open.is_dir());
        assert!(Stamp::of(c"/").expect("stat").is_dir());
        assert_eq!(Stamp::of(c"/no/such").map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
    }
}
