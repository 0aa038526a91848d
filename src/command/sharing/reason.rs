//! Why a result stays in its checkout, in words.

/// Why two checkouts cannot share the result of a compile. Its `Display` is one line for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unshared {
    /// The project root, or what lies below it, is not what checkouts are.
    #[error("the project root holds the compiler, or has no plain name")]
    Root,
    /// A variable has the root in it, or makes the compiler look relative to the working directory.
    #[error("the variable {0} names the checkout")]
    Variable(String),
    /// An option is not known to keep the folder out of the object.
    #[error("{0} is not known to keep the folder out of the object")]
    Option(String),
    /// An option has the root in it.
    #[error("{0} names the checkout")]
    Mentioned(String),
    /// A prefix map that is not understood, or leads back to the root.
    #[error("{0} does not map the project root as a whole")]
    Map(String),
    /// Debug information names the working directory.
    #[error("debug information names the working directory: add -ffile-prefix-map=ROOT=.")]
    Directory,
    /// A path is spelled absolutely, and nothing maps it.
    #[error("{0} is spelled absolutely: use relative paths, or add -ffile-prefix-map=ROOT=.")]
    Spelled(String),
    /// GCC writes the shorter of two names for headers there.
    #[error("GCC may spell headers in {0} by another name: add -fno-canonical-system-headers")]
    SystemFolder(String),
    /// Not a compile.
    #[error("links are not shared")]
    Link,
    /// An output that names what it is made of.
    #[error("{0} names the folder it was made in")]
    Output(String),
    /// Maps are not known to do for this language or for such a root.
    #[error("prefix maps are not known to do for this language, or for a root of this name")]
    Language,
    /// A file of the dependency set.
    #[error("{file} {why}")]
    File {
        /// Its path.
        file: String,
        /// What is wrong with it.
        why: &'static str,
    },
}
