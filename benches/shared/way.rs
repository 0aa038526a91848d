//! The ways to build: the plain compiler, other tools where they are installed, and spec-cc in two modes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::package::{Package, Sources};
use super::support::peers::{Casd, CasdOptions, Peers};
use super::support::sandbox::Sandbox;
use super::support::shell::{quiet, sh, succeed};
use super::support::tree::{self, Listing};

/// What one build took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) all: Duration,
    /// Of all processes on this machine, servers included: it says something where nothing else runs.
    pub(crate) cpu: f64,
}

/// What is to be built, and where.
pub(crate) struct Build<'a> {
    pub(crate) package: &'static Package,
    pub(crate) sources: &'a Sources,
    pub(crate) room: &'a Path,
    /// Added to those of each compile.
    pub(crate) flags: &'a str,
    pub(crate) jobs: usize,
}

/// A way to build, with a cache of its own.
pub(crate) struct Way {
    name: &'static str,
    kind: Kind,
    /// What it keeps, if that is not its server's.
    folder: PathBuf,
}

enum Kind {
    Plain,
    /// A program before the compiler, and what it finds in its environment.
    Wrapper {
        program: PathBuf,
        variables: Vec<(&'static str, String)>,
        server: Option<Box<Casd>>,
    },
    /// In this mode.
    SpecCc(Sandbox),
}

/// The folder that the library below is installed in.
pub(crate) fn prefix(room: &Path) -> PathBuf {
    room.join("prefix")
}

impl Way {
    /// All that can be had here, the plain compiler first; says aloud which are left out.
    pub(crate) fn all(room: &Path) -> Result<Vec<Self>> {
        let mut ways = vec![Self { name: "plain", kind: Kind::Plain, folder: room.join("nothing") }];
        for name in ["ccache", "sccache", "kache"] {
            let folder = room.join(name);
            fs::create_dir_all(&folder)?;
            match which(name) {
                Some(program) => ways.push(Self::wrapper(name, program, folder)),
                None => println!("left out: {name} (not on PATH)"),
            }
        }
        match Peers::get() {
            Some(peers) => ways.push(Self::recc(&peers, room.join("recc"))),
            None => println!("left out: recc (cannot be had)"),
        }
        for name in ["cache", "spec"] {
            let sandbox = Sandbox::new();
            ways.push(Self { name, folder: sandbox.path(""), kind: Kind::SpecCc(sandbox) });
        }
        Ok(ways)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::SpecCc(_) if self.name == "cache" => "spec-cc cache",
            Kind::SpecCc(_) => "spec-cc",
            _ => self.name,
        }
    }

    /// A compiler cache with everything in `folder`.
    fn wrapper(name: &'static str, program: PathBuf, folder: PathBuf) -> Self {
        let at = |below: &str| folder.join(below).display().to_string();
        let variables = vec![
            ("HOME", at("")),
            ("XDG_CACHE_HOME", at("cache")),
            ("CCACHE_DIR", at("cache/ccache")),
            ("SCCACHE_DIR", at("cache/sccache")),
            ("SCCACHE_SERVER_UDS", at("socket")),
        ];
        Self { name, kind: Kind::Wrapper { program, variables, server: None }, folder }
    }

    /// recc with a casd that keeps its results and executes nothing.
    fn recc(peers: &Peers, folder: PathBuf) -> Self {
        let casd = peers.casd(&CasdOptions::default());
        let on = [
            "RECC_CACHE_ONLY",
            "RECC_CACHE_UPLOAD_LOCAL_BUILD",
            "RECC_DEPS_GLOBAL_PATHS",
            "RECC_NO_PATH_REWRITE",
            "RECC_LINK",
        ];
        let mut variables: Vec<_> = on.map(|name| (name, "1".to_owned())).into();
        variables.push(("RECC_SERVER", casd.url.clone()));
        Self {
            name: "recc",
            kind: Kind::Wrapper { program: peers.program("recc"), variables, server: Some(Box::new(casd)) },
            folder,
        }
    }

    /// Configures and makes a clean tree; gives what that took, and the objects.
    pub(crate) fn build(&self, build: &Build<'_>) -> Result<(Took, Listing)> {
        let tree = build.room.join("tree");
        tree::lay_out(&build.sources.own, &tree);
        let Package { name, configure, make, .. } = build.package;
        let flags = if build.flags.is_empty() { "-O2".to_owned() } else { format!("'-O2 {}'", build.flags) };
        let configure = configure
            .replace("FLAGS=-O2", &format!("FLAGS={flags}"))
            .replace("c_args=-O2", &format!("c_args={flags}"));
        let script = format!("export CONFIG_SHELL=/bin/sh\n{configure}\n{make}");
        let mut command = match &self.kind {
            Kind::SpecCc(sandbox) => sandbox.session(name, &tree, &script),
            _ => sh(&tree, &script),
        };
        quiet(&mut command, &tree);
        let wrapper = self.enter(&mut command);
        command
            .env("CC", format!("{wrapper}gcc"))
            .env("CXX", format!("{wrapper}g++"))
            .env("JOBS", build.jobs.to_string());
        command.env("PKG_CONFIG_PATH", prefix(build.room).join("lib/pkgconfig"));
        let (begun, busy) = (Instant::now(), busy()?);
        succeed(&mut command);
        let took = Took { all: begun.elapsed(), cpu: self::busy()? - busy };
        Ok((took, tree::list(&tree, |path, _| path.extension().is_some_and(|end| end == "o"))))
    }

    /// Sets what this way's programs read; returns what stands before the compiler.
    fn enter(&self, command: &mut Command) -> String {
        match &self.kind {
            Kind::Plain => String::new(),
            Kind::Wrapper { program, variables, .. } => {
                command.envs(variables.iter().map(|(name, value)| (name, value)));
                format!("{} ", program.display())
            }
            Kind::SpecCc(_) => {
                command.env("SPEC_CC_MODE", self.name);
                "spec-cc ".to_owned()
            }
        }
    }

    /// Bytes on disk of all that it keeps.
    pub(crate) fn kept(&self) -> u64 {
        let folder = match &self.kind {
            Kind::Wrapper { server: Some(casd), .. } => casd.cache(),
            _ => self.folder.clone(),
        };
        size(&folder)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Kind::Wrapper { program, variables, .. } = &self.kind {
            let end: &[&str] = match self.name {
                "sccache" => &["--stop-server"],
                "kache" => &["daemon", "stop"],
                _ => return,
            };
            let _ = Command::new(program)
                .args(end)
                .envs(variables.iter().map(|(name, value)| (name, value)))
                .output();
        }
    }
}

fn which(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// CPU seconds that this machine has worked since it started (proc(5), `/proc/stat`): neither idle nor waiting.
fn busy() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    // user nice system idle iowait irq softirq; what guests took is in user.
    let work = [0, 1, 2, 5, 6].iter().filter_map(|&place| ticks.get(place)).sum::<f64>();
    let hertz = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)?.context("no clock ticks")?;
    Ok(work / hertz as f64)
}

/// Bytes that a folder takes on disk.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
