//! A companion and a tree, in which cases are run by the bare compiler and by spec-cc.
use super::case::{Case, Change, Command};
use super::observed::{self, Observed, Picture, without_temporary_names};
use super::yard;
use crate::support::sandbox::{Sandbox, search_path};
use crate::support::shell::{quiet, sh, succeed};
use serde_json::Value;
use spec_cc::companion::connection::{NO_ANSWER_YET, control_frame};
use spec_cc::companion::control::{Control, Opened};
use spec_cc::session::SessionRow;
use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{self, Stdio};

/// How many runs there were, and how many were served without a compiler.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    pub(crate) repeated: usize,
    /// Of those repeated.
    pub(crate) served: usize,
}

/// Where cases are run.
pub(crate) struct Stand {
    sandbox: Sandbox,
    tally: Cell<Tally>,
    element: Cell<usize>,
}

impl Stand {
    /// A stand with a companion of its own.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        yard::write(&sandbox.path("yard"));
        succeed(&mut sandbox.specctl(&["open"]));
        Self { sandbox, tally: Cell::default(), element: Cell::default() }
    }

    /// The counts over all cases so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.get()
    }

    /// Runs a case; an error says in which run, and how, spec-cc did something else than the compiler.
    pub(crate) fn check(&self, case: &Case) -> Result<(), String> {
        observed::lay_out(&self.sandbox.path("yard"), &self.tree());
        succeed(&mut sh(&self.tree(), &case.setup));
        // Records of an earlier case would be launched in this one's tree.
        self.element.set(self.element.get() + 1);
        let mut command = case.command.clone();
        let fails = |when: &str, error: String| format!("{when}: {error}");
        let plain = self.compare(&command, None).map_err(|error| fails("first run", error))?;
        self.repeat(&command, &plain).map_err(|error| fails("second run", error))?;
        for (number, change) in case.changes.iter().enumerate() {
            let changed = self.change(&mut command, change, case.opened_early);
            changed.map_err(|error| fails(&format!("change {number} ({change:?})"), error))?;
        }
        Ok(())
    }

    fn change(&self, command: &mut Command, change: &Change, opened_early: bool) -> Result<(), String> {
        let early = opened_early.then(|| Session::open(self));
        match change {
            // Parts of it may have nothing to change any more.
            Change::Tree(script) => {
                succeed(&mut sh(&self.tree(), &format!("set +e; exec 2>/dev/null; {script}\n:")));
            }
            Change::Input(input) => command.input.clone_from(input),
            Change::Argument(argument) => command.args.push(argument.clone()),
            Change::Variable(name, value) => command.variables.push((name.clone(), value.clone())),
        }
        let plain = self.compare(command, early)?;
        self.repeat(command, &plain).map_err(|error| format!("once more: {error}"))
    }

    /// Runs the command by the compiler and by spec-cc, and returns what the compiler did.
    fn compare(&self, command: &Command, early: Option<Session>) -> Result<Observed, String> {
        let before = Picture::of(&self.tree());
        let plain = self.run(command, None, &before);
        let session = early.unwrap_or_else(|| Session::open(self));
        let ours = self.run(command, Some(&session), &before);
        let served = session.close(self);
        self.judge(command, &plain, &ours, served, &before)?;
        let mut tally = self.tally.get();
        tally.runs += 1;
        self.tally.set(tally);
        Ok(plain)
    }

    /// Runs the command by spec-cc once more, where nothing has changed since the compiler did `plain`.
    fn repeat(&self, command: &Command, plain: &Observed) -> Result<(), String> {
        let before = Picture::of(&self.tree());
        let session = Session::open(self);
        let ours = self.run(command, Some(&session), &before);
        let served = session.close(self);
        let mut tally = self.tally.get();
        tally.runs += 1;
        tally.repeated += 1;
        tally.served += usize::from(served);
        self.tally.set(tally);
        self.judge(command, plain, &ours, served, &before)
    }

    /// Compares; a command that does something else each time must not be served, and is compared in outline.
    fn judge(
        &self,
        command: &Command,
        plain: &Observed,
        ours: &Observed,
        served: bool,
        before: &Picture,
    ) -> Result<(), String> {
        let Some(difference) = ours.differs_from(plain) else { return Ok(()) };
        let varies = command.reports() || self.run(command, None, before).differs_from(plain).is_some();
        let how = if served { "served" } else { "run" };
        let may_vary = varies && (!served || command.is_seeded());
        if may_vary && ours.outline() == plain.outline() {
            Ok(())
        } else {
            Err(format!("{how}: {difference}"))
        }
    }

    fn run(&self, command: &Command, session: Option<&Session>, before: &Picture) -> Observed {
        let tree = self.tree();
        let mut process = process_of(command, session.is_some());
        quiet(&mut process, &tree);
        process.args(&command.args).envs(self.variables()).env("PWD", &tree);
        process.envs(session.map(|session| ("SPEC_CC_SESSION", &session.opened.ticket)));
        process.envs(command.variables.iter().map(|(name, value)| (name, value)));
        let input = self.sandbox.path("input");
        std::fs::write(&input, &command.input).expect("write what the command reads");
        process.stdin(File::open(&input).expect("open what the command reads"));
        let output = process.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("run the command");
        let files = Picture::of(&tree).since(before);
        before.restore(&tree);
        let text = |bytes: &[u8]| without_temporary_names(&String::from_utf8_lossy(bytes));
        Observed {
            status: output.status.into_raw(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            files,
        }
    }

    /// Where all cases are run: the same path for both, so that the same bytes can be expected.
    fn tree(&self) -> PathBuf {
        self.sandbox.path("tree")
    }

    fn variables(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.sandbox.path(name).to_string_lossy().into_owned();
        vec![
            ("SPEC_CC_STORE".into(), path("store")),
            ("SPEC_CC_CACHE".into(), path("cache")),
            ("SPEC_CC_SOCKET".into(), path("socket")),
            ("SPEC_CC_ELEMENT".into(), format!("case-{}", self.element.get())),
            ("PATH".into(), search_path().to_string_lossy().into_owned()),
        ]
    }

    fn ask(&self, control: &Control) -> Value {
        let mut stream = UnixStream::connect(self.sandbox.path("socket")).expect("a companion listens");
        let request = serde_json::to_vec(control).expect("a request as JSON");
        stream.write_all(&control_frame(&request)).expect("ask the companion");
        let mut length = NO_ANSWER_YET;
        while length == NO_ANSWER_YET {
            stream.read_exact(&mut length).expect("the companion answers");
        }
        let mut answer = vec![0; u32::from_le_bytes(length) as usize];
        stream.read_exact(&mut answer).expect("the companion answers");
        let mut answer: Value = serde_json::from_slice(&answer).expect("an answer in JSON");
        assert!(answer.get("error").is_none(), "{answer}");
        answer["ok"].take()
    }
}

