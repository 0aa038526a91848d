//! What all sessions share: what is known of files and compilers, the cached results, and the executor.

use std::path::Path;
use std::sync::Arc;

use super::Call;
use crate::backend::{Cache, Executor};
use crate::command::Language;
use crate::inputs::files::Files;
use crate::inputs::paths::{PathId, Paths};
use crate::inputs::search::SearchPath;
use crate::inputs::shape::{NumberedChain, Shapes};
use crate::inputs::toolchain::{Toolchain, ToolchainError, Toolchains};

/// Shared by every session of a companion.
pub struct Engine {
    /// Every path that is named anywhere, once.
    pub paths: Arc<Paths>,
    /// Digests and directives of files.
    pub files: Files,
    /// Shapes of dependency sets.
    pub shapes: Shapes,
    /// Compilers that were identified.
    pub toolchains: Toolchains,
    /// Results of compiles.
    pub cache: Cache,
    /// Runs launches.
    pub executor: Executor,
}

impl Engine {
    /// The compiler of a call as it is now; `path` is the `PATH` it looks its assembler up in.
    pub fn toolchain(&self, call: &Call, path: Option<&str>) -> Result<Arc<Toolchain>, ToolchainError> {
        self.toolchains.identify(Path::new(&call.compiler), &|name| match name {
            "PATH" => path.map(Into::into),
            name => call.variable(name).map(Into::into),
        })
    }

    /// The folders in which the call's compiler looks for headers.
    pub fn chain(&self, call: &Call, toolchain: &Toolchain) -> Result<NumberedChain, ToolchainError> {
        let search = &call.compile.search;
        let listed = |name: &str| -> Vec<String> {
            // An empty element means the working directory (GCC manual, "Environment Variables").
            let list = call.variable(name).map(|list| list.split(':').map(str::to_owned).collect());
            list.unwrap_or_default()
        };
        let of_language = match call.compile.language {
            Language::Cxx | Language::CxxPreprocessed => "CPLUS_INCLUDE_PATH",
            Language::ObjC => "OBJC_INCLUDE_PATH",
            Language::ObjCxx => "OBJCPLUS_INCLUDE_PATH",
            _ => "C_INCLUDE_PATH",
        };
        Ok(self.shapes.chain(SearchPath {
            directory: call.directory.clone(),
            quote: search.quote.clone(),
            include: [search.include.clone(), listed("CPATH")].concat(),
            system: [search.system.clone(), listed(of_language)].concat(),
            builtin: toolchain.builtin_dirs(&search.builtin_key)?.to_vec(),
            after: search.after.clone(),
            forced: search.forced.clone(),
        }))
    }

    /// The path that a command means by `name`.
    pub fn path(&self, call: &Call, name: &str) -> PathId {
        self.paths.intern(&crate::inputs::search::join(&call.directory, name))
    }
}
