//! Traced commands: configure tests, links, archives, and whatever else is no plain compile. See `docs/rooms/traced.md`.
//!
//! What such a command touches is not predicted but observed, by the tracer, each time it runs. Its result is kept under
//! its arguments, its environment and the state of all those paths: a folder, a file's content, or nothing there. A program
//! that is given the same again takes the same course. The first thing that differs is among the paths, and changes the key.

pub mod archive;
pub mod elsewhere;
pub mod left;
pub mod mirror;
pub mod observe;
pub mod observed;
pub mod perform;
pub mod state;
mod texts;
pub mod traits;
pub mod work;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::base::digest::Digest;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::base::variable::Variable;
use crate::cache::outcome::Outcome;
use crate::command::{self, Bypass, Family, Invocation, Kind, Scratch, Traceable, Verdict, normalise};
use crate::compile::engine::Engine;
use crate::compile::recorded::Recorded;
use crate::compile::recorded::templated;
use crate::compile::site::Site;
use crate::directives::{self, Hazards};
use crate::inputs::private::read_shared;
use crate::store::{self, Record, RecordId};
use crate::traced::observed::Observed;
pub(crate) use perform::perform;

/// What can be said of a command that may be traced; `None` of one that has the time in it.
fn tell(
    inv: &Invocation,
    environment: &[Variable],
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Option<Traceable> {
    let traceable = command::traceable(inv, environment, reader)?;
    let hazards = directives::scan(traceable.macros.as_bytes()).hazards;
    hazards.intersection(Hazards::CLOCK).is_empty().then_some(traceable)
}

/// How a command may be run once more after it was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondRun {
    /// Whatever it has left.
    AsItIs,
    /// Once this file is removed.
    Without(PathBuf),
    /// Not at all.
    Never,
}

/// A traced command, as a build asks for it or as a record remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The program's absolute path.
    pub program: String,
    /// The arguments, `argv[0]` first: it is in messages.
    pub argv: Vec<String>,
    /// The variables of the environment that it may listen to, sorted by name.
    pub environment: Vec<Variable>,
    /// The working directory, absolute.
    pub directory: String,
    /// The file that it makes, if an argument names one.
    pub output: Option<String>,
    /// Those of its arguments that may name files that it reads.
    pub operands: Vec<String>,
    /// Whether it is a configure test: its files are made for this one command.
    pub probe: bool,
    /// The random names that the fixed ones in all of the above stand for.
    pub scratch: Scratch,
}

impl Traced {
    /// The command of an invocation, if it may be traced.
    pub fn new(inv: &Invocation, argv0: &str, environment: &[Variable], directory: &str) -> Option<Self> {
        let traceable = tell(inv, environment, &read_shared)?;
        let mut environment: Vec<_> =
            environment.iter().filter(|(name, _)| command::keyed_traced(name)).cloned().collect();
        environment.sort_unstable();
        let random =
            if traceable.probe { Scratch::of(&traceable.args, directory) } else { Scratch::default() };
        let fix = |text: &String| random.fix(text);
        Some(Self {
            program: inv.compiler.to_str()?.to_owned(),
            argv: std::iter::once(argv0)
                .chain(traceable.args.iter().map(String::as_str))
                .map(|arg| random.fix(arg))
                .collect(),
            environment,
            directory: random.fix(directory),
            output: traceable.output.as_ref().map(fix),
            operands: traceable.operands.iter().map(fix).collect(),
            probe: traceable.probe,
            scratch: random,
        })
    }

