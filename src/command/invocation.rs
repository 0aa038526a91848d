//! A compiler command as it was asked for, and what it was understood to be.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::{Family, Language, Reason};

/// A command as the build system issued it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The compiler, as named or as found.
    pub compiler: PathBuf,
    /// Its arguments, without `argv[0]`.
    pub args: Vec<OsString>,
    /// The directory it runs in.
    pub cwd: PathBuf,
}

/// How a command is to be treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A compile of one source whose inputs and outputs are all accounted for.
    Compile(Box<Compile>),
    /// Anything else: run it as it is, locally, and do not cache it.
    Bypass(Bypass),
}

/// A command that is run as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass {
    /// What the command was about to do.
    pub kind: Kind,
    /// Why it is not taken further.
    pub reason: Reason,
}

/// What a command does, for the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sources to objects.
    Compile,
    /// Anything to a program or shared library.
    Link,
    /// Objects to an archive.
    Archive,
    /// `-E`, `-M`, `-MM`.
    Preprocess,
    /// `-S`.
    Assemble,
    /// A configure test, or a question about the compiler itself (`--version`, `-print-…`).
    Probe,
    /// None of these.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compile => "compile",
            Self::Link => "link",
            Self::Archive => "archive",
            Self::Preprocess => "preprocess",
            Self::Assemble => "assembly",
            Self::Probe => "probe",
            Self::Other => "other",
        })
    }
}

/// One source to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compile {
    /// The option syntax the arguments are written in.
    pub family: Family,
    /// The arguments without `argv[0]`, response files expanded.
    pub args: Vec<String>,
    /// What the source is compiled as.
    pub language: Language,
    /// The source as written, relative to the working directory or absolute.
    pub source: String,
    /// What the compiler leaves behind, the object first; paths as it would write them.
    pub outputs: Vec<Output>,
    /// The depfile, if the command asks for one that lists what is read.
    pub depfile: Option<DepRequest>,
    /// Where headers are looked for.
    pub search: Search,
    /// Other files that options name and the compiler reads (`-fsanitize-ignorelist=`).
    pub named_inputs: Vec<String>,
    /// The macros that its arguments define, as a source would.
    pub macros: String,
    /// `-gsplit-dwarf`: the object names its `.dwo` file by path.
    pub debug_split: bool,
}

impl Compile {
    /// Returns the path of the object.
    pub fn object(&self) -> &str {
        self.outputs.first().map_or("", |output| &output.path)
    }
}

/// A file that the compiler writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Output {
    /// As the compiler would write it, relative to the working directory or absolute.
    pub path: String,
    /// What it is.
    pub role: Role,
    /// Whether a successful compile may leave it unwritten.
    pub optional: bool,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `.o`
    Object,
    /// `.d`
    Depfile,
    /// `.dwo`, of `-gsplit-dwarf`
    Dwo,
    /// `.gcno`, of `-ftest-coverage`
    Gcno,
    /// `.su`, of `-fstack-usage`
    StackUsage,
    /// `.ci`, of `-fcallgraph-info`
    CallGraph,
    /// A program or shared library
    Program,
}

/// A depfile that the command itself asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepRequest {
    /// Where it is written.
    pub path: String,
    /// Whether it lists system headers too (`-MD`, not `-MMD`): only then is it the full set.
    pub system_headers: bool,
}

/// The directories and files that options add to the search for headers, each list in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// `-iquote`
    pub quote: Vec<String>,
    /// `-I`
    pub include: Vec<String>,
    /// `-isystem`
    pub system: Vec<String>,
    /// `-idirafter`
    pub after: Vec<String>,
    /// `-imacros` and `-include`, as written
    pub forced: Vec<String>,
    /// `-nostdinc`: no built-in directories.
    pub nostdinc: bool,
    /// The arguments that select the compiler's built-in directories, `-x LANGUAGE` first.
    pub builtin_key: Vec<String>,
}
