//! The shared libraries that a shared library needs.

use std::fs;
use std::path::Path;

use object::elf::{DT_NEEDED, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, FileKind};

/// The names in its `DT_NEEDED` entries; `None` for what is no ELF file.
pub(super) fn needed(path: &Path) -> Option<Vec<String>> {
    let data = fs::read(path).ok()?;
    match FileKind::parse(data.as_slice()).ok()? {
        FileKind::Elf64 => names::<FileHeader64<Endianness>>(&data),
        FileKind::Elf32 => names::<FileHeader32<Endianness>>(&data),
        _ => None,
    }
}

fn names<H: FileHeader<Endian = Endianness>>(data: &[u8]) -> Option<Vec<String>> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, data).ok()?;
    let Some((entries, strings)) = sections.dynamic(endian, data).ok()? else { return Some(Vec::new()) };
    let strings = sections.strings(endian, data, strings).ok()?;
    let wanted = entries.iter().filter(|entry| entry.tag32(endian) == Some(DT_NEEDED));
    wanted
        .map(|entry| Some(String::from_utf8_lossy(entry.string(endian, strings).ok()?).into_owned()))
        .collect()
}
