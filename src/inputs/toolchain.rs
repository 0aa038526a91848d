//! The compiler as an input: what runs when it is called, and where it looks by itself.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::digest::Digest;
use super::moment::{RACY_NS, coarse_now_ns};
use super::paths::{PathId, Paths};
use super::stamp::Stamp;
use crate::command::Family;

/// Variables by which a compiler driver finds the programs it runs, and those their libraries.
const DECISIVE: &[&str] = &["PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_LIBRARY_PATH", "LD_PRELOAD"];

/// Programs that a GCC driver runs on a compile.
const GCC_PROGRAMS: &[&str] = &["cc1", "cc1plus", "as"];

/// Why a compiler is not treated; its commands are run as they are.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ToolchainError {
    /// It is a script or something else whose workings cannot be seen.
    #[error("{} is not a compiler that spec-cc knows: {why}", path.display())]
    Unknown {
        /// The compiler.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// It cannot be read or run.
    #[error("{} cannot be asked: {why}", path.display())]
    Failed {
        /// The compiler, or a program of its.
        path: PathBuf,
        /// The fault.
        why: String,
    },
}

/// A compiler, as identified by the content of everything that runs when it is called.
#[derive(Debug)]
pub struct Toolchain {
    /// Whose options it understands.
    pub family: Family,
    /// The first line of `--version`.
    pub version: String,
    /// Digest over the content of the driver, the programs it runs and the libraries they load.
    pub fingerprint: Digest,
    /// Whether the assembler can be told to list the files it reads (GNU as: `--MD`).
    pub assembler_depfile: bool,
    driver: PathBuf,
    files: Vec<(PathId, Stamp)>,
    builtin: Mutex<HashMap<Vec<String>, Arc<[String]>>>,
}

/// The compilers that were identified. May be used by many threads.
#[derive(Debug)]
pub struct Toolchains {
    paths: Arc<Paths>,
    known: Mutex<HashMap<Vec<OsString>, Arc<Toolchain>>>,
}

impl Toolchains {
    /// None identified yet.
    pub fn new(paths: Arc<Paths>) -> Self {
        Self { paths, known: Mutex::default() }
    }

    /// Identifies the compiler at an absolute path; a handful of `stat`s when it is known and unchanged.
    ///
    /// `variable` gives the environment it would run in.
    pub fn identify(
        &self,
        compiler: &Path,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        let environment = DECISIVE.iter().map(|name| variable(name).unwrap_or_default());
        let key: Vec<OsString> =
            std::iter::once(compiler.as_os_str().to_owned()).chain(environment).collect();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(toolchain) = known.filter(|toolchain| toolchain.unchanged(&self.paths)) {
            return Ok(toolchain);
        }
        let toolchain = Arc::new(Inquiry { compiler, variable, paths: &self.paths }.identify()?);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&toolchain));
        Ok(toolchain)
    }
}

impl Toolchain {
    /// Whether every file of it is as it was. One that was racy when it was read never is.
    fn unchanged(&self, paths: &Paths) -> bool {
        self.files.iter().all(|(id, stamp)| Stamp::of(paths.get(*id).c_str()).is_ok_and(|now| now == *stamp))
    }

    /// The folders in which the compiler looks by itself, given the arguments that decide on them.
    pub fn builtin_dirs(&self, key_args: &[String]) -> Result<Arc<[String]>, ToolchainError> {
        let known = self.builtin.lock().unwrap_or_else(PoisonError::into_inner).get(key_args).cloned();
        if let Some(dirs) = known {
            return Ok(dirs);
        }
        let mut command = Command::new(&self.driver);
        // Without the environment's own folders, which have places of their own in the search path.
        for name in
            ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH"]
        {
            command.env_remove(name);
        }
        command.args(key_args).args(["-E", "-v", "/dev/null"]);
        let output = run(&self.driver, command)?;
        let dirs: Arc<[String]> = search_list(&String::from_utf8_lossy(&output.stderr)).into();
        self.builtin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key_args.to_vec(), Arc::clone(&dirs));
        Ok(dirs)
    }
}

