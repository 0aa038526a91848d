//! Which compiler a call means: the three ways to call the shim.
//!
//! - By its own name (`spec-cc -c x.c`): `SPEC_CC_COMPILER`, else the first `cc` on `PATH` (`c++` for `spec-c++`). Or
//!   `spec-ar`: `SPEC_CC_AR`, else the first `ar`.
//! - As a launcher (`spec-cc gcc -c x.c`): the program that the first argument names.
//! - By a compiler's name (a link `gcc`): the next program of that name on `PATH`.
//!
//! What is spec-cc itself, under whatever name, is passed over, so that no call can come back to the shim; and so is a wrapper that
//! has called it, or would.

use crate::environment::Environment;
use crate::identity::is_spec_cc;
use crate::passed::{Passed, is_cache};
use crate::place::join;
use crate::suffix::is_input_name;
use crate::sys::{c_string, file};
use crate::wire::Bytes;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

/// Where the shell looks when `PATH` is not set (`confstr(_CS_PATH)` of glibc).
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// A program found, and how the user would have called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// Its absolute path.
    pub path: CString,
    /// The name it is called by: what the user wrote, or the path where that name alone would lead to spec-cc.
    pub argv0: CString,
    /// How many arguments of the shim's call come before the compiler's own.
    pub skip: usize,
}

/// Why there is no compiler to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Nothing of this name but spec-cc itself, if that, in these places.
    NotFound {
        /// The name or path looked for.
        name: Bytes,
        /// The `PATH` searched; empty for a path.
        places: Bytes,
    },
    /// This file is not a program that this user may execute.
    NotExecutable(Bytes),
    /// This program has come back to spec-cc again and again.
    Endless(Bytes),
}

impl Missing {
    /// Returns the exit status that a shell gives here (POSIX Shell, 2.8.2).
    pub fn exit_status(&self) -> i32 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable(_) | Self::Endless(_) => 126,
        }
    }

    /// Returns one line that says what was looked for and where.
    pub fn message(&self) -> Bytes {
        let parts: &[&[u8]] = match self {
            Self::NotFound { name, places } if places.is_empty() => &[name, b": no such file"],
            Self::NotFound { name, places } => {
                &[b"no ", name, b" that is not spec-cc on PATH (", places, b")"]
            }
            Self::NotExecutable(path) => &[path, b": not executable"],
            Self::Endless(path) => {
                &[path, b" runs spec-cc again, without end: name the compiler that it is to run by its path"]
            }
        };
        [b"spec-cc: no compiler: ", parts.concat().as_slice(), b"\n"].concat()
    }
}

/// Returns the compiler that a call of the shim means, below the shims that have run what is `passed`.
pub(crate) fn find(argv: &[&CStr], env: &Environment, passed: &Passed) -> Result<Compiler, Missing> {
    let finder = Finder { path: env.get("PATH").unwrap_or(DEFAULT_PATH), passed };
    let found = finder.find(argv, env)?;
    if passed.is_endless() { Err(Missing::Endless(found.path.to_bytes().to_vec())) } else { Ok(found) }
}

/// Returns whether the call, by a name of the shim's own, asks for the shim's version. `--version` asks for the compiler's.
pub(crate) fn asks_for_version(argv: &[&CStr]) -> bool {
    matches!(argv, [name, argument]
        if role_of(basename(name.to_bytes())).is_some() && argument.to_bytes() == b"--spec-cc-version")
}

/// What one of the shim's own names stands for.
struct Role {
    name: &'static [u8],
    program: &'static [u8],
    /// The variable that names another program.
    variable: &'static str,
    /// Whether the first argument may name the program: an archiver's is its operation, and no option.
    launches: bool,
}

const ROLES: [Role; 3] = [
    Role { name: b"spec-cc", program: b"cc", variable: "SPEC_CC_COMPILER", launches: true },
    Role { name: b"spec-c++", program: b"c++", variable: "SPEC_CC_COMPILER", launches: true },
    Role { name: b"spec-ar", program: b"ar", variable: "SPEC_CC_AR", launches: false },
];

fn role_of(name: &[u8]) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

struct Finder<'a> {
    path: &'a [u8],
    passed: &'a Passed,
}

