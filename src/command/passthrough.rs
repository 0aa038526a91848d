//! Arguments that the driver hands on to the programs behind it (`-Wa,` `-Wp,` `-X…`): the few that are harmless.

/// A `-Wp,` argument, as far as it is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preprocessor<'a> {
    /// `-D` and `-U` only.
    Macros,
    /// `-Wp,-MD,FILE` or, without system headers, `-Wp,-MMD,FILE`.
    Depfile { path: &'a str, system_headers: bool },
    /// Anything else.
    Other,
}

/// Returns what the comma-separated `value` of `-Wp,` asks for.
///
/// The depfile form has exactly two parts: clang ignores a third, GCC does not.
pub(super) fn preprocessor(value: &str) -> Preprocessor<'_> {
    match value.split(',').collect::<Vec<_>>().as_slice() {
        ["-MD", path] if !path.is_empty() => Preprocessor::Depfile { path, system_headers: true },
        ["-MMD", path] if !path.is_empty() => Preprocessor::Depfile { path, system_headers: false },
        words if words.iter().all(|word| is_macro(word)) => Preprocessor::Macros,
        _ => Preprocessor::Other,
    }
}

/// Returns whether `word` after `-Xpreprocessor` or in `-Wp,` defines or undefines a macro, or is plain `-fopenmp`.
pub(super) fn is_macro(word: &str) -> bool {
    word == "-fopenmp" || (word.len() > 2 && (word.starts_with("-D") || word.starts_with("-U")))
}

/// Returns whether all of the comma-separated `value` of `-Wa,` neither reads nor writes a file.
pub(super) fn is_assembler_safe(value: &str) -> bool {
    value.split(',').all(is_assembler_word_safe)
}

/// Returns whether one word for the assembler neither reads nor writes a file (binutils manual, "Command-Line Options").
pub(super) fn is_assembler_word_safe(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "--noexecstack",
        "--execstack",
        "--fatal-warnings",
        "--no-warn",
        "--warn",
        "-W",
        "--32",
        "--64",
        "--x32",
        "--divide",
        "--compress-debug-sections",
        "--nocompress-debug-sections",
        "-mbig-obj",
        "-mbranches-within-32B-boundaries",
        "-mlong",
        "-mregnames",
        "-mrelax",
        "-mno-relax",
        "-many",
        "-L",
        "--keep-locals",
    ];
    const PREFIXES: &[&str] = &[
        "--compress-debug-sections=",
        "--generate-missing-build-notes=",
        "--elf-stt-common=",
        "-mrelax-relocations=",
        "-mx86-used-note=",
        "-march=",
        "-mtune=",
        "-mcpu=",
        "-mfpu=",
        "-mfloat-abi=",
        "-mimplicit-it=",
        "-malign-branch=",
        "-malign-branch-boundary=",
        "-mabi=",
    ];
    WORDS.contains(&word)
        || PREFIXES.iter().any(|prefix| word.starts_with(prefix) && !word.ends_with("=native"))
}

/// Returns whether a word after `-Xclang` neither reads nor writes a file, and takes no further word.
pub(super) fn is_frontend_word_safe(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "-fno-pch-timestamp",
        "-fuse-ctor-homing",
        "-disable-llvm-passes",
        "-disable-O0-optnone",
        "-opaque-pointers",
        "-no-opaque-pointers",
        "-fcolor-diagnostics",
        "-fexperimental-assignment-tracking",
        "-debug-info-kind=constructor",
    ];
    WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preprocessor_arguments() {
        let dep = |path, system_headers| Preprocessor::Depfile { path, system_headers };
        assert_eq!(preprocessor("-MD,x/.y.o.d"), dep("x/.y.o.d", true));
        assert_eq!(preprocessor("-MMD,y.d"), dep("y.d", false));
        assert_eq!(preprocessor("-D_FORTIFY_SOURCE=2,-UX"), Preprocessor::Macros);
        for odd in ["", "-MD", "-MD,", "-MD,a,-MP", "-Ifoo", "-D,X", "-include,x", "-D_A,-MD,x"] {
            assert_eq!(preprocessor(odd), Preprocessor::Other, "{odd}");
        }
    }

    #[test]
    fn assembler_arguments() {
        assert!(is_assembler_safe("--noexecstack,-mrelax-relocations=no"));
        for odd in
            ["", "-ahls=x", "-I,dir", "-Idir", "--MD,x", "--noexecstack,-a", "-march=native", "@file", "-o,x"]
        {
            assert!(!is_assembler_safe(odd), "{odd}");
        }
    }
}