/// The folders that `-v` lists.
fn search_list(text: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| !line.starts_with("#include <...>"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// One identification in progress.
struct Inquiry<'a> {
    compiler: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    paths: &'a Paths,
}

impl Inquiry<'_> {
    fn identify(&self) -> Result<Toolchain, ToolchainError> {
        let real = fs::canonicalize(self.compiler).map_err(|error| self.failed(self.compiler, &error))?;
        if !is_elf(&real).map_err(|error| self.failed(&real, &error))? {
            return Err(self.unknown("it is a script"));
        }
        let version = self.ask(&["--version"])?;
        let family =
            family(&version).ok_or_else(|| self.unknown("its --version is neither GCC's nor Clang's"))?;
        let mut programs = vec![real];
        if family == Family::Gcc {
            programs.extend(self.programs()?);
        }
        let mut files = programs.clone();
        for program in &programs {
            files.extend(self.libraries(program));
        }
        files.extend(self.specs(family)?);
        files.sort_unstable();
        files.dedup();
        let assembler_depfile = family == Family::Gcc && self.assembler_lists();
        let (fingerprint, files) = self.fingerprint(&files)?;
        Ok(Toolchain {
            family,
            version: version.lines().next().unwrap_or_default().to_owned(),
            fingerprint,
            assembler_depfile,
            driver: self.compiler.to_owned(),
            files,
            builtin: Mutex::default(),
        })
    }

    /// The programs that a GCC driver runs. One that is not installed (`cc1plus`) is left out: should it come,
    /// the driver's package changes with it.
    fn programs(&self) -> Result<Vec<PathBuf>, ToolchainError> {
        let mut found = Vec::new();
        for name in GCC_PROGRAMS {
            let answer = self.ask(&[&format!("-print-prog-name={name}")])?;
            let answer = answer.trim();
            // A bare name means that the driver would look it up in PATH.
            let path = if answer.contains('/') { Some(PathBuf::from(answer)) } else { self.in_path(answer) };
            found.extend(path.and_then(|path| fs::canonicalize(path).ok()));
        }
        Ok(found)
    }

    /// The shared libraries that a program loads; none for a static one.
    fn libraries(&self, program: &Path) -> Vec<PathBuf> {
        let Some(interpreter) = interpreter(program) else { return Vec::new() };
        let mut command = self.command(&interpreter);
        command.arg("--list").arg(program);
        let Ok(output) = run(&interpreter, command) else { return Vec::new() };
        String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
            .filter_map(|word| fs::canonicalize(word).ok())
            .collect()
    }

    /// A specs file that replaces GCC's built-in specs, or Clang's configuration files.
    fn specs(&self, family: Family) -> Result<Vec<PathBuf>, ToolchainError> {
        if family != Family::Gcc {
            return Ok(Vec::new());
        }
        let answer = self.ask(&["-print-file-name=specs"])?;
        Ok(fs::canonicalize(answer.trim()).into_iter().filter(|path| path.is_file()).collect())
    }

    /// Whether `-Wa,--MD` works.
    fn assembler_lists(&self) -> bool {
        let attempt = || -> io::Result<bool> {
            let folder = tempfile::tempdir()?;
            fs::write(folder.path().join("t.s"), "")?;
            let mut command = self.command(self.compiler);
            command.args(["-c", "t.s", "-o", "t.o", "-Wa,--MD,t.d"]).current_dir(folder.path());
            Ok(command.output()?.status.success() && folder.path().join("t.d").exists())
        };
        attempt().unwrap_or(false)
    }

    fn fingerprint(&self, files: &[PathBuf]) -> Result<(Digest, Vec<(PathId, Stamp)>), ToolchainError> {
        let mut text = String::new();
        let mut stamps = Vec::new();
        for path in files {
            let name = path.to_str().ok_or_else(|| self.unknown("a path of its is not UTF-8"))?;
            let id = self.paths.intern(name);
            let before = coarse_now_ns();
            let mut stamp =
                Stamp::of(self.paths.get(id).c_str()).map_err(|error| self.failed(path, &error))?;
            let content = fs::read(path).map_err(|error| self.failed(path, &error))?;
            if stamp.changed_ns() + RACY_NS >= before {
                // Never equal again: identified anew at the next call.
                stamp.ino = u64::MAX;
            }
            // By content alone, not by place: the same compiler elsewhere is the same compiler.
            text.push_str(&Digest::of(&content).to_string());
            text.push('\n');
            stamps.push((id, stamp));
        }
        // The links that lead to the files may be turned elsewhere.
        if let Some(name) = self.compiler.to_str() {
            let id = self.paths.intern(name);
            stamps.push((
                id,
                Stamp::of(self.paths.get(id).c_str()).map_err(|error| self.failed(self.compiler, &error))?,
            ));
        }
        Ok((Digest::of(text.as_bytes()), stamps))
    }

    fn in_path(&self, name: &str) -> Option<PathBuf> {
        let path = (self.variable)("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
    }

    fn ask(&self, args: &[&str]) -> Result<String, ToolchainError> {
        let mut command = self.command(self.compiler);
        command.args(args);
        let output = run(self.compiler, command)?;
        if !output.status.success() {
            return Err(self.failed(self.compiler, &format!("{} gives {}", args.join(" "), output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for name in DECISIVE {
            match (self.variable)(name) {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn unknown(&self, why: &'static str) -> ToolchainError {
        ToolchainError::Unknown { path: self.compiler.to_owned(), why }
    }

    fn failed(&self, path: &Path, why: &dyn std::fmt::Display) -> ToolchainError {
        ToolchainError::Failed { path: path.to_owned(), why: why.to_string() }
    }
}

fn run(program: &Path, mut command: Command) -> Result<Output, ToolchainError> {
    command
        .env("LC_ALL", "C")
        .env_remove("SUNPRO_DEPENDENCIES")
        .env_remove("DEPENDENCIES_OUTPUT")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| ToolchainError::Failed { path: program.to_owned(), why: error.to_string() })
}

/// Which compiler a `--version` text is of.
fn family(version: &str) -> Option<Family> {
    if version.contains("clang version") {
        Some(Family::Clang)
    } else if version.contains("Free Software Foundation") {
        Some(Family::Gcc)
    } else {
        None
    }
}

fn is_elf(path: &Path) -> io::Result<bool> {
    use std::io::Read;
    let mut magic = [0; 4];
    let read = fs::File::open(path)?.read(&mut magic)?;
    Ok(read == 4 && magic == *b"\x7fELF")
}

/// The dynamic loader that an ELF program names (64-bit little-endian; ELF gABI, program header `PT_INTERP`).
fn interpreter(program: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    const PT_INTERP: u32 = 3;
    let content = fs::read(program).ok()?;
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = content.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte)))
    };
    let (table, entry, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    (0..count).find_map(|index| {
        let header = table.checked_add(entry.checked_mul(index)?)?;
        if number(header, 4)? != PT_INTERP as usize {
            return None;
        }
        let (offset, size) = (number(header + 8, 8)?, number(header + 32, 8)?);
        let name = content.get(offset..offset.checked_add(size)?)?.split(|&byte| byte == 0).next()?;
        Some(PathBuf::from(OsStr::from_bytes(name)))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Paths, ToolchainError, Toolchains, search_list};
    use crate::command::Family;

    fn identify(path: &Path) -> Result<std::sync::Arc<super::Toolchain>, ToolchainError> {
        Toolchains::new(Paths::new().into()).identify(path, &|name| std::env::var_os(name))
    }

    #[test]
    fn the_real_gcc_is_identified() {
        let gcc = identify(Path::new("/usr/bin/gcc")).unwrap();
        assert_eq!(gcc.family, Family::Gcc);
        assert!(gcc.files.len() > 5, "driver, cc1, as and their libraries: {:?}", gcc.files);
        let dirs = gcc.builtin_dirs(&["-x".into(), "c".into()]).unwrap();
        assert!(dirs.iter().any(|dir| dir == "/usr/include"), "{dirs:?}");
    }

    #[test]
    fn a_script_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("gcc");
        std::fs::write(&script, "#!/bin/sh\nexec gcc \"$@\"\n").unwrap();
        let error = identify(&script).unwrap_err();
        assert!(matches!(error, ToolchainError::Unknown { .. }), "{error}");
    }

    #[test]
    fn another_compiler_at_the_same_path_has_another_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("cc");
        std::os::unix::fs::symlink("/usr/bin/gcc", &link).unwrap();
        let toolchains = Toolchains::new(Paths::new().into());
        let before = toolchains.identify(&link, &|name| std::env::var_os(name)).unwrap();
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/usr/bin/g++", &link).unwrap();
        let after = toolchains.identify(&link, &|name| std::env::var_os(name)).unwrap();
        assert_ne!(before.fingerprint, after.fingerprint);
    }

    #[test]
    fn folders_are_read_off_the_verbose_text() {
        let text = "x\n#include \"...\" search starts here:\n#include <...> search starts here:\n /a\n /b c\nEnd of search list.\n";
        assert_eq!(search_list(text), ["/a", "/b c"]);
    }
}
