//! Signals while a compiler runs under us: what comes for the shim alone goes on to the compiler.

use core::ffi::{c_int, c_void};
use core::mem::zeroed;
use core::ptr;
use core::sync::atomic::{AtomicI32, Ordering};

/// The signals that people, make and job schedulers send to end a compile, or to tell it something.
const FORWARDED: [c_int; 6] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];
/// What ends a process whose write fails: nobody reads the pipe, or the file is as long as may be.
const OF_WRITES: [c_int; 2] = [libc::SIGPIPE, libc::SIGXFSZ];
/// `si_code` of a signal from the terminal (`SI_KERNEL`): the whole foreground group has it already.
const FROM_TERMINAL: c_int = 0x80;

static CHILD: AtomicI32 = AtomicI32::new(0);

/// A set of signals that were blocked before.
#[derive(Clone, Copy)]
pub struct Mask(pub(super) libc::sigset_t);

/// Blocks every signal, and returns the mask that [`unblock`] puts back.
pub fn block() -> Mask {
    // SAFETY: both sets are writable `sigset_t`s, which all zeros are.
    unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (zeroed(), zeroed());
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        Mask(before)
    }
}

/// Puts a mask back; what was held is delivered now.
pub fn unblock(mask: &Mask) {
    // SAFETY: the mask is one that sigprocmask gave.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const mask.0, ptr::null_mut()) };
}

/// Returns whether this process inherited `SIGCHLD` ignored: then children leave no status to wait for.
pub fn children_are_ignored() -> bool {
    disposition(libc::SIGCHLD) == libc::SIG_IGN
}

/// Starts to forward signals. Those that the shim inherited ignored stay so, for the compiler too.
///
/// A broken pipe no longer ends the shim: the compiler is to learn of it first.
pub fn forward() {
    for signal in FORWARDED {
        handle(signal, on_signal as *const () as usize, libc::SA_SIGINFO);
    }
    survive_writes();
}

/// From now on a failing write is an error and no end of this process: of a pipe that nobody reads, and of a file beyond the
/// limit of its size.
pub fn survive_writes() {
    for signal in OF_WRITES {
        // Not SIG_IGN: that would reach the compiler through exec, a handler does not.
        handle(signal, on_nothing as *const () as usize, 0);
    }
}

/// Names the process that signals go to; 0 for none.
pub fn forward_to(child: c_int) {
    CHILD.store(child, Ordering::SeqCst);
}

/// Ends what [`forward`] started.
pub fn restore() {
    forward_to(0);
    for signal in FORWARDED.into_iter().chain(OF_WRITES) {
        if disposition(signal) != libc::SIG_IGN {
            set(signal, libc::SIG_DFL, 0);
        }
    }
}

/// Gives every signal its default action and blocks none, as a program started afresh has it.
pub fn default_all() {
    for signal in 1..=libc::SIGRTMAX() {
        set(signal, libc::SIG_DFL, 0);
    }
    // SAFETY: an empty set is a valid mask.
    unsafe {
        let mut none: libc::sigset_t = zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Ends this process by the signal, without a core file of its own; returns only where the signal does not kill.
pub fn die_by(signal: c_int) {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    set(signal, libc::SIG_DFL, 0);
    // SAFETY: plain system calls on this process; the set is a writable `sigset_t`.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        let mut only: libc::sigset_t = zeroed();
        libc::sigemptyset(&raw mut only);
        libc::sigaddset(&raw mut only, signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const only, ptr::null_mut());
        libc::kill(libc::getpid(), signal);
    }
}

fn handle(signal: c_int, handler: usize, flags: c_int) {
    if disposition(signal) != libc::SIG_IGN {
        set(signal, handler, flags);
    }
}

fn disposition(signal: c_int) -> usize {
    // SAFETY: all zeros are a valid `sigaction`, which is only filled here.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut action);
        action.sa_sigaction
    }
}

fn set(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: the handler is SIG_DFL or a function below with the signature its flags promise.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    let child = CHILD.load(Ordering::SeqCst);
    // SAFETY: the kernel passes a valid `siginfo_t`; kill may be called from a handler (signal-safety(7)).
    unsafe {
        if child > 0 && (*info).si_code != FROM_TERMINAL {
            libc::kill(child, signal);
        }
    }
}

extern "C" fn on_nothing(_signal: c_int) {}
