//! Why a command has no action that a server could be sent.

/// Why there is no action for a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRemote {
    /// Neither `-c` nor, where links are sent (`RECC_LINK`), a link.
    #[error("recc sends compiles only")]
    NotACompile,
    /// An option of the linker's whose files recc does not follow.
    #[error("recc does not send commands with {0}")]
    Option(String),
    /// An option whose argument is missing: recc crashes.
    #[error("{0} has no argument")]
    MissingArgument(String),
    /// `-Ia=b`: recc would send `-I=b`.
    #[error("recc would garble {0}")]
    Garbled(String),
    /// A name that recc does not take for an input: by its suffix, or as the argument of an option it does not know.
    #[error("recc does not take {0:?} as an input")]
    Input(String),
    /// An input that the settings keep from a server (`INVALID_INPUT_PATHS_REGEX`).
    #[error("{0:?} matches RECC_INVALID_INPUT_PATHS_REGEX")]
    InvalidInput(String),
    /// `@FILE`: recc sends a rewritten copy of the file.
    #[error("response file {0}")]
    ResponseFile(String),
    /// An output without a name.
    #[error("an output has no name")]
    NamelessOutput,
    /// An output outside of the project root.
    #[error("the output {0} is outside of the project root")]
    OutputOutside(String),
    /// A path that leads above `/`.
    #[error("a path leads too far up from the working directory")]
    TooFarUp,
    /// A setting of recc that spec-cc does not follow.
    #[error("RECC_{0} is set")]
    Setting(&'static str),
    /// A library that recc does not find or cannot read, a thin archive for one.
    #[error("recc cannot follow the library {0}")]
    Library(String),
}
