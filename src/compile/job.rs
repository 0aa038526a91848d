//! One command on the files of one moment, with all that a grid has to know of it.

use std::path::{Path, PathBuf};

use super::checkout::Keys;
use crate::action::remote::Input;
use crate::base::digest::Digest;
use crate::base::lexical::lexical;
use crate::base::paths::PathName;
use crate::base::variable::Variable;
use crate::command::{Compile, Output, Role};
use crate::toolchain::Toolchain;

/// A compile or a link, ready to be looked up or run elsewhere.
#[derive(Debug)]
pub struct Job<'a> {
    /// The compiler's path and all arguments.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: &'a [Variable],
    /// The working directory, absolute, as the compiler would record it.
    pub directory: &'a str,
    /// What a successful run leaves, as the command names it.
    pub outputs: &'a [Output],
    /// Every file it reads.
    pub inputs: Vec<Input<'a>>,
    /// Whether the last of them is only Clang's `crtbegin.o`, which recc sends with what has absolute paths.
    pub ends_with_crtbegin: bool,
    /// Files that are not there yet, and their contents, which are in the local cache.
    pub predicted: &'a [(PathName, Digest)],
    /// What stands for all of it, compiler included: the keys of the local cache.
    pub keys: Keys,
    /// The compiler.
    pub toolchain: &'a Toolchain,
    /// The compile; `None` for a link.
    pub compile: Option<&'a Compile>,
    /// Whether it is a link.
    pub link: bool,
}

impl Job<'_> {
    /// What people call it: its first output.
    pub(crate) fn name(&self) -> &str {
        self.outputs.first().map_or("a command", |output| &output.path)
    }

    /// The depfile that the command asks for.
    pub(crate) fn depfile(&self) -> Option<&Output> {
        self.outputs.iter().find(|output| output.role == Role::Depfile)
    }

    /// Whether a folder will be there: something that it is taken to hold is not there yet, or it is to hold an output.
    pub(crate) fn is_predicted_folder(&self, folder: &str) -> bool {
        let holds = |path: &Path| path.starts_with(folder);
        self.predicted.iter().any(|(file, _)| holds(Path::new(file.as_str())))
            || self.outputs.iter().any(|output| holds(&self.absolute(&output.path)))
    }

    /// The absolute form of a path that the command names, as text.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        lexical(&Path::new(self.directory).join(path))
    }
}
