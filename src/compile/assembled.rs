//! What an assembler lists: the files that it has read, `.incbin` ones too, and names that it was only told of.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::call::Call;
use super::engine::Engine;
use super::predict::Predicted;
use crate::base::paths::PathId;
use crate::command::Language;
use crate::compile::not_kept::NotKept;
use crate::inputs::depfile;

/// Checks that the assembler read nothing but what is accounted for: it lists `.incbin` files, and no other list does. `includes` says
/// whether there may be such a directive in the sources.
///
/// It also lists what the compiler gave it, a temporary file, and the name in a `.file` directive, which it does not read: GCC's is the
/// source's without its folder, also of what was preprocessed or assembled before. No other file may be passed over because it is not there:
/// the build goes on meanwhile, and may have removed what was included.
pub(super) fn check(
    engine: &Engine,
    call: &Call,
    (set, predicted): (&[PathId], &[Predicted]),
    list: &[u8],
    includes: bool,
) -> Result<(), NotKept> {
    let read = depfile::parse(list).map_err(|error| NotKept::Unaccountable(error.to_string()))?;
    let source = &call.compile.source;
    let is_source = |path: &Path| is_same_file(path, &call.absolute(source));
    let is_known = |file: &str| {
        let path = call.absolute(file);
        let is_gone =
            || !path.exists() && (!includes || is_temporary(&read, file) || is_called(source, file));
        set.contains(&engine.path(call, file))
            || is_source(&path)
            || is_gone()
            || !includes && is_told(engine, call, predicted, file)
    };
    match read.iter().find(|file| !is_known(file)) {
        Some(file) => Err(NotKept::Unaccountable(format!("the assembler reads {file}"))),
        None => Ok(()),
    }
}

/// Whether the compiler has made this file for the assembler: it is what that is given, and listed last (`register_dependency` of gas puts
/// each name before the others), and named as GCC names its own.
fn is_temporary(read: &[String], file: &str) -> bool {
    let own = |name: &str| name.strip_prefix("cc")?.strip_suffix(".s").map(|middle| middle.len() == 6);
    let name = file.strip_prefix('/').and_then(|path| path.rsplit('/').next());
    read.last().is_some_and(|last| last == file) && name.and_then(own) == Some(true)
}

/// Whether a `.file` directive may name this file: the source is called so, or says that it was made of such a file.
fn is_told(engine: &Engine, call: &Call, predicted: &[Predicted], file: &str) -> bool {
    let source = &call.compile.source;
    if is_called(source, file) {
        return true;
    }
    let made = matches!(
        call.compile.language,
        Language::Asm | Language::AsmCpp | Language::CPreprocessed | Language::CxxPreprocessed
    );
    let id = engine.path(call, source);
    let path = match predicted.iter().find(|one| one.path == id) {
        Some(one) => engine.cache.blobs.path(&one.content),
        None => call.absolute(source),
    };
    made && fs::read(path).is_ok_and(|text| is_made_of(&text, file))
}

/// Whether a text that was preprocessed or assembled names a file in a line marker or a `.file` directive.
fn is_made_of(text: &[u8], file: &str) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_start();
        let named = || line.split('"').nth(1).is_some_and(|path| is_called(path, file));
        (line.starts_with('#') || line.starts_with(".file")) && named()
    })
}

/// Whether that is a path's name, with its folder or without.
fn is_called(path: &str, name: &str) -> bool {
    path == name || path.rsplit('/').next() == Some(name)
}

/// Whether two paths, such as `./a.c` and `a.c`, lead to one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    number(one).is_some_and(|one| Some(one) == number(other))
}

#[cfg(test)]
mod tests {
    use super::{is_made_of, is_temporary};

    #[test]
    fn what_gcc_gives_the_assembler_is_known_by_its_name_and_place() {
        let is = |files: &[&str], file| {
            is_temporary(&files.iter().map(ToString::to_string).collect::<Vec<_>>(), file)
        };
        assert!(is(&["blob.bin", "x.c", "/tmp/cc4tKS0X.s"], "/tmp/cc4tKS0X.s"));
        assert!(!is(&["blob.bin", "x.c", "/tmp/cc4tKS0X.s"], "blob.bin"));
        assert!(!is(&["/tmp/cc4tKS0X.s", "y.s"], "/tmp/cc4tKS0X.s"), "included");
        assert!(!is(&["ccconfig.s"], "ccconfig.s"), "beside the source");
        assert!(!is(&["/tmp/blob.s"], "/tmp/blob.s"));
    }

    #[test]
    fn markers_and_file_directives_name_what_a_text_was_made_of() {
        let names = |text: &str| is_made_of(text.as_bytes(), "a.c");
        assert!(names("\t.file\t\"a.c\"\n"));
        assert!(names(".text\n# 1 \"sub/a.c\" 1\n"));
        assert!(!names(".ascii \"a.c\"\n.file \"b.c\"\n# 1 \"ba.c\"\n"));
    }
}
