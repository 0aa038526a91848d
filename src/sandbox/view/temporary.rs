//! The temporary folder: programs make files in it by names of chance, so each job has it to itself.

use std::path::{Path, PathBuf};

/// Where something is mounted below `folder`, the outermost alone; nothing where the kernel does not tell.
pub(super) fn mounts_below(folder: &Path) -> Vec<PathBuf> {
    // proc(5), `/proc/PID/mountinfo`: the fifth field, with an octal number for each blank and backslash.
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let points =
        table.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let mut below: Vec<PathBuf> =
        points.map(unescaped).filter(|point| point != folder && point.starts_with(folder)).collect();
    below.sort_unstable();
    below.dedup_by(|inner, outer| inner.starts_with(&*outer));
    below
}

fn unescaped(text: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) if first == b'\\' => {
                bytes.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_in_the_table_are_read() {
        assert_eq!(unescaped(br"/a\040b\134c"), Path::new(r"/a b\c"));
        assert_eq!(unescaped(br"/a\b"), Path::new(r"/a\b"));
    }
}
