//! recc's configuration files: which they are, and how a line is read.
//!
//! As recc 1.4.30 was seen to do it: `recc.conf` in each of four folders, every one read, the later winning. A line that
//! is empty or begins with `#` or white space is skipped; nothing is trimmed. Names are in any case; of a platform
//! property or a variable the prefix alone is, the key stays as written.

use std::path::{Path, PathBuf};

/// The folder of the system's file. Distributions build recc for `/usr`, and it reads `/usr/../etc/recc`.
const SYSTEM: &str = "/etc/recc/recc.conf";

/// Prefixes of names whose keys keep their case. recc does not know `compile_` and `link_` ones here: they end in capitals.
const KEYED: [&str; 3] = ["REMOTE_PLATFORM_", "DEPS_ENV_", "REMOTE_ENV_"];

/// The files recc reads for a command in `directory`, the later winning over the earlier.
///
/// `home` is `$HOME`, `configured` `$RECC_CONFIG_DIRECTORY`.
pub(super) fn files(directory: &Path, home: Option<&str>, configured: Option<&str>) -> Vec<PathBuf> {
    let named = |folder: Option<&str>, below: &str| {
        folder.filter(|folder| !folder.is_empty()).map(|folder| directory.join(folder).join(below))
    };
    [
        Some(PathBuf::from(SYSTEM)),
        named(home, ".recc/recc.conf"),
        named(configured, "recc.conf"),
        Some(directory.join("recc/recc.conf")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every setting of a file: the number of its line, its name as the variable less `RECC_`, and its value.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, String, &str)> {
    text.split('\n').enumerate().filter_map(|(number, line)| {
        if line.starts_with(|first: char| first == '#' || first.is_ascii_whitespace()) {
            return None;
        }
        let (name, value) = line.split_once('=')?;
        Some((number + 1, variable(name), value))
    })
}

fn variable(name: &str) -> String {
    let capitals = name.to_ascii_uppercase();
    match KEYED.iter().find(|prefix| capitals.starts_with(**prefix)) {
        Some(prefix) => format!("{prefix}{}", &name[prefix.len()..]),
        None => capitals,
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_are_read_as_recc_reads_them() {
        let text = "# c\n\n server=led by a blank\nserver=http://x:1 \nRemote_Platform_OSFamily=a=b\n\
                    compile_remote_platform_Isa=x\nnothing\nserver = http://y\n";
        let read: Vec<_> = lines(text).collect();
        let expected = [
            (4, "SERVER", "http://x:1 "),
            (5, "REMOTE_PLATFORM_OSFamily", "a=b"),
            (6, "COMPILE_REMOTE_PLATFORM_ISA", "x"),
            (8, "SERVER ", " http://y"),
        ];
        assert_eq!(read, expected.map(|(line, name, value)| (line, name.to_owned(), value)));
    }
}
