//! ELF: tells whether a program is one, and which dynamic loader it asks for.

/// What kind of program a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// An ELF program that loads nothing.
    Static,
    /// An ELF program and its `PT_INTERP`.
    Dynamic {
        /// The loader's path.
        loader: String,
    },
    /// A script (`#!`).
    Script,
    /// Something else, or a broken ELF file.
    Unknown,
}

const PT_INTERP: u64 = 3;

/// The kind of a program, from its first bytes (System V ABI, "ELF Header", "Program Header").
///
/// Little-endian files of both classes are understood; headers are taken to lie within `head`.
pub fn program(head: &[u8]) -> Program {
    match head {
        [b'#', b'!', ..] => Program::Script,
        [0x7f, b'E', b'L', b'F', class @ (1 | 2), 1, ..] => {
            elf(head, *class == 2).unwrap_or(Program::Unknown)
        }
        _ => Program::Unknown,
    }
}

fn elf(head: &[u8], wide: bool) -> Option<Program> {
    let word = if wide { 8 } else { 4 };
    let table = number(head, if wide { 32 } else { 28 }, word)?;
    let entry = number(head, if wide { 54 } else { 42 }, 2)?;
    let count = number(head, if wide { 56 } else { 44 }, 2)?;
    for n in 0..count {
        let at = table.checked_add(n * entry)?;
        if number(head, at, 4)? == PT_INTERP {
            let offset = number(head, at + if wide { 8 } else { 4 }, word)?;
            let size = number(head, at + if wide { 32 } else { 16 }, word)?;
            return loader(head, offset, size).map(|loader| Program::Dynamic { loader });
        }
    }
    Some(Program::Static)
}

fn loader(head: &[u8], offset: u64, size: u64) -> Option<String> {
    let end = usize::try_from(offset.checked_add(size)?).ok()?;
    let text = head.get(usize::try_from(offset).ok()?..end)?.strip_suffix(b"\0")?;
    String::from_utf8(text.to_vec()).ok()
}

fn number(head: &[u8], at: u64, len: usize) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = head.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_real_programs() {
        let dynamic = Program::Dynamic { loader: "/lib64/ld-linux-x86-64.so.2".to_owned() };
        assert_eq!(program(&std::fs::read("/usr/bin/gcc").expect("gcc")), dynamic);
        assert_eq!(program(&std::fs::read("/proc/self/exe").expect("this static test")), Program::Static);
        assert_eq!(program(b"#!/bin/sh\n"), Program::Script);
        assert_eq!(program(b""), Program::Unknown);
    }

    #[test]
    fn broken_headers_are_unknown() {
        let mut head = std::fs::read("/usr/bin/gcc").expect("gcc");
        for at in 32..64 {
            let kept = std::mem::replace(&mut head[at], 0xff);
            let _ = program(&head);
            head[at] = kept;
        }
        assert_eq!(program(&head[..60]), Program::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read_to_its_end(
            mut head in proptest::collection::vec(proptest::prelude::any::<u8>(), 6..200),
            class in 1_u8..3,
        ) {
            head.splice(0..6, [0x7f, b'E', b'L', b'F', class, 1]);
            let _ = program(&head);
        }
    }
}
