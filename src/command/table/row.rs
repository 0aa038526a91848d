//! The rows of the option table: how an option is written, and what it does.

use crate::command::{Role, Why};

/// One option.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) who: Who,
    pub(crate) effect: Effect,
}

/// A row of the table. A longer name wins over a shorter one that also fits, a whole word over any prefix.
pub(crate) const fn row(name: &'static str, shape: Shape, who: Who, effect: Effect) -> Row {
    Row { name, shape, who, effect }
}

/// How an option's argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No argument.
    Bare,
    /// `-fname=VALUE`, `-WVALUE`: what follows the name in the same word, maybe nothing.
    Joined,
    /// `-o VALUE` only.
    Separate,
    /// `-I VALUE` or `-IVALUE`.
    Either,
}

/// Whose option it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Both,
    Gcc,
    Clang,
}

/// What an option does, as far as files are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A file name, not an option.
    Input,
    /// Not in the table.
    Unknown,
    /// Its argument is missing.
    Missing,
    /// No file is touched.
    Passes,
    /// As `Passes`, but the output that another option adds may not be written.
    MayOmit,
    /// May select other built-in directories.
    Directories,
    /// Selects a processor, and with it maybe built-in directories.
    Processor,
    /// No built-in directories.
    NoStdinc,
    /// Adds a directory to the header search.
    Search(Place),
    /// Reads a header ahead of the source.
    Forced,
    /// Names a file that is read.
    Names,
    /// Names the object.
    Object,
    /// Depfile options.
    Dep(Dep),
    /// What the compiler is to do.
    Mode(Mode),
    /// `-x`
    Language,
    /// Writes one more file.
    Adds(Role),
    /// `-Wa,`
    Assembler,
    /// `-Wp,`
    Preprocessor,
    /// `-Xassembler`
    AssemblerWord,
    /// `-Xpreprocessor`
    PreprocessorWord,
    /// `-Xclang`
    FrontendWord,
    /// Rules out caching.
    Refuse(Why),
}

/// The list that a directory is added to (GCC manual, "Directory Options").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Quote,
    Include,
    System,
    After,
}

/// The depfile options (GCC manual, "Preprocessor Options").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dep {
    /// `-MD`
    All,
    /// `-MMD`
    User,
    /// `-MF`
    File,
    /// `-MT`, `-MQ`, `-MP`: what is written, not where.
    Content,
}

/// What the compiler is told to do, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// `--version`, `-print-…`
    Query,
    /// `-E`, `-M`, `-MM`
    Preprocess,
    /// `-fsyntax-only`
    Check,
    /// `-S`
    Assemble,
    /// `-c`
    Compile,
}
