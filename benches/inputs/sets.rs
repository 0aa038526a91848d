//! Sets: shapes of the dependency sets of real compiles, and of many sets over the same files.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use spec_cc::base::paths::PathId;
use spec_cc::inputs::files::Files;
use spec_cc::inputs::search::{Chain, SearchPath};
use spec_cc::inputs::shape::Shaped;
use spec_cc::inputs::shape::Shapes;
use spec_cc::inputs::shape::set::Set;
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::inputs::{depfile, search};
use spec_cc::toolchain::Toolchains;

use crate::element::PATH;
use crate::{cpu, median, print};

/// Long enough after the last write that a file's time counts as settled.
const SETTLED: Duration = Duration::from_millis(50);

/// Some 500 headers.
const LARGE: &str = "#include <regex>\n#include <iostream>\n#include <map>\n#include <thread>\n\
    #include <filesystem>\n#include <future>\n";

/// A compile's dependency set.
pub(crate) struct Compile {
    _dir: tempfile::TempDir,
    files: Arc<Files>,
    shapes: Shapes,
    path: SearchPath,
    cwd: String,
    set: Vec<PathId>,
}

impl Compile {
    /// One with many headers.
    pub(crate) fn large() -> Result<Self> {
        Self::new("/usr/bin/g++", "t.cc", LARGE)
    }

    fn new(compiler: &str, source: &str, text: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let cwd = dir.path().to_str().context("not UTF-8")?.to_owned();
        std::fs::write(dir.path().join(source), text)?;
        let output = Command::new(compiler).args(["-M", source]).current_dir(&cwd).output()?;
        let names = depfile::parse(&output.stdout)?;
        let files = Arc::new(Files::default());
        let set: Vec<PathId> = names.iter().map(|name| search::intern(files.paths(), &cwd, name)).collect();
        ensure!(!set.is_empty(), "{compiler} lists nothing");
        let builtin = Toolchains::new(Arc::clone(&files))
            .builtin_dirs(Path::new(compiler), &[], Path::new("/"), &env)?
            .to_vec();
        std::thread::sleep(SETTLED);
        let include = vec![".".into(), "include".into()];
        let path = SearchPath { include, builtin, ..SearchPath::default() };
        Ok(Self { _dir: dir, files, shapes: Shapes::default(), path, cwd, set })
    }

    /// The cache that knows its files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// What it reads.
    pub(crate) fn set(&self) -> &[PathId] {
        &self.set
    }

    fn shape(&self) -> std::io::Result<Shaped> {
        let mut snapshot = Snapshot::new(&self.files);
        let chain = Chain::new(&self.path, &self.cwd, &mut snapshot);
        let files = snapshot.siblings(&self.set).map_err(|(_, error)| error)?;
        let set = Set { source: self.set[0], files: &files, chain: &chain, macros: "" };
        self.shapes.shape(set, &mut snapshot)
    }
}

fn env(name: &str) -> Option<std::ffi::OsString> {
    (name == "PATH").then(|| PATH.into())
}

pub(crate) fn measure() -> Result<()> {
    for compile in [Compile::new("/usr/bin/gcc", "t.c", "int main(void) { return 0; }\n")?, Compile::large()?]
    {
        let start = cpu()?;
        compile.shape()?;
        let first = cpu()?.saturating_sub(start);
        let again = median(41, || compile.shape())?;
        print(&format!("shape of {} files", compile.set.len()), &format!("{again:.1?} (first {first:.1?})"));
    }
    let toolchains = Toolchains::new(Arc::new(Files::default()));
    for compiler in ["/usr/bin/gcc", "/usr/bin/clang"] {
        toolchains.identify(Path::new(compiler), &env)?;
        let again = median(41, || toolchains.identify(Path::new(compiler), &env))?;
        print(&format!("{compiler}, identified again"), &format!("{again:.1?}"));
    }
    Ok(())
}
