//! The calls that a job may not make: those that reach others without a path or a process that its namespaces hide.

use libc::{c_long, sock_filter};
use spec_cc_tracer::bpf::{HAS, IS, KEEP, LOAD, RETURN, argument, beginning, step};

/// Whoever makes such a call is ended: a job that is told a lie may go on, and give another result than it would alone.
const END: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

/// Every flag of `clone(2)` and `unshare(2)` that makes a namespace.
const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

/// Linux 5.12 and later, which libc does not name for all machines: everywhere the same numbers.
const MOUNT_SETATTR: c_long = 442;
const QUOTACTL_FD: c_long = 443;

/// Calls of which none is let pass.
const BARRED: &[c_long] = &[
    // Names and mounts: what is read-only must stay so.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    MOUNT_SETATTR,
    libc::SYS_setns,
    // It opens a file by a number, on whichever mount.
    libc::SYS_open_by_handle_at,
    // Locks are taken on files that are open for reading only.
    libc::SYS_flock,
    // Keys are a user's, not a namespace's.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // The kernel and the machine; most need rights that no job has.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    QUOTACTL_FD,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
];

/// Calls that programs expect not to be there, and what they are told.
const MISSING: &[(c_long, i32)] = &[
    // Its flags are in memory, where no filter looks. C libraries then call `clone`.
    (libc::SYS_clone3, libc::ENOSYS),
    // It makes all other calls, past the filter.
    (libc::SYS_io_uring_setup, libc::ENOSYS),
];

/// An argument's value for which a call is barred.
const BARRED_FOR: &[(c_long, u32, &[u32])] = &[
    (
        libc::SYS_fcntl,
        1,
        &[
            libc::F_SETLK as u32,
            libc::F_SETLKW as u32,
            libc::F_OFD_SETLK as u32,
            libc::F_OFD_SETLKW as u32,
            libc::F_SETLEASE as u32,
        ],
    ),
    // A terminal's input, its ways, and the terminal itself: they need no right to write to it, and Landlock stops them since 6.10 only.
    (
        libc::SYS_ioctl,
        1,
        &[
            libc::TIOCSTI as u32,
            libc::TIOCSCTTY as u32,
            libc::TIOCSWINSZ as u32,
            libc::TCSETS as u32,
            libc::TCSETSW as u32,
            libc::TCSETSF as u32,
            TIOCLINUX,
        ],
    ),
];
/// `ioctl_console(2)`.
const TIOCLINUX: u32 = 0x541c;

/// What is done about sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sockets {
    /// There are none but pairs of the job's own; whoever connects finds no server.
    Barred,
    /// As if there were no filter: for a program whose work it is to speak to a server.
    Allowed,
}

/// The filter of a job.
pub(super) fn filter(sockets: Sockets) -> Vec<sock_filter> {
    let mut filter = beginning(END).to_vec();
    for &number in BARRED {
        filter.extend(on(number, &[step(RETURN, END, 0, 0)]));
    }
    for &(number, error) in MISSING {
        filter.extend(on(number, &[refuse(error)]));
    }
    for number in [libc::SYS_clone, libc::SYS_unshare] {
        filter.extend(on(
            number,
            &[
                step(LOAD, argument(0), 0, 0),
                step(HAS, NAMESPACES, 0, 1),
                step(RETURN, END, 0, 0),
                step(RETURN, ALLOW, 0, 0),
            ],
        ));
    }
    for &(number, at, values) in BARRED_FOR {
        let mut steps = vec![step(LOAD, argument(at), 0, 0)];
        for &value in values {
            steps.extend([step(IS, value, 0, 1), step(RETURN, END, 0, 0)]);
        }
        steps.push(step(RETURN, ALLOW, 0, 0));
        filter.extend(on(number, &steps));
    }
    if sockets == Sockets::Barred {
        filter.extend(without_sockets());
    }
    filter.push(step(RETURN, ALLOW, 0, 0));
    filter
}

/// The C library asks nscd for users' names: it finds that there is none. A pair of streams takes no address later.
fn without_sockets() -> Vec<sock_filter> {
    const KIND: u32 = 0xf;
    let local = |kinds: &[i32]| {
        let mut steps = vec![
            step(LOAD, argument(0), 0, 0),
            step(IS, libc::AF_UNIX as u32, 1, 0),
            step(RETURN, END, 0, 0),
            step(LOAD, argument(1), 0, 0),
            step(KEEP, KIND, 0, 0),
        ];
        for &kind in kinds {
            steps.extend([step(IS, kind as u32, 0, 1), step(RETURN, ALLOW, 0, 0)]);
        }
        steps.push(step(RETURN, END, 0, 0));
        steps
    };
    let mut filter = on(libc::SYS_socket, &local(&[libc::SOCK_STREAM]));
    filter.extend(on(libc::SYS_socketpair, &local(&[libc::SOCK_STREAM, libc::SOCK_SEQPACKET])));
    filter.extend(on(libc::SYS_connect, &[refuse(libc::ENOENT)]));
    for number in [libc::SYS_bind, libc::SYS_listen] {
        filter.extend(on(number, &[step(RETURN, END, 0, 0)]));
    }
    filter
}

/// What is done at one call; the last of `steps` returns.
fn on(number: c_long, steps: &[sock_filter]) -> Vec<sock_filter> {
    let mut filter = vec![step(IS, number as u32, 0, steps.len() as u8)];
    filter.extend(steps);
    filter
}

fn refuse(error: i32) -> sock_filter {
    step(RETURN, libc::SECCOMP_RET_ERRNO | error as u32, 0, 0)
}
