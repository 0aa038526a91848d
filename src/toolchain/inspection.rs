//! The inspection of a compiler that is new or has changed: what it says of itself, what it runs, what that loads.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec_cc_tracer::elf::{self, Program};

use super::ask::{Surroundings, Talk, at_once};
use super::tool::Tools;
use super::watch::Watch;
use crate::base::digest::Digest;
use crate::command::Family;
use crate::inputs::snapshot::Snapshot;
use crate::toolchain::error::ToolchainError;
use crate::toolchain::identity::Toolchain;

/// The parts of a driver's name that say it is a compiler.
const DRIVERS: [&str; 6] = ["gcc", "g++", "cc", "c++", "clang", "clang++"];

/// The programs that GCC's drivers run for `-c`, and for links.
const PROGRAMS: [&str; 6] = ["cc1", "cc1plus", "as", "collect2", "ld", OBJCOPY];

/// Splits debug information off (`-gsplit-dwarf`). Where it is not GNU's, that is no reason to know nothing of a compiler.
const OBJCOPY: &str = "objcopy";

/// How a GCC is asked where it looks (GCC manual, "Developer Options").
const SEARCH_DIRS: &str = "-print-search-dirs";

/// Enough for the headers of any program.
const HEAD: u64 = 4096;

/// The folders of a GCC.
struct SearchDirs {
    install: PathBuf,
    programs: Vec<PathBuf>,
    libraries: Vec<PathBuf>,
}

/// The program that a compiler's name stands for. Found out soon, while all that it runs takes long to read.
#[derive(Debug)]
pub(super) struct Driver {
    /// Where it is, links resolved.
    path: PathBuf,
    pub(super) family: Family,
    /// What it prints for `--version`.
    version: String,
    parts: Vec<String>,
    pub(super) watch: Watch,
}

/// What an inspection comes to.
#[derive(Debug)]
pub(super) enum Verdict {
    Known(Arc<Toolchain>),
    /// Why not, for as long as these files are what they are.
    Unknown(ToolchainError, Watch),
}

/// A compiler being looked into.
pub(super) struct Inspection<'a, 'f> {
    compiler: &'a Path,
    around: &'a Surroundings,
    talk: Talk<'a>,
    snapshot: &'a mut Snapshot<'f>,
    tools: &'a Tools,
    watch: Watch,
    /// A line for each file that runs: its role and digest.
    parts: Vec<String>,
}

impl Verdict {
    /// Whether it would be the same today.
    pub(super) fn holds(&self, snapshot: &mut Snapshot<'_>) -> bool {
        match self {
            Self::Known(toolchain) => toolchain.unchanged(snapshot),
            Self::Unknown(_, watch) => watch.holds(snapshot),
        }
    }
}

impl<'a, 'f> Inspection<'a, 'f> {
    /// Nothing is known of it yet.
    pub(super) fn new(
        compiler: &'a Path,
        around: &'a Surroundings,
        snapshot: &'a mut Snapshot<'f>,
        tools: &'a Tools,
    ) -> Self {
        let talk = Talk::new(around);
        Self { compiler, around, talk, snapshot, tools, watch: Watch::default(), parts: Vec::new() }
    }

    fn unknown(&self, reason: impl Into<String>) -> ToolchainError {
        ToolchainError::unknown(self.compiler, reason)
    }

    /// The program itself.
    pub(super) fn driver(mut self) -> Result<Driver, ToolchainError> {
        let path = self.resolved()?;
        // A script may do anything when it is asked.
        self.program("driver", &path)?;
        let version = self.talk.ask(self.compiler, "--version")?;
        let family = self.family(&version)?;
        Ok(Driver { path, family, version, parts: self.parts, watch: self.watch })
    }

    /// Reads all that a driver runs.
    pub(super) fn verdict(mut self, driver: &Driver) -> Result<Verdict, ToolchainError> {
        self.watch = driver.watch.further();
        self.parts.clone_from(&driver.parts);
        let assembler_depfile = match driver.family {
            Family::Gcc => self.gcc(),
            Family::Clang => self.clang(driver),
        };
        let assembler_depfile = match assembler_depfile {
            Ok(depfile) => depfile,
            Err(error @ ToolchainError::Unknown { .. }) => return Ok(Verdict::Unknown(error, self.watch)),
            Err(error) => return Err(error),
        };
        Ok(Verdict::Known(Arc::new(Toolchain {
            family: driver.family,
            version: driver.version.lines().next().unwrap_or_default().to_owned(),
            identity: Digest::of(self.parts.join("\n").as_bytes()),
            assembler_depfile,
            watch: self.watch,
        })))
    }

