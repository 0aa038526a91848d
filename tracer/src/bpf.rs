//! The instructions of seccomp's filters (`seccomp(2)`, linux/filter.h), and what all of ours begin with.

use libc::sock_filter;

/// The number of this machine in `seccomp_data.arch` (linux/audit.h).
pub const ARCHITECTURE: u32 = {
    const X86_64: u32 = 0xc000_003e;
    const AARCH64: u32 = 0xc000_00b7;
    if cfg!(target_arch = "x86_64") { X86_64 } else { AARCH64 }
};

/// Calls from here on are those of x32, another way to call the same kernel (asm/unistd.h, `__X32_SYSCALL_BIT`).
const X32: u32 = 0x4000_0000;

/// Offsets in `struct seccomp_data` (linux/seccomp.h).
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// Loads a word of what is said of the call.
pub const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
/// Goes on by whether the word is this.
pub const IS: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
/// Goes on by whether the word has one of these bits.
pub const HAS: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
/// Leaves these bits of the word.
pub const KEEP: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
/// Ends the filter: what is done about the call.
pub const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
/// Goes on by whether the word is this or more.
pub const IS_FROM: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;

/// The offset of an argument's lower half, on a machine that stores this half first.
pub const fn argument(at: u32) -> u32 {
    16 + at * 8
}

/// One instruction; `yes` and `no` are how many to skip.
pub const fn step(code: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: code as u16, jt: yes, jf: no, k: value }
}

/// Leaves the call's number to be compared; a call of another machine's returns `foreign`.
pub const fn beginning(foreign: u32) -> [sock_filter; 6] {
    [
        step(LOAD, ARCH, 0, 0),
        step(IS, ARCHITECTURE, 1, 0),
        step(RETURN, foreign, 0, 0),
        step(LOAD, NUMBER, 0, 0),
        step(IS_FROM, X32, 0, 1),
        step(RETURN, foreign, 0, 0),
    ]
}
