//! Which system calls name files, and what each of them does there. One row a call; everything else is derived from it.

use libc::{c_int, c_long};

use super::access::Touch;
use super::doubt::Doubt;

/// Where a call's arguments name a path: the descriptor of the folder that it goes from, if any, and the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    pub(super) folder: Option<usize>,
    pub(super) text: usize,
}

/// How an open says what for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// In this argument (`open(2)`).
    Flags(usize),
    /// At the beginning of the structure that this argument points to (`openat2(2)`).
    Structure(usize),
    /// As `creat(2)`.
    Create,
}

/// What a call does with what it names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// Opens a file.
    Open(Operand, Mode),
    /// Looks at what is there. The flags may say that it is the descriptor that is meant, or a link itself.
    Look(Operand, Option<usize>),
    /// Looks at a link itself.
    LookAtLink(Operand),
    /// Executes a program.
    Execute(Operand),
    /// Makes something that must not be there yet.
    Make(Operand),
    /// Treats what is there in this way.
    Treat(Operand, Touch),
    /// Renames one to the other.
    Rename(Operand, Operand),
    /// Gives the first a second name.
    Link(Operand, Operand),
    /// Lists the names in a folder that is open.
    List,
    /// Creates a socket; the first argument is its family, the second its kind.
    Socket,
    /// Connects a socket to an address.
    Connect,
    /// Reads from the open file that this argument names, or gives it another name.
    Use(usize),
    /// Something that no list of paths accounts for.
    Doubtful(Doubt),
}

/// A path from the working directory.
const fn plain(text: usize) -> Operand {
    Operand { folder: None, text }
}

/// A path from a folder.
const fn at(folder: usize) -> Operand {
    Operand { folder: Some(folder), text: folder + 1 }
}

use Deed::{Connect, Doubtful, Execute, Link, List, Look, Make, Open, Rename, Socket, Treat, Use};

/// The calls of every machine.
const COMMON: &[(c_long, Deed)] = &[
    (libc::SYS_openat, Open(at(0), Mode::Flags(2))),
    (libc::SYS_openat2, Open(at(0), Mode::Structure(2))),
    (libc::SYS_newfstatat, Look(at(0), Some(3))),
    (libc::SYS_statx, Look(at(0), Some(2))),
    (libc::SYS_faccessat, Look(at(0), None)),
    (libc::SYS_faccessat2, Look(at(0), Some(3))),
    (libc::SYS_statfs, Look(plain(0), None)),
    (libc::SYS_chdir, Look(plain(0), None)),
    (libc::SYS_inotify_add_watch, Look(plain(1), None)),
    (libc::SYS_execve, Execute(plain(0))),
    (libc::SYS_execveat, Execute(at(0))),
    (libc::SYS_mkdirat, Make(at(0))),
    (libc::SYS_mknodat, Make(at(0))),
    (libc::SYS_symlinkat, Make(at(1))),
    (libc::SYS_unlinkat, Treat(at(0), Touch::Replace)),
    (libc::SYS_truncate, Treat(plain(0), Touch::Change)),
    (libc::SYS_fchmodat, Treat(at(0), Touch::Change)),
    (FCHMODAT2, Treat(at(0), Touch::Change)),
    (libc::SYS_fchownat, Treat(at(0), Touch::Change)),
    (libc::SYS_utimensat, Treat(at(0), Touch::Change)),
    (libc::SYS_setxattr, Treat(plain(0), Touch::Change)),
    (libc::SYS_lsetxattr, Treat(plain(0), Touch::Change)),
    (libc::SYS_removexattr, Treat(plain(0), Touch::Change)),
    (libc::SYS_lremovexattr, Treat(plain(0), Touch::Change)),
    (libc::SYS_renameat, Rename(at(0), at(2))),
    (libc::SYS_renameat2, Rename(at(0), at(2))),
    (libc::SYS_linkat, Link(at(0), at(2))),
    (libc::SYS_getdents64, List),
    (libc::SYS_socket, Socket),
    (libc::SYS_connect, Connect),
    (libc::SYS_bind, Doubtful(Doubt::Socket)),
    (libc::SYS_getxattr, Doubtful(Doubt::Attributes)),
    (libc::SYS_lgetxattr, Doubtful(Doubt::Attributes)),
    (libc::SYS_fgetxattr, Doubtful(Doubt::Attributes)),
    (libc::SYS_listxattr, Doubtful(Doubt::Attributes)),
    (libc::SYS_llistxattr, Doubtful(Doubt::Attributes)),
    (libc::SYS_flistxattr, Doubtful(Doubt::Attributes)),
    (SETXATTRAT, Doubtful(Doubt::Attributes)),
    (GETXATTRAT, Doubtful(Doubt::Attributes)),
    (LISTXATTRAT, Doubtful(Doubt::Attributes)),
    (REMOVEXATTRAT, Doubtful(Doubt::Attributes)),
    (FILE_GETATTR, Doubtful(Doubt::Attributes)),
    (FILE_SETATTR, Doubtful(Doubt::Attributes)),
    (OPEN_TREE_ATTR, Doubtful(Doubt::Root)),
    (libc::SYS_chroot, Doubtful(Doubt::Root)),
    (libc::SYS_pivot_root, Doubtful(Doubt::Root)),
    (libc::SYS_mount, Doubtful(Doubt::Root)),
    (libc::SYS_umount2, Doubtful(Doubt::Root)),
    (libc::SYS_move_mount, Doubtful(Doubt::Root)),
    (libc::SYS_open_tree, Doubtful(Doubt::Root)),
    (libc::SYS_setns, Doubtful(Doubt::Root)),
    (libc::SYS_ptrace, Doubtful(Doubt::Unseen)),
    (libc::SYS_process_vm_readv, Doubtful(Doubt::Unseen)),
    (libc::SYS_pidfd_getfd, Doubtful(Doubt::Unseen)),
    (libc::SYS_io_uring_setup, Doubtful(Doubt::Unseen)),
    (libc::SYS_open_by_handle_at, Doubtful(Doubt::Unseen)),
    (libc::SYS_shmget, Doubtful(Doubt::Unseen)),
    (libc::SYS_msgget, Doubtful(Doubt::Unseen)),
    (libc::SYS_mq_open, Doubtful(Doubt::Unseen)),
    (libc::SYS_bpf, Doubtful(Doubt::Unseen)),
    (libc::SYS_read, Use(0)),
    (libc::SYS_pread64, Use(0)),
    (libc::SYS_readv, Use(0)),
    (libc::SYS_preadv, Use(0)),
    (libc::SYS_preadv2, Use(0)),
    (libc::SYS_recvfrom, Use(0)),
    (libc::SYS_recvmsg, Use(0)),
    (libc::SYS_recvmmsg, Use(0)),
    (libc::SYS_sendfile, Use(1)),
    (libc::SYS_splice, Use(0)),
    (libc::SYS_tee, Use(0)),
    (libc::SYS_copy_file_range, Use(0)),
    (libc::SYS_mmap, Use(4)),
    (libc::SYS_dup, Use(0)),
    (libc::SYS_dup3, Use(0)),
    (libc::SYS_fcntl, Use(0)),
];

