//! What is wrong with a result on a grid.

use std::io;

use crate::cache::error::CacheError;
use crate::compile::ident::IdentError;
use crate::traced::observe::Unlearnt;

/// Why what a grid has cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A command leaves files.
    #[error("it has folders or links among its outputs")]
    NotFiles,
    /// A result has no standard output.
    #[error("it printed on its standard output")]
    Printed,
    /// It lacks an output of the command.
    #[error("it has no {0}")]
    Missing(String),
    /// It has a file that the command does not leave.
    #[error("it names {0:?}, which is no output of the command")]
    Undeclared(String),
    /// A file without content.
    #[error("a file of it has no digest")]
    NoDigest,
    /// A content's name that is none.
    #[error("{0:?} is no digest")]
    Digest(String),
    /// It is signed with another key.
    #[error("it was made by another compiler or from other files")]
    AnotherKey,
    /// Nobody vouches for it.
    #[error("it is not signed, and its action does not hold all that the command depends on")]
    Unsigned,
    /// Nobody vouches for a link.
    #[error("it is not signed, and its linker is unknown")]
    UnsignedLink,
    /// A compile without an object.
    #[error("it has no object")]
    NoObject,
    /// The cache has already lost its object again.
    #[error("its object has gone")]
    Gone,
    /// Nobody knows how an object of the compiler here is signed.
    #[error(transparent)]
    Ident(#[from] IdentError),
    /// Another compiler has signed its object.
    #[error("its object does not say that {0:?} made it, as the compiler here is")]
    AnotherCompiler(String),
    /// It was made in another folder.
    #[error("its debug information does not name the working directory")]
    Elsewhere,
    /// Its depfile is written here, and that failed.
    #[error("its depfile cannot be written: {0}")]
    Depfile(String),
    /// The command failed in a way that may be the worker's.
    #[error("the command ended with {status} there: {said}")]
    Failed {
        /// Its exit code.
        status: i32,
        /// The first line of its messages.
        said: String,
    },
    /// A traced command that has not seen there what it would see here.
    #[error(transparent)]
    Unlearnt(#[from] Unlearnt),
    /// Records that cannot be read.
    #[error("what was left there makes no sense: {0}")]
    Nonsense(String),
    /// Records that somebody else left.
    #[error("what was left there is none of ours")]
    NotOurs,
    /// Records cannot be packed.
    #[error(transparent)]
    Pack(#[from] io::Error),
    /// The local cache cannot take it.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A race without a winner.
    #[error("neither the grid nor this machine has run it")]
    NotRun,
    /// A race's other side came to nothing.
    #[error("{0}")]
    Here(String),
}