impl Finder<'_> {
    /// Returns the compiler that a call of the shim means.
    fn find(&self, argv: &[&CStr], env: &Environment) -> Result<Compiler, Missing> {
        let mut skip = 1;
        loop {
            // A call without any name (`argv[0]` empty or missing) is one by our own.
            let own = argv.get(skip - 1).map(|name| name.to_bytes()).filter(|name| !name.is_empty());
            let own = own.unwrap_or(b"spec-cc");
            let Some(role) = role_of(basename(own)) else {
                return self.on_path(basename(own), skip);
            };
            let first = argv.get(skip).map(|arg| arg.to_bytes());
            // An argument that is spec-cc counts as the name the shim was called by.
            if first.is_some_and(|arg| role_of(basename(arg)).is_some() || has_slash(arg) && is_spec_cc(arg))
            {
                skip += 1;
                continue;
            }
            let first = first.filter(|_| role.launches);
            let launched = first.and_then(|arg| self.launched(arg, argv, skip + 1));
            return launched.unwrap_or_else(|| {
                self.resolve(env.get(role.variable).unwrap_or(role.program), role.program, skip)
            });
        }
    }

    /// Returns the program that a first argument names, unless it is the first of a compile's own arguments.
    ///
    /// That it is when it looks like an option or an input file, or is a file that cannot be executed; a name that is
    /// nothing at all is a program that is missing.
    fn launched(&self, arg: &[u8], argv: &[&CStr], skip: usize) -> Option<Result<Compiler, Missing>> {
        if matches!(arg.first(), None | Some(b'-' | b'@')) || is_input_name(arg) {
            return None;
        }
        let here = file::stat(arg);
        if !has_slash(arg) {
            let found = self.on_path(arg, skip);
            return (found.is_ok() || here.is_err()).then_some(found);
        }
        let is_program = here.map_or(true, |stat| {
            // A link may take a file of any name; a compile has nothing to do with one.
            stat.is_file() && (file::is_executable(arg) || argv.contains(&c"-c"))
        });
        // What is spec-cc itself never gets here, so that no driver is asked for.
        is_program.then(|| self.resolve(arg, b"cc", skip))
    }

    /// Returns the program of this name or path; `driver` in place of spec-cc.
    fn resolve(&self, name: &[u8], driver: &[u8], skip: usize) -> Result<Compiler, Missing> {
        if !has_slash(name) {
            let name = if role_of(name).is_some() { driver } else { name };
            return self.on_path(name, skip);
        }
        match file::stat(name) {
            Ok(stat) if !stat.is_file() || !file::is_executable(name) => {
                Err(Missing::NotExecutable(name.to_vec()))
            }
            Ok(_) if is_spec_cc(name) => self.resolve(basename(name), driver, skip),
            Ok(_) => compiler(&absolute(name), name, skip),
            Err(_) => Err(Missing::NotFound { name: name.to_vec(), places: Vec::new() }),
        }
    }

    /// Returns whether the program has called this shim, or would take it for the compiler of this name.
    fn leads_back(&self, program: &[u8], name: &[u8]) -> bool {
        self.passed.has_wrapper(program)
            || is_cache(program) && self.candidates(name).any(|other| is_spec_cc(&other))
    }

    /// Returns the files of this name on `PATH`.
    fn candidates(&self, name: &[u8]) -> impl Iterator<Item = Bytes> {
        let folders = self.path.split(|&byte| byte == b':');
        let files = folders.map(move |folder| join(if folder.is_empty() { b"." } else { folder }, name));
        files.filter(|file| file::stat(file).is_ok_and(|stat| stat.is_file()))
    }

    /// Searches `PATH` as `execvp(3)` does, but for spec-cc and for what leads back to it.
    fn on_path(&self, name: &[u8], skip: usize) -> Result<Compiler, Missing> {
        let (mut passed_over, mut denied) = (false, None);
        for candidate in self.candidates(name) {
            if !file::is_executable(&candidate) {
                denied.get_or_insert(candidate);
            } else if is_spec_cc(&candidate) || self.leads_back(&candidate, name) {
                passed_over = true;
            } else {
                let path = absolute(&candidate);
                // Compilers look for their parts beside the file that their name leads to: it must not be us.
                let argv0 = if passed_over { &path } else { name };
                return compiler(&path, argv0, skip);
            }
        }
        Err(denied.map_or_else(
            || Missing::NotFound { name: name.to_vec(), places: self.path.to_vec() },
            Missing::NotExecutable,
        ))
    }
}

fn compiler(path: &[u8], argv0: &[u8], skip: usize) -> Result<Compiler, Missing> {
    let missing = |_| Missing::NotFound { name: path.to_vec(), places: Vec::new() };
    Ok(Compiler { path: c_string(path).map_err(missing)?, argv0: c_string(argv0).map_err(missing)?, skip })
}

/// Returns the path from the root; as it is when the working directory is gone.
fn absolute(path: &[u8]) -> Bytes {
    match file::working_directory() {
        Ok(folder) if path.first() != Some(&b'/') => join(&folder, path.strip_prefix(b"./").unwrap_or(path)),
        _ => path.to_vec(),
    }
}

fn has_slash(name: &[u8]) -> bool {
    name.contains(&b'/')
}

pub(crate) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}
