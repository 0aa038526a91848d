//! Why a command is bypassed, in words.

use std::fmt;

/// Why a command is run as it is. Its `Display` is one line for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An option of the table that rules out caching.
    Option {
        /// As written.
        option: String,
        /// What is wrong with it.
        why: Why,
    },
    /// An option that the table does not have.
    Unknown(String),
    /// An option at the end that wants an argument, or has an empty one.
    MissingArgument(String),
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: Why,
    },
    /// Not `-c`.
    NotACompile,
    /// No source among the arguments.
    NoSource,
    /// More than one input among the arguments.
    SeveralInputs(usize),
    /// The source is `-`.
    StandardInput,
    /// The suffix or `-x` of this source names nothing that compiles to an object here.
    NotASource(String),
    /// An output that is no ordinary file, or that another output or the source collides with.
    OddOutput(String),
    /// Depfile options that contradict each other, or that no depfile goes with.
    OddDepfile(String),
    /// Arguments that are not UTF-8.
    NotUtf8,
    /// A response file that compilers split differently.
    OddResponseFile(String),
    /// A source that Clang itself assembles: it does not say which files that reads.
    Assembled(String),
    /// A configure test, which is compiled once and differs every time.
    ConfigureTest(String),
}

/// What an option does that rules out caching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Plugins, wrappers, other compilers.
    RunsCode,
    /// Inputs beyond the dependency set.
    ReadsFiles,
    /// Outputs that cannot be named beforehand.
    WritesFiles,
    /// `-march=native` and the like.
    ThisMachine,
    /// Timings, memory, temporary names in the compiler's messages.
    Reports,
    /// Compiled modules and precompiled headers.
    Modules,
    /// Arguments for another program that are not known to be harmless.
    PassesOn,
    /// A source text that directives cannot be read from.
    SourceText,
    /// A question about the compiler itself.
    Query,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::RunsCode => "runs code that spec-cc cannot see",
            Self::ReadsFiles => "reads files that spec-cc cannot list",
            Self::WritesFiles => "writes files that spec-cc cannot name",
            Self::ThisMachine => "depends on the processor of the machine that compiles",
            Self::Reports => "makes the compiler report on itself, differently each time",
            Self::Modules => "uses modules or precompiled headers, which spec-cc does not follow",
            Self::PassesOn => "passes something to another program that is not known to be harmless",
            Self::SourceText => "changes how the source text is read",
            Self::Query => "asks the compiler about itself",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { option, why } => write!(f, "{option} {}", why.text()),
            Self::Unknown(option) => write!(f, "{option} is not an option that spec-cc knows"),
            Self::MissingArgument(option) => write!(f, "{option} lacks its argument"),
            Self::Environment { name, why } => write!(f, "the variable {name} {}", why.text()),
            Self::NotACompile => f.write_str("not a compile to an object (no -c)"),
            Self::NoSource => f.write_str("no source file is named"),
            Self::SeveralInputs(count) => write!(f, "{count} input files are named, not one"),
            Self::StandardInput => f.write_str("the source comes from standard input"),
            Self::NotASource(source) => {
                write!(f, "{source} is not a source in a language that spec-cc compiles")
            }
            Self::OddOutput(path) => write!(f, "the output {path} is not an ordinary file of its own"),
            Self::OddDepfile(option) => write!(f, "{option} does not name one depfile clearly"),
            Self::NotUtf8 => f.write_str("an argument is not UTF-8"),
            Self::OddResponseFile(path) => {
                write!(
                    f,
                    "@{path} is quoted in a way that compilers read differently, or is no ordinary file"
                )
            }
            Self::Assembled(source) => {
                write!(f, "{source} is assembled by Clang itself, which does not list what that reads")
            }
            Self::ConfigureTest(source) => write!(f, "{source} is a configure test"),
        }
    }
}