/// Calls that every machine has under these numbers: `fchmodat2(2)` (Linux 6.6); `setxattrat` to `removexattrat` (6.13), `open_tree_attr`
/// (6.15), `file_getattr` and `file_setattr` (6.17).
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const GETXATTRAT: c_long = 464;
const LISTXATTRAT: c_long = 465;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const FILE_GETATTR: c_long = 468;
const FILE_SETATTR: c_long = 469;

/// The older calls, which newer machines never had.
#[cfg(target_arch = "x86_64")]
const OLDER: &[(c_long, Deed)] = &[
    (libc::SYS_open, Open(plain(0), Mode::Flags(1))),
    (libc::SYS_creat, Open(plain(0), Mode::Create)),
    (libc::SYS_stat, Look(plain(0), None)),
    (libc::SYS_lstat, Deed::LookAtLink(plain(0))),
    (libc::SYS_access, Look(plain(0), None)),
    (libc::SYS_mkdir, Make(plain(0))),
    (libc::SYS_mknod, Make(plain(0))),
    (libc::SYS_symlink, Make(plain(1))),
    (libc::SYS_unlink, Treat(plain(0), Touch::Replace)),
    (libc::SYS_rmdir, Treat(plain(0), Touch::Replace)),
    (libc::SYS_chmod, Treat(plain(0), Touch::Change)),
    (libc::SYS_chown, Treat(plain(0), Touch::Change)),
    (libc::SYS_lchown, Treat(plain(0), Touch::Change)),
    (libc::SYS_utime, Treat(plain(0), Touch::Change)),
    (libc::SYS_utimes, Treat(plain(0), Touch::Change)),
    (libc::SYS_futimesat, Treat(at(0), Touch::Change)),
    (libc::SYS_rename, Rename(plain(0), plain(1))),
    (libc::SYS_link, Link(plain(0), plain(1))),
    (libc::SYS_getdents, List),
    (libc::SYS_dup2, Use(0)),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[(c_long, Deed)] = &[];

/// Every call that the tracee is stopped at, sorted by number.
pub(super) fn all() -> Vec<(u32, Deed)> {
    let mut calls: Vec<_> = COMMON.iter().chain(OLDER).map(|&(number, deed)| (number as u32, deed)).collect();
    calls.sort_unstable_by_key(|(number, _)| *number);
    calls
}

/// Whether a call of this number, with this second argument, may wait for somebody, so that a signal ends it.
pub(super) fn may_wait(number: u64, second: u64) -> bool {
    const LOCKS: [c_int; 2] = [libc::F_SETLKW, libc::F_OFD_SETLKW];
    const WAITING: [c_long; 13] = [
        libc::SYS_read,
        libc::SYS_pread64,
        libc::SYS_readv,
        libc::SYS_preadv,
        libc::SYS_preadv2,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
        libc::SYS_sendfile,
        libc::SYS_splice,
        libc::SYS_tee,
        libc::SYS_copy_file_range,
        libc::SYS_connect,
    ];
    let is = |call: c_long| number == call as u64;
    WAITING.into_iter().any(is) || is(libc::SYS_fcntl) && LOCKS.iter().any(|lock| second == *lock as u64)
}

/// What the call of this number does.
pub(super) fn deed(calls: &[(u32, Deed)], number: u64) -> Option<Deed> {
    let number = u32::try_from(number).ok()?;
    let at = calls.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    calls.get(at).map(|(_, deed)| *deed)
}
