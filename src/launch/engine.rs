//! What all sessions share: what is known of files and compilers, the cached results, and the executor.

use std::path::Path;
use std::sync::Arc;

use super::Call;
use crate::backend::{Cache, Executor};
use crate::inputs::files::Files;
use crate::inputs::paths::{PathId, Paths};
use crate::inputs::search::{Chain, SearchPath};
use crate::inputs::toolchain::{Toolchain, ToolchainError, Toolchains};

/// Shared by every session of a companion.
pub struct Engine {
    /// Every path that is named anywhere, once.
    pub paths: Arc<Paths>,
    /// Digests and directives of files.
    pub files: Files,
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
    pub fn chain(&self, call: &Call, toolchain: &Toolchain) -> Result<Arc<Chain>, ToolchainError> {
        let search = &call.compile.search;
        let variable = |name: &str| call.variable(name).map(Into::into);
        let builtin = toolchain.builtin_dirs(&search.builtin_key, &variable)?;
        let path = SearchPath {
            quote: search.quote.clone(),
            include: search.include.clone(),
            system: search.system.clone(),
            after: search.after.clone(),
            builtin: builtin.to_vec(),
            forced: search.forced.clone(),
        };
        Ok(self.files.chain(&path, &call.directory, &call.environment))
    }

    /// The path that a command means by `name`.
    pub fn path(&self, call: &Call, name: &str) -> PathId {
        let mut name = name;
        while let Some(rest) = name.strip_prefix("./") {
            name = rest.trim_start_matches('/');
        }
        if name.starts_with('/') {
            self.paths.intern(name)
        } else {
            self.paths.intern(&format!("{}/{name}", call.directory.trim_end_matches('/')))
        }
    }
}
