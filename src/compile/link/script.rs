//! The files that a linker could take for `-lNAME`, and those that linker scripts name.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::LinkError;

/// Words of linker scripts that stand in place of libraries (GNU ld manual, "Commands Dealing with Files").
const WORDS: [&str; 6] = ["GROUP", "INPUT", "AS_NEEDED", "OUTPUT_FORMAT", "(", ")"];

/// The longest linker script in the place of a library, bytes.
const LONGEST: u64 = 16 << 10;

/// The folders in which a linker looks for libraries: those of its command, then its own.
pub(super) fn searched(command: &[String], own: &[String], here: &Path) -> Vec<PathBuf> {
    let said = command.iter().filter_map(|word| word.strip_prefix("-L").filter(|folder| !folder.is_empty()));
    said.chain(own.iter().map(String::as_str)).map(|folder| here.join(folder)).collect()
}

/// Every file that could be meant by a `-lNAME` of the linker's command: the linker takes one of them, and a new one among them
/// may change which.
pub(super) fn candidates(command: &[String], folders: &[PathBuf]) -> Result<Vec<String>, LinkError> {
    let mut found = Vec::new();
    for name in command.iter().filter_map(|word| word.strip_prefix("-l")) {
        let files = match name.strip_prefix(':') {
            Some(file) => vec![file.to_owned()],
            None => vec![format!("lib{name}.so"), format!("lib{name}.a")],
        };
        for folder in folders {
            let there = files.iter().map(|file| folder.join(file)).filter(|path| path.is_file());
            for path in there {
                found.push(path.into_os_string().into_string().map_err(|_| LinkError::NotUtf8)?);
            }
        }
    }
    Ok(found)
}

/// The files that a linker script names by absolute paths; none for a library or object.
///
/// An error for what is neither, and for names that are looked for in folders and not known otherwise.
pub(super) fn named(path: &Path, folders: &[PathBuf]) -> Result<Vec<String>, LinkError> {
    let Some(text) = script(path) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let text = without_comments(&text).replace('(', " ( ").replace(')', " ) ").replace(',', " ");
    let mut format = false;
    for word in text.split_whitespace() {
        if format {
            format = word != ")";
            continue;
        }
        format = word == "OUTPUT_FORMAT";
        match word {
            word if WORDS.contains(&word) => {}
            word if word.starts_with('/') && Path::new(word).is_file() => files.push(word.to_owned()),
            // Linked with every program, and so among the command's own.
            "-lgcc" => {}
            // Beside the script or somewhere in the search path: any of those counts.
            word if word.starts_with("lib") && !word.contains('/') => {
                let beside = path.parent().into_iter().chain(folders.iter().map(PathBuf::as_path));
                let there = beside.map(|folder| folder.join(word)).filter(|path| path.is_file());
                files.extend(there.map(|path| path.display().to_string()));
            }
            _ => return Err(LinkError::Script { path: path.to_owned(), word: word.to_owned() }),
        }
    }
    Ok(files)
}

/// The text of what is no object, archive or library.
fn script(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > LONGEST {
        return None;
    }
    let content = fs::read(path).ok()?;
    let binary = content.starts_with(b"\x7fELF") || content.starts_with(b"!<arch>") || content.contains(&0);
    (!binary).then(|| String::from_utf8_lossy(&content).into_owned())
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_names_files_that_are_there_or_is_refused(
            text in "(GROUP|INPUT|AS_NEEDED|OUTPUT_FORMAT|/\\*|\\*/|[(), \n]|libc\\.so|/etc/passwd|-lgcc|\\PC{0,4}){0,30}",
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("libx.so");
            fs::write(&path, text).unwrap();
            let files = named(&path, &[folder.path().to_owned()]).unwrap_or_default();
            proptest::prop_assert!(files.iter().all(|file| Path::new(file).is_file()));
        }
    }
}
