//! What strace saw: compiles, each with the files its processes opened, wrote and missed.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::support::strace::quoted;

/// A compiler driver's run for `-c`, and all that it started.
#[derive(Debug, Default)]
pub(crate) struct Compile {
    /// The driver and its arguments.
    pub(crate) args: Vec<String>,
    /// The folder it ran in.
    pub(crate) folder: PathBuf,
    /// Files opened for reading only, as the kernel resolved them.
    pub(crate) read: BTreeSet<PathBuf>,
    /// Files that were opened for writing too, or run.
    pub(crate) own: BTreeSet<PathBuf>,
    /// Paths that did not exist when they were looked for, as they were named, below `folder` if relative.
    pub(crate) missed: BTreeSet<PathBuf>,
}

impl Compile {
    /// The file after `-o`, absolute; `None` without one.
    pub(crate) fn object(&self) -> Option<PathBuf> {
        let at = self.args.iter().position(|arg| arg == "-o")?;
        Some(clean(&self.folder.join(self.args.get(at + 1)?)))
    }
}

/// `script` run under strace, with what it sees in `log`.
pub(crate) fn traced(script: &str, log: &Path) -> String {
    let calls = "execve,fork,vfork,clone,clone3,open,openat,access,stat,newfstatat,readlink";
    // Without abbreviation, since a driver's arguments may be many and long.
    let options = format!("-f -qq -y --seccomp-bpf -s 65536 -e abbrev=none -e signal=none -e trace={calls}");
    format!("strace {options} -o {} sh -ec {}", log.display(), shell_words::quote(script))
}

/// The compiles in a log; panics where the log makes no sense.
pub(crate) fn compiles(log: &Path) -> Vec<Compile> {
    let text = fs::read(log).expect("strace leaves a log");
    let mut trace = Trace::default();
    for line in String::from_utf8_lossy(&text).lines() {
        trace.take(line);
    }
    trace.compiles
}

#[derive(Default)]
struct Trace {
    compiles: Vec<Compile>,
    processes: HashMap<u32, Process>,
    /// The beginnings of calls during which another process was heard of.
    unfinished: HashMap<u32, String>,
}

/// Which compile a process belongs to; calls seen before it is known whose child it is.
#[derive(Default)]
struct Process {
    compile: Option<usize>,
    early: Vec<String>,
    known: bool,
}

impl Trace {
    fn take(&mut self, line: &str) {
        let (pid, call) = line.split_once(' ').expect("a line begins with a process");
        let pid = pid.parse().expect("a process has a number");
        let call = call.trim_start();
        if call.starts_with("+++") {
            self.processes.remove(&pid);
        } else if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            self.unfinished.insert(pid, begun.to_owned());
        } else if let Some((_, rest)) =
            call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"))
        {
            let begun = self.unfinished.remove(&pid).unwrap_or_default();
            self.call(pid, &(begun + rest));
        } else {
            self.call(pid, call);
        }
    }

    fn call(&mut self, pid: u32, call: &str) {
        // The first process is nobody's child.
        let first = self.processes.is_empty();
        let process = self.processes.entry(pid).or_default();
        process.known |= first;
        if !process.known {
            process.early.push(call.to_owned());
            return;
        }
        let Some((name, rest)) = call.split_once('(') else { return };
        let Some((args, result)) =
            rest.rsplit_once(") ").and_then(|(args, tail)| Some((args, tail.trim().strip_prefix("= ")?)))
        else {
            return;
        };
        match name {
            "fork" | "vfork" | "clone" | "clone3" => self.child(pid, result),
            "execve" if result == "0" => self.program(pid, args),
            _ => self.file(pid, name, args, result),
        }
    }

    fn child(&mut self, parent: u32, result: &str) {
        let Ok(child) = result.split(' ').next().unwrap_or_default().parse() else { return };
        let compile = self.processes.get(&parent).and_then(|process| process.compile);
        let process = self.processes.entry(child).or_default();
        process.known = true;
        process.compile = compile;
        for call in std::mem::take(&mut process.early) {
            self.call(child, &call);
        }
    }

    fn program(&mut self, pid: u32, args: &str) {
        let mut words = quoted(args);
        let program = PathBuf::from(words.next().unwrap_or_default());
        // The environment follows in brackets of its own.
        let end = args.find("\"], [").map_or(args.len(), |at| at + 1);
        let words: Vec<String> = quoted(&args[..end]).skip(1).collect();
        let Some(process) = self.processes.get_mut(&pid) else { return };
        if process.compile.is_none() && is_driver(&program) && words.iter().any(|word| word == "-c") {
            process.compile = Some(self.compiles.len());
            self.compiles.push(Compile { args: words, ..Compile::default() });
        }
        if let Some(compile) = process.compile.and_then(|at| self.compiles.get_mut(at)) {
            compile.own.insert(fs::canonicalize(&program).unwrap_or(program));
        }
    }

    fn file(&mut self, pid: u32, name: &str, args: &str, result: &str) {
        let compile = self.processes.get(&pid).and_then(|process| process.compile);
        let Some(compile) = compile.and_then(|at| self.compiles.get_mut(at)) else { return };
        if let Some((folder, _)) = args.strip_prefix("AT_FDCWD<").and_then(|rest| rest.split_once(">, "))
            && compile.folder.as_os_str().is_empty()
        {
            compile.folder = folder.into();
        }
        if result.starts_with("-1 ENOENT") {
            compile.missed.extend(quoted(args).next().filter(|path| !path.is_empty()).map(PathBuf::from));
        } else if let Some((_, path)) = result.split_once('<').filter(|_| name.starts_with("open")) {
            let path = PathBuf::from(path.trim_end_matches('>'));
            let read = args.contains("O_RDONLY") && !args.contains("O_CREAT");
            if read { &mut compile.read } else { &mut compile.own }.insert(path);
        }
    }
}

/// The drivers behind all links; what spec-cc calls itself is none.
fn is_driver(program: &Path) -> bool {
    let real = fs::canonicalize(program).unwrap_or_default();
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split('-').any(|part| ["gcc", "g++", "clang"].contains(&part))
}

/// The path without `.` and `..`; good for folders that are no links.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}