    /// The program behind the links; its own name must be a compiler's, so that it is no wrapper.
    fn resolved(&mut self) -> Result<PathBuf, ToolchainError> {
        let driver = self
            .watch
            .resolved(self.compiler)
            .map_err(|source| ToolchainError::read(self.compiler, source))?;
        let name = driver.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.split('-').any(|part| DRIVERS.contains(&part)) {
            return Err(self.unknown(format!("it is {name}, which may be a wrapper")));
        }
        Ok(driver)
    }

    fn family(&self, version: &str) -> Result<Family, ToolchainError> {
        if version.contains("clang version") {
            Ok(Family::Clang)
        } else if version.contains("Free Software Foundation") {
            Ok(Family::Gcc)
        } else {
            Err(self.unknown("--version names neither GCC nor Clang"))
        }
    }

    /// What a GCC driver runs and reads; whether its assembler is GNU's.
    fn gcc(&mut self) -> Result<bool, ToolchainError> {
        let where_is = PROGRAMS.map(|name| format!("-print-prog-name={name}"));
        let questions = where_is.iter().map(String::as_str).chain([SEARCH_DIRS]);
        self.talk.ahead(questions.map(|question| (self.compiler.to_owned(), question.into())));
        let SearchDirs { install, programs: folders, libraries } = self.search_dirs()?;
        self.specs(libraries.iter().map(PathBuf::as_path).chain(install.parent()))?;
        let mut found = Vec::new();
        for name in PROGRAMS {
            match self.find(name, &folders)? {
                Some(path) => found.push((name, path)),
                None => drop(self.watch.absent(&install.join(name), self.snapshot)),
            }
        }
        self.read_ahead(&found);
        let mut gnu = false;
        for (name, path) in found {
            if name == OBJCOPY {
                self.file(name, &path)?;
                continue;
            }
            self.program(name, &path)?;
            gnu |= name == "as" && self.talk.ask(&path, "--version")?.contains("GNU assembler");
        }
        Ok(gnu)
    }

    /// Reads the large ones at the same time: what is known of them need not be found out again.
    fn read_ahead(&self, programs: &[(&str, PathBuf)]) {
        let (files, tools) = (self.snapshot.files(), self.tools);
        at_once(programs.iter().map(|(_, path)| path.as_path()).collect(), |path| {
            let id = path.to_str().map(|name| files.paths().intern(name));
            // What cannot be read shows when its turn comes.
            if let Some(Ok(seen)) = id.map(|id| files.look(id)) {
                let _ = tools.has(path, &seen.digest);
            }
        });
    }

