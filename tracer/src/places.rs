//! Places of the kernel's and of devices: which of them cannot change what a compile gives.

/// What a path below `/proc`, `/sys` or `/dev` is to a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A file like any other.
    Ordinary,
    /// It may be used at will.
    Harmless,
    /// It may be asked for, but not read.
    Doubtful,
}

/// Seen in traces of GCC, Clang, the binutils, make, shells and the C library: what a program asks to know its own name, how
/// much memory or how many processors there are, and for random names.
const HARMLESS: [&str; 21] = [
    "/dev/full",
    "/dev/null",
    "/dev/random",
    "/dev/stderr",
    "/dev/stdout",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
    "/proc",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/self",
    "/proc/self/exe",
    "/proc/self/fd",
    "/proc/self/maps",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/cpu/online",
    "/sys/kernel/mm/transparent_hugepage/enabled",
];

/// Returns what an absolute path is.
pub(super) fn place(path: &[u8]) -> Place {
    let below = |folder: &[u8]| {
        path.strip_prefix(folder).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    };
    if ![b"/proc".as_slice(), b"/sys", b"/dev"].into_iter().any(below) {
        return Place::Ordinary;
    }
    let path = path.strip_suffix(b"/").unwrap_or(path);
    if HARMLESS.iter().any(|known| known.as_bytes() == path) { Place::Harmless } else { Place::Doubtful }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_places_are_harmless() {
        assert_eq!(place(b"/usr/include/stdio.h"), Place::Ordinary);
        assert_eq!(place(b"/process/x"), Place::Ordinary);
        assert_eq!(place(b"/dev/null"), Place::Harmless);
        assert_eq!(place(b"/proc/self/fd/"), Place::Harmless);
        assert_eq!(place(b"/proc/self/fd/0"), Place::Doubtful);
        assert_eq!(place(b"/dev/null/../shm/x"), Place::Doubtful);
        assert_eq!(place(b"/proc/cpuinfo"), Place::Doubtful);
        assert_eq!(place(b"/dev/stdin"), Place::Doubtful);
    }
}
