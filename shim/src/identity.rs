//! How one spec-cc knows another: by an ELF note near the start of the file, the same in every copy and version.

use crate::sys::file;

/// What the note says. Never changes: an old spec-cc must know a new one.
const DESCRIPTION: [u8; 24] = *b"stands before a compiler";
/// How much of a file is looked at: linkers put notes before the code.
const HEAD: usize = 4096;

/// An ELF note (System V ABI, "Note Section"): sizes of name and description, a type, the two strings.
#[repr(C, align(4))]
pub struct Note {
    name_size: u32,
    description_size: u32,
    kind: u32,
    name: [u8; 8],
    description: [u8; 24],
}

impl Note {
    /// The note that the program carries.
    pub const OURS: Self = Self {
        name_size: 8,
        description_size: DESCRIPTION.len() as u32,
        kind: 1,
        name: *b"spec-cc\0",
        description: DESCRIPTION,
    };
}

/// Returns whether the file is spec-cc: this one, a link to it, a copy or another version.
pub fn is_spec_cc(path: &[u8]) -> bool {
    let Ok(candidate) = file::stat(path) else { return false };
    // The note says it too, but a program may be executable and not readable.
    let same = |own: file::Stat| (own.dev, own.ino) == (candidate.dev, candidate.ino);
    file::stat(b"/proc/self/exe").is_ok_and(same) || has_note(path)
}

fn has_note(path: &[u8]) -> bool {
    let mut head = [0; HEAD];
    let Ok(fd) = file::open(path, libc::O_RDONLY | libc::O_NOCTTY | libc::O_NONBLOCK, 0) else {
        return false;
    };
    let length = file::read(&fd, &mut head).unwrap_or(0);
    let head = head.get(..length).unwrap_or_default();
    head.starts_with(b"\x7fELF") && head.windows(DESCRIPTION.len()).any(|window| window == DESCRIPTION)
}
