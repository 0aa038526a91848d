//! What is understood of whole command lines, and what real compilers leave behind.

mod arbitrary;
mod breadth;
mod real_compilers;
mod scans;
mod verdicts;

use std::io;
use std::path::{Path, PathBuf};

use super::{Compile, Family, Invocation, Reason, Verdict, read};

/// Reads a command as `compiler` (`gcc`, `g++`, `clang`, `clang++`) would get it in `/work`, without response files.
fn read_as(compiler: &str, args: &[&str]) -> Verdict {
    let driver = super::driver(compiler).unwrap();
    let inv = Invocation {
        compiler: PathBuf::from(compiler),
        args: args.iter().map(Into::into).collect(),
        cwd: PathBuf::from("/work"),
    };
    let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
    read(&inv, driver.family_hint.unwrap_or(Family::Gcc), driver.cplusplus, &none)
}

/// Reads a one-line command that must be a compile.
fn compile(line: &str) -> Compile {
    let words = shell_words::split(line).unwrap();
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match read_as(&words[0], &args) {
        Verdict::Compile(compile) => *compile,
        Verdict::Bypass(bypass) => panic!("{line}: {}", bypass.reason),
    }
}

/// Reads a one-line command that must be bypassed.
fn bypass(line: &str) -> super::Bypass {
    let words = shell_words::split(line).unwrap();
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match read_as(&words[0], &args) {
        Verdict::Bypass(bypass) => bypass,
        Verdict::Compile(_) => panic!("{line} is taken for a compile"),
    }
}

/// Why a one-line command is bypassed.
fn reason(line: &str) -> Reason {
    bypass(line).reason
}
