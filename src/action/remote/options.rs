//! The compiler options that recc rewrites or takes outputs from, and what it does with each.

/// What recc does with an option and, where it has one, its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Asks for a depfile.
    Depfile,
    /// Asks for notes of the coverage, next to the object.
    Coverage,
    /// Names those notes; recc leaves the path as it is.
    CoverageNotes,
    /// Names an output.
    Output,
    /// Names the depfile.
    DepfilePath,
    /// Names a target in the depfile: a path to rewrite.
    Target,
    /// Names a file or folder that is read.
    Path,
    /// The next word belongs to it, as it stands.
    Word,
    /// Asks for a `.dwo` next to the object.
    SplitDwarf,
    /// Words for the preprocessor.
    Preprocessor,
    /// A word for clang's own front end.
    FrontEnd,
}

/// Options of GCC and clang as recc 1.4.30 tells them apart: of the names a word begins with, the longest counts. All others it passes
/// on as they are.
const OPTIONS: &[(&str, Rule)] = &[
    ("--coverage", Rule::Coverage),
    ("--param", Rule::Word),
    ("--sysroot", Rule::Path),
    ("-D", Rule::Word),
    ("-I", Rule::Path),
    ("-MD", Rule::Depfile),
    ("-MF", Rule::DepfilePath),
    ("-MMD", Rule::Depfile),
    ("-MQ", Rule::Target),
    ("-MT", Rule::Target),
    ("-Qoption", Rule::Word),
    ("-Wp,", Rule::Preprocessor),
    ("-Xclang", Rule::FrontEnd),
    ("-Xpreprocessor", Rule::Preprocessor),
    ("-arch", Rule::Word),
    ("-fprofile-note", Rule::CoverageNotes),
    ("-ftest-coverage", Rule::Coverage),
    ("-gsplit-dwarf", Rule::SplitDwarf),
    ("-idirafter", Rule::Path),
    ("-imacros", Rule::Path),
    ("-include", Rule::Path),
    ("-iprefix", Rule::Path),
    ("-iquote", Rule::Path),
    ("-isysroot", Rule::Path),
    ("-isystem", Rule::Path),
    ("-o", Rule::Output),
    ("-target", Rule::Word),
    ("-x", Rule::Word),
    ("-z", Rule::Word),
];

/// Words that make the compiler tell of folders that are missing.
const NOISY: &[&str] = &["-Wmissing-include-dirs", "-Werror=missing-include-dirs"];

/// Suffixes of sources and of headers that recc takes as inputs of a compile.
const SOURCES: &[&str] = &["c", "C", "cc", "cp", "cpp", "CPP", "cxx", "c++"];
const HEADERS: &[&str] = &["h", "H", "hh", "hp", "hpp", "HPP", "hxx", "h++", "tcc"];

/// The option that `word` is or begins with, and what recc does with it.
pub(super) fn option(word: &str) -> Option<(&'static str, Rule)> {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    let exact = OPTIONS.iter().find(|(option, _)| *option == name);
    let longest = || {
        OPTIONS.iter().filter(|(option, _)| word.starts_with(option)).max_by_key(|(option, _)| option.len())
    };
    exact.or_else(longest).copied()
}

/// Whether `word` makes the compiler tell of folders that are missing.
pub(super) fn is_noisy(word: &str) -> bool {
    NOISY.contains(&word)
}

/// What the name of an input says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Compiled to an object.
    Code,
    /// Compiled to a `.gch`, unless `-o` says otherwise.
    Header,
}

/// What recc takes `path` for in a compile; `None` when it does not take it.
pub(super) fn source(path: &str) -> Option<Source> {
    let (_, suffix) = path.rsplit_once('.')?;
    if SOURCES.contains(&suffix) {
        Some(Source::Code)
    } else {
        HEADERS.contains(&suffix).then_some(Source::Header)
    }
}