    /// Whether it may be traced with what is in its files of words, which `reader` gives.
    pub(super) fn is_traceable(&self, reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> bool {
        let args = self.argv.iter().skip(1);
        let inv = Invocation {
            compiler: PathBuf::from(&self.program),
            args: args.map(|arg| self.scratch.unfix(arg).into()).collect(),
            cwd: self.absolute(""),
        };
        tell(&inv, &self.environment, reader).is_some()
    }

    /// The command that a record stands for at a session's place; `None` when it can no longer be traced.
    pub fn from_record(record: &Record, site: &Site) -> Option<Self> {
        Self::revived(record, &site.root, &site.recorded(&record.env, command::keyed_traced))
    }

    /// Whether a record is that of a configure test.
    pub fn is_probe(record: &Record) -> bool {
        record.traced.is_some() && Self::revived(record, "/", &record.env).is_some_and(|traced| traced.probe)
    }

    /// What a record's command does, and the file that it does it to, templated; `Kind::Probe` is a configure test.
    pub fn kind(record: &Record) -> (Kind, String) {
        if record.traced.is_none() {
            return (Kind::Compile, record.source.clone());
        }
        let program = Path::new(&record.compiler);
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if command::kind_of_program(name) == Kind::Archive {
            return (Kind::Archive, record.source.clone());
        }
        if Self::is_probe(record) {
            return (Kind::Probe, record.source.clone());
        }
        let args = record.args.iter().skip(1);
        let inv = Invocation {
            compiler: program.to_owned(),
            args: args.map(Into::into).collect(),
            cwd: PathBuf::from(&record.cwd),
        };
        let unread = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let driver = command::driver(name);
        let family = driver.and_then(|driver| driver.family_hint).unwrap_or(Family::Gcc);
        match command::read(&inv, family, driver.is_some_and(|driver| driver.cplusplus), &unread) {
            Verdict::Compile(compile) => (Kind::Compile, compile.source),
            Verdict::Bypass(Bypass { kind, .. }) => {
                let operands = command::traceable(&inv, &[], &unread).map(|traceable| traceable.operands);
                let operand =
                    operands.filter(|_| kind == Kind::Compile).and_then(|all| all.into_iter().next());
                (kind, operand.unwrap_or_else(|| record.source.clone()))
            }
        }
    }

    fn revived(record: &Record, root: &str, environment: &[Variable]) -> Option<Self> {
        let back = |text: &String| normalise::from_template(text, root);
        let (argv0, args) = record.args.split_first()?;
        let directory = back(&record.cwd);
        let inv = Invocation {
            compiler: PathBuf::from(&record.compiler),
            args: args.iter().map(|arg| back(arg).into()).collect(),
            cwd: PathBuf::from(&directory),
        };
        Self::new(&inv, &back(argv0), environment, &directory)
    }

    /// The record's name. That of a configure test goes by what is in the files it is given, for there are many tests with the
    /// same arguments; any other command's by what it makes, so that a changed flag keeps it.
    pub fn id(&self, root: &str, mut content: impl FnMut(&Path) -> Option<Digest>) -> RecordId {
        let mut what = match &self.output {
            Some(output) if !self.probe => {
                return RecordId::of(&templated(&self.directory, root), &templated(output, root));
            }
            _ => self.argv.iter().map(|arg| templated(arg, root)).collect::<Vec<_>>().join("\0"),
        };
        if self.probe {
            for digest in self.operands.iter().filter_map(|path| content(&self.absolute(path))) {
                what.push('\0');
                what.push_str(&digest.hex());
            }
        }
        RecordId::of(&templated(&self.directory, root), &what)
    }

    /// A record of it, without what it cost and how it was used.
    pub fn record_of(&self, id: RecordId, root: &str, seen: &Observed) -> Record {
        let given = seen.given.iter().map(|given| store::Given {
            path: templated(&given.path, root),
            real: templated(&given.real, root),
            content: given.content,
        });
        Record {
            source: templated(self.label(), root),
            outputs: seen.outcome.files.iter().map(|file| templated(&file.path, root)).collect(),
            traced: Some(store::Traced { given: given.collect() }),
            ..self.record(id, root)
        }
    }

    /// Where it runs, behind all links; the working directory itself while that is not there.
    pub(super) fn real_directory(&self) -> String {
        let directory = self.absolute("");
        let real =
            fs::canonicalize(&directory).ok().and_then(|real| real.into_os_string().into_string().ok());
        real.map_or_else(|| self.directory.clone(), |real| self.scratch.fix(&real))
    }

    /// Whether its messages go to a file, so that how they look is in what it leaves.
    pub(super) fn reports_to_a_file(&self) -> bool {
        const OPTIONS: [&str; 3] = ["diagnostics-format", "diagnostics-add-output", "diagnostics-set-output"];
        self.argv.iter().any(|arg| OPTIONS.iter().any(|option| arg.contains(option)))
    }

    /// Whether its program changes the archive that is there, or makes one where there is none.
    pub(crate) fn is_archiver(&self) -> bool {
        let name = Path::new(&self.program).file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| command::kind_of_program(name) == Kind::Archive)
    }

    /// How it may be run once more, should it be killed now. Compilers and linkers write their files anew. An archiver changes the
    /// archive that is there, where it lies: a half of that is nothing to go on from.
    pub fn second_run(&self) -> SecondRun {
        if !self.is_archiver() {
            return SecondRun::AsItIs;
        }
        let archive = self.output.as_ref().map(|output| self.absolute(output));
        let is_new = |archive: &PathBuf| {
            fs::symlink_metadata(archive).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        archive.filter(is_new).map_or(SecondRun::Never, SecondRun::Without)
    }

    /// A name for messages: what is made, or else the first file.
    pub fn label(&self) -> &str {
        self.output.as_ref().or(self.operands.first()).map_or("", String::as_str)
    }

    /// The absolute form of a path that the command names, with its random names.
    pub fn absolute(&self, path: &str) -> PathBuf {
        let path = Path::new(&self.directory).join(path);
        if self.scratch.is_empty() { path } else { self.scratch.unfix(&path.to_string_lossy()).into() }
    }

    /// Whether a file may be an output: it lies below the root or the working directory, or beside the output that is named.
    pub(crate) fn may_leave(&self, path: &Path, root: &str) -> bool {
        let beside = self.output.as_ref().map(|output| lexical(&self.absolute(output)));
        let path = lexical(path);
        path.starts_with(root)
            || path.starts_with(self.absolute(""))
            || beside.is_some_and(|output| output.parent() == path.parent())
    }

    /// An outcome with the command's own names in it.
    pub fn named(&self, mut outcome: Outcome) -> Outcome {
        if !self.scratch.is_empty() {
            for file in &mut outcome.files {
                file.path = self.scratch.unfix(&file.path);
            }
            for said in [&mut outcome.stdout, &mut outcome.stderr] {
                if let Ok(text) = std::str::from_utf8(said) {
                    *said = self.scratch.unfix(text).into_bytes();
                }
            }
        }
        outcome
    }

    /// The path that a fixed one stands for.
    pub(super) fn actual(&self, engine: &Engine, id: PathId) -> PathId {
        if self.scratch.is_empty() {
            return id;
        }
        engine.paths().intern(&self.scratch.unfix(&engine.name(id)))
    }
}

impl Recorded for Traced {
    const TRACED: bool = true;

    fn program(&self) -> &str {
        &self.program
    }

    fn args(&self) -> &[String] {
        &self.argv
    }

    fn environment(&self) -> &[Variable] {
        &self.environment
    }

    fn directory(&self) -> &str {
        &self.directory
    }

    fn product(&self) -> &str {
        self.label()
    }

    fn sources(&self) -> Vec<PathBuf> {
        let operands = self.operands.iter().filter(|_| self.probe);
        operands.map(|path| self.absolute(path)).collect()
    }

    fn keyed(name: &str) -> bool {
        command::keyed_traced(name)
    }
}
