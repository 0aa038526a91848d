//! What all sessions share: what is known of files and compilers, the cached results, and the executor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::call::Call;
use super::ident::Idents;
use super::scans::Scans;
use super::site::Context;
use crate::action::Folders;
use crate::base::paths::{PathId, Paths};
use crate::cache::Cache;
use crate::command::{Family, Language};
use crate::compile::link::linker::Linkers;
use crate::inputs::files::Files;
use crate::inputs::search::{self, Chain, SearchPath};
use crate::inputs::shape::Shapes;
use crate::inputs::snapshot::Snapshot;
use crate::sandbox::executor::Executor;
use crate::toolchain::{Builtin, Toolchain, ToolchainError, Toolchains};

/// So many paths, or contents with directives, are kept at most from build to build: some 300 bytes each.
const MOST_KNOWN: usize = 1 << 19;

/// Shared by every session of a companion.
pub struct Engine {
    /// Digests and directives of files.
    pub files: Arc<Files>,
    /// Shapes of dependency sets.
    pub shapes: Shapes,
    /// Folders that commands share.
    pub folders: Folders,
    /// Compilers that were identified.
    pub toolchains: Toolchains,
    /// What was scanned lately.
    pub(super) scans: Scans,
    /// Results of compiles.
    pub cache: Cache,
    /// Runs launches.
    pub executor: Executor,
    /// The program that traces commands, if it can be had.
    pub tracer: Option<PathBuf>,
    /// What compilers sign their objects with.
    pub idents: Idents,
    /// What linkers say of themselves.
    pub linkers: Linkers,
}

impl Engine {
    /// An engine that knows nothing yet, with its results, at most so many bytes, below `cache`.
    pub fn new(cache: &Path, max_size: u64) -> Self {
        let files = Arc::new(Files::default());
        Self {
            toolchains: Toolchains::new(Arc::clone(&files)),
            shapes: Shapes::default(),
            folders: Folders::default(),
            scans: Scans::default(),
            cache: Cache::new(cache, max_size),
            executor: Executor::new(cache),
            tracer: None,
            idents: Idents::default(),
            linkers: Linkers::default(),
            files,
        }
    }

    /// Every path that is named anywhere, once.
    pub fn paths(&self) -> &Paths {
        self.files.paths()
    }

    /// Whether more is known than is worth keeping. Numbers of paths are everywhere, so nothing of it can be dropped but all at once.
    pub fn has_grown(&self) -> bool {
        self.paths().len().max(self.shapes.contents()) > MOST_KNOWN
    }

    /// The compiler of a call as it is now; `path` is the `PATH` it looks its assembler up in.
    pub fn toolchain(
        &self,
        call: &Call,
        path: Option<&str>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        let variable = |name: &str| variable(call, path, name);
        self.toolchains.identify_in(Path::new(&call.compiler), &variable, snapshot)
    }

    /// The same, while `patient` is true (see [`Toolchains::identify_while`]).
    pub fn toolchain_while(
        &self,
        patient: &mut dyn FnMut() -> bool,
        call: &Call,
        path: Option<&str>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        let variable = |name: &str| variable(call, path, name);
        self.toolchains.identify_while(patient, Path::new(&call.compiler), &variable, snapshot)
    }

    /// Which options the compiler of a call takes; known before the compiler is.
    pub fn family(
        &self,
        call: &Call,
        path: Option<&str>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Family, ToolchainError> {
        let variable = |name: &str| variable(call, path, name);
        self.toolchains.family(Path::new(&call.compiler), &variable, snapshot)
    }

    /// The folders in which the call's compiler looks for headers.
    pub fn chain(
        &self,
        call: &Call,
        Context { path, root, .. }: Context<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Chain, ToolchainError> {
        let search = &call.compile.search;
        let builtin = self.builtin(call, path, snapshot)?;
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
        let path = SearchPath {
            quote: search.quote.clone(),
            include: [search.include.clone(), listed("CPATH")].concat(),
            system: [search.system.clone(), listed(of_language)].concat(),
            builtin: builtin.dirs.to_vec(),
            after: search.after.clone(),
            forced: search.forced.clone(),
        };
        Ok(Chain::new(&path, &call.directory, snapshot).below(root))
    }

    /// The `crtbegin.o` of the GCC that the call's compiler goes by, if that is Clang.
    pub fn crtbegin(&self, call: &Call, path: Option<&str>, snapshot: &mut Snapshot<'_>) -> Option<PathId> {
        let builtin = self.builtin(call, path, snapshot).ok()?;
        let found = builtin.crtbegin.as_ref()?;
        Some(self.path(call, found))
    }

    fn builtin(
        &self,
        call: &Call,
        path: Option<&str>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Builtin>, ToolchainError> {
        self.toolchains.builtin_in(
            Path::new(&call.compiler),
            &call.compile.search.builtin_key,
            Path::new(&call.directory),
            &|name| variable(call, path, name),
            snapshot,
        )
    }

    /// The path that a command means by `name`.
    pub fn path(&self, call: &Call, name: &str) -> PathId {
        search::intern(self.paths(), &call.directory, name)
    }

    /// A path's text.
    pub fn name(&self, id: PathId) -> String {
        self.paths().get(id).as_str().to_owned()
    }
}

fn variable(call: &Call, path: Option<&str>, name: &str) -> Option<std::ffi::OsString> {
    if name == "PATH" { path } else { call.variable(name) }.map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_has_grown_once_it_knows_more_paths_than_are_worth_keeping() {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::new(folder.path(), u64::MAX);
        for number in 0..MOST_KNOWN {
            engine.paths().intern(&format!("/{number}"));
        }
        assert!(!engine.has_grown());
        engine.paths().intern("/one/more");
        assert!(engine.has_grown());
    }
}