/// The process of a command, by spec-cc or without it; its arguments are still to come.
fn process_of(command: &Command, by_spec_cc: bool) -> process::Command {
    let mut process = match (&command.script, by_spec_cc) {
        (Some(_), _) => process::Command::new("sh"),
        (None, true) => process::Command::new("spec-cc"),
        (None, false) => process::Command::new(&command.compiler),
    };
    match &command.script {
        Some(script) => {
            process.arg("-c").arg(script).env("S", if by_spec_cc { "spec-cc" } else { "" });
        }
        None if by_spec_cc => drop(process.arg(&command.compiler)),
        None => {}
    }
    process
}

/// One session of the companion's, so that launches and what was learnt are settled before the next.
struct Session {
    opened: Opened,
}

impl Session {
    fn open(stand: &Stand) -> Self {
        let mut environment: Vec<_> =
            std::env::vars().filter(|(name, _)| !name.starts_with("SPEC_CC_")).collect();
        environment.retain(|(name, _)| !matches!(name.as_str(), "PATH" | "LD_LIBRARY_PATH"));
        environment.extend(stand.variables());
        let answer = stand.ask(&Control::Open { directory: stand.tree(), environment });
        Self { opened: serde_json::from_value(answer).expect("an opened session") }
    }

    /// Returns whether a compile was served in it.
    fn close(self, stand: &Stand) -> bool {
        let answer = stand.ask(&Control::Close { ticket: self.opened.ticket.clone(), succeeded: true });
        let row: SessionRow = serde_json::from_value(answer).expect("a closed session");
        let served = row.accounts.served;
        served.joined + served.prefetched + served.cached > 0
    }
}
