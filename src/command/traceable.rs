//! Commands whose reads are observed instead of foreseen: configure tests, links, archives, and all else that is no plain compile.

use std::io;
use std::path::Path;

use super::driver::driver;
use super::probe::is_test_source;
use super::varying::{Tool, varying};
use super::{Invocation, Kind, kind_of_program, macros, refused, response};
use crate::base::variable::Variable;

/// What can be said of such a command from its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceable {
    /// The arguments without `argv[0]`.
    pub args: Vec<String>,
    /// Those that may name files that it reads.
    pub operands: Vec<String>,
    /// The file that it makes, if an argument names one.
    pub output: Option<String>,
    /// Whether it is a configure test: its files are made for this one command.
    pub probe: bool,
    /// The macros that its arguments define, as a source would.
    pub macros: String,
}

/// Options whose argument names no input.
const NO_INPUT: &[&str] = &[
    "-o",
    "-x",
    "-MF",
    "-MT",
    "-MQ",
    "-I",
    "-L",
    "-D",
    "-U",
    "-isystem",
    "-idirafter",
    "-iquote",
    "-Xlinker",
    "-z",
    "-u",
];

/// Returns what `inv` is if it may be traced; `None` when its result could depend on what no tracer sees.
///
/// `reader` gives the bytes of files of words.
pub fn traceable(
    inv: &Invocation,
    environment: &[Variable],
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Option<Traceable> {
    let name = inv.compiler.file_name()?.to_str()?;
    let archive = kind_of_program(name) == Kind::Archive;
    if !archive && driver(name).is_none() || environment.iter().any(|(name, _)| refused(name).is_some()) {
        return None;
    }
    let args: Vec<String> =
        inv.args.iter().map(|arg| arg.to_str().map(str::to_owned)).collect::<Option<_>>()?;
    let words = response::expand(args.clone(), &inv.cwd, reader).ok()?;
    let tool = if archive { Tool::Archiver } else { Tool::Driver };
    // Standard input is read for certain: to no end is it traced.
    if words.iter().any(|word| word == "-") || varying(tool, &words, &inv.cwd, reader).ok()?.is_some() {
        return None;
    }
    let macros = macros::defined(&words);
    let (output, operands) = if archive { of_archiver(&args) } else { of_driver(&args) };
    let probe = operands.iter().chain(&output).any(|path| is_test_source(path, &inv.cwd));
    (!operands.is_empty()).then_some(Traceable { args, operands, output, probe, macros })
}

fn of_driver(args: &[String]) -> (Option<String>, Vec<String>) {
    let (mut output, mut operands) = (None, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "-o" {
            output = args.next().cloned();
        } else if NO_INPUT.contains(&arg.as_str()) {
            args.next();
        } else if !arg.starts_with('-') {
            operands.push(named(arg));
        } else if let Some(path) = arg.strip_prefix("-o") {
            output = Some(path.to_owned());
        }
    }
    (output, operands)
}

/// The file that an argument names: of `@file`, that one.
fn named(arg: &str) -> String {
    arg.strip_prefix('@').unwrap_or(arg).to_owned()
}

/// `ar [-]OPERATION… [POSITION] ARCHIVE FILE…` (`ar(1)`), or `ranlib ARCHIVE`: the archive is the first that looks like one.
fn of_archiver(args: &[String]) -> (Option<String>, Vec<String>) {
    let is_archive = |arg: &&String| Path::new(arg.as_str()).extension().is_some_and(|suffix| suffix == "a");
    let output = args.iter().find(is_archive).cloned();
    let others = args.iter().filter(|arg| !arg.starts_with('-') && Some(*arg) != output.as_ref());
    let operands: Vec<String> = others.map(|arg| named(arg)).collect();
    // Without any, it is the archive itself that is read.
    let operands = if operands.is_empty() { output.iter().cloned().collect() } else { operands };
    (output, operands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Traceable> {
        let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let mut words = shell_words::split(line).unwrap().into_iter();
        let compiler = format!("/usr/bin/{}", words.next().unwrap()).into();
        traceable(
            &Invocation { compiler, args: words.map(Into::into).collect(), cwd: "/w".into() },
            &[],
            &none,
        )
    }

    #[test]
    fn operands_and_outputs_are_told_apart() {
        let link = of("gcc -g -o app -L lib a.o b.o -lm").unwrap();
        assert_eq!((link.output.as_deref(), link.operands.len(), link.probe), (Some("app"), 2, false));
        let test = of("gcc -o conftest -g -O2 conftest.c -lm").unwrap();
        assert!(test.probe);
        let archive = of("ar cr libx.a a.o b.o").unwrap();
        assert_eq!(archive.output.as_deref(), Some("libx.a"));
        assert_eq!(archive.operands, ["cr", "a.o", "b.o"]);
        assert_eq!(of("ar cr libx.a @list").unwrap().operands, ["cr", "list"]);
        assert_eq!(of("ranlib libx.a").unwrap().operands, ["libx.a"]);
        assert!(of("gcc CMakeFiles/cmTC_1.dir/x.c.o -o cmTC_1").is_some());
    }

    #[test]
    fn what_a_tracer_does_not_see_is_left_alone() {
        for line in [
            "gcc -E -",
            "gcc --version",
            "gcc -march=native a.c",
            "ar -M",
            "ls a.c",
            "gcc -ftime-report a.c",
            "gcc -wrapper sh,-c,id a.c",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