    /// The options that GCC gives itself: it takes the first file of this name among its folders of libraries, those of
    /// `LIBRARY_PATH` before its own, and one above its own (`set_up_specs` in `gcc/gcc.cc`).
    fn specs<'p>(&mut self, folders: impl Iterator<Item = &'p Path>) -> Result<(), ToolchainError> {
        for folder in folders {
            if !folder.is_absolute() {
                return Err(self.unknown("LIBRARY_PATH leads to its specs by a relative directory"));
            }
            let specs = folder.join("specs");
            if !self.watch.absent(&specs, self.snapshot) {
                self.file(&format!("specs {}", specs.display()), &specs)?;
            }
        }
        Ok(())
    }

    /// GCC's installation, and where it looks.
    fn search_dirs(&self) -> Result<SearchDirs, ToolchainError> {
        let answer = self.talk.ask(self.compiler, SEARCH_DIRS)?;
        let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let list = |name: &str| {
            let dirs = value(name).unwrap_or_default().trim_start_matches('=').split(':');
            dirs.filter(|dir| !dir.is_empty()).map(PathBuf::from).collect()
        };
        let install =
            value("install:").ok_or_else(|| self.unknown("it does not say where it is installed"))?;
        Ok(SearchDirs { install: install.into(), programs: list("programs:"), libraries: list("libraries:") })
    }

    /// The file a driver runs for a program's name; `None` when there is none.
    fn find(&mut self, name: &str, folders: &[PathBuf]) -> Result<Option<PathBuf>, ToolchainError> {
        let said = PathBuf::from(self.talk.ask(self.compiler, &format!("-print-prog-name={name}"))?);
        for candidate in folders.iter().map(|folder| folder.join(name)).take_while(|path| *path != said) {
            self.watch.absent(&candidate, self.snapshot);
        }
        if said.is_absolute() {
            return Ok(Some(said));
        }
        if said != Path::new(name) {
            return Err(
                self.unknown(format!("its {name} is {}, relative to the working directory", said.display()))
            );
        }
        self.find_on_path(name)
    }

    fn find_on_path(&mut self, name: &str) -> Result<Option<PathBuf>, ToolchainError> {
        for folder in self.around.get("PATH").as_bytes().split(|byte| *byte == b':') {
            let folder = Path::new(OsStr::from_bytes(folder));
            if !folder.is_absolute() {
                return Err(self.unknown(format!("PATH leads to {name} by a relative directory")));
            }
            let candidate = folder.join(name);
            if !self.watch.absent(&candidate, self.snapshot) && is_executable(&candidate) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// What a Clang driver reads: configuration files, and `as` for `-fno-integrated-as`.
    fn clang(&mut self, driver: &Driver) -> Result<bool, ToolchainError> {
        for file in driver.version.lines().filter_map(|line| line.strip_prefix("Configuration file: ")) {
            self.file("configuration", Path::new(file))?;
        }
        // Clang user's manual, "Configuration files": beside the driver, named after it.
        for folder in [driver.path.as_path(), self.compiler].into_iter().filter_map(Path::parent) {
            for name in [self.compiler.file_name(), Some("clang".as_ref()), Some("clang++".as_ref())]
                .into_iter()
                .flatten()
            {
                let mut file = folder.join(name).into_os_string();
                file.push(".cfg");
                self.watch.absent(Path::new(&file), self.snapshot);
            }
        }
        if let Some(path) = self.find("as", &[])? {
            self.program("as", &path)?;
        }
        Ok(false)
    }

    fn file(&mut self, role: &str, path: &Path) -> Result<Digest, ToolchainError> {
        let digest =
            self.watch.file(path, self.snapshot).map_err(|source| ToolchainError::read(path, source))?;
        self.parts.push(format!("{role} {digest}"));
        Ok(digest)
    }

    /// A program and the libraries that it loads.
    fn program(&mut self, role: &str, path: &Path) -> Result<(), ToolchainError> {
        let read = |source| ToolchainError::read(path, source);
        let content = self.file(role, path)?;
        let program = elf::program(&head(path).map_err(read)?);
        let why = match &program {
            Program::Script => "is a script",
            Program::Unknown => "is not an ELF program",
            _ if !self.tools.has(path, &content).map_err(read)? => {
                "is no toolchain's program that spec-cc knows"
            }
            Program::Static => return Ok(()),
            Program::Dynamic { loader } => return self.libraries(role, path, Path::new(loader)),
        };
        Err(self.unknown(format!("{} {why}", path.display())))
    }

    /// The libraries as the loader finds them (`ld.so(8)`, `--list`); the loader itself is among them.
    fn libraries(&mut self, role: &str, path: &Path, loader: &Path) -> Result<(), ToolchainError> {
        let args = ["--list".as_ref(), path.as_os_str()];
        let answer = self.around.run(loader, args, Path::new("/"))?;
        if !answer.success || answer.stdout.contains("not found") {
            return Err(ToolchainError::run(path, io::Error::other("its libraries are not found")));
        }
        let cache = Path::new("/etc/ld.so.cache");
        if !self.watch.absent(cache, self.snapshot) {
            // Not a part of the compiler; but when it changes, other libraries may be loaded.
            let _ = self.watch.file(cache, self.snapshot);
        }
        for line in answer.stdout.lines() {
            let Some(library) = library(line) else { continue };
            self.file(&format!("{role} loads"), Path::new(library))?;
            self.shadow_library(Path::new(library));
        }
        Ok(())
    }

    /// Watches the places where a library would be found first.
    fn shadow_library(&mut self, library: &Path) {
        let Some(name) = library.file_name() else { return };
        for folder in self.around.get("LD_LIBRARY_PATH").as_bytes().split(|byte| matches!(byte, b':' | b';'))
        {
            let candidate = Path::new(OsStr::from_bytes(folder)).join(name);
            if candidate == library {
                return;
            }
            self.watch.absent(&candidate, self.snapshot);
        }
    }
}

/// The path in a line like `libc.so.6 => /lib/libc.so.6 (0x7f…)` or `/lib64/ld.so (0x7f…)`.
fn library(line: &str) -> Option<&str> {
    let (text, _) = line.rsplit_once(" (0x")?;
    let path = text.rsplit_once(" => ").map_or(text, |(_, path)| path).trim();
    path.starts_with('/').then_some(path)
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
