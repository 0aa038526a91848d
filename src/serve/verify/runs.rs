//! The runs that are compared: a compile's, a traced command's, a link's.

use std::path::{Path, PathBuf};

use spec_cc_shim::wire;
use spec_cc_tracer;
use spec_cc_tracer::Touched;

use super::differences::{Left, differences};
use super::{Ended, Expected, Incomparable, Subject, Verdict, seize};
use crate::base::lexical::plain;
use crate::compile::call::Call;
use crate::compile::instance::instantiate;
use crate::compile::link::call::LinkCall;
use crate::compile::link::linkage;
use crate::compile::site::Context;
use crate::inputs::search::intern;
use crate::inputs::snapshot::Snapshot;
use crate::session::companion::Companion;
use crate::traced::Traced;
use crate::traced::state::{Overrides, There, state};

impl Expected {
    /// Compares what a compile left; it began at `began_ns`.
    pub(crate) fn of_compile(
        &self,
        companion: &Companion,
        subject: Subject<'_>,
        (call, context): (&Call, Context<'_>),
        report: &wire::Report,
        began_ns: i64,
    ) -> Verdict {
        let left = || {
            let outputs = call.compile.outputs.iter().map(|output| &output.path);
            left(outputs.map(|path| (call.absolute(path), path.clone())))
        };
        self.judge(companion, subject, (report, false, Path::new(&call.directory)), left, || {
            let engine = &companion.engine;
            let reads = self.reads.as_ref().ok_or(Incomparable::OtherInputs)?;
            let mut snapshot = Snapshot::new(&engine.files);
            let now = instantiate(engine, &mut snapshot, call, reads, context);
            let same = now.is_ok_and(|now| Some(&now.keys.own.exact) == self.keys.first());
            stood(companion, same, &snapshot, began_ns)
        })
    }

    /// Compares what a traced command left; what it touched is listed in a file.
    pub(crate) fn of_traced(
        &self,
        companion: &Companion,
        subject: Subject<'_>,
        traced: &Traced,
        listed: &Path,
        report: &wire::Report,
        began_ns: i64,
    ) -> Verdict {
        let touched = spec_cc_tracer::read(listed).unwrap_or_default();
        let outcome = traced.named(self.outcome.clone());
        let outputs: Vec<_> = outcome.files.iter().map(|file| file.path.clone()).collect();
        let left = || left(written(traced, &outputs, &touched));
        let named = Self { outcome, ..self.clone() };
        named.judge(companion, subject, (report, true, &traced.absolute("")), left, || {
            let engine = &companion.engine;
            let reads = self.reads.as_ref().ok_or(Incomparable::OtherInputs)?;
            let overrides = before(companion, traced, &outputs, &touched);
            let mut snapshot = Snapshot::new(&engine.files);
            let now = state(engine, &mut snapshot, traced, &reads.set, overrides);
            let same = now.is_ok_and(|now| Some(&now.key.exact) == self.keys.first());
            stood(companion, same, &snapshot, began_ns)
        })
    }

    /// Compares what a link on a grid left.
    pub(crate) fn of_link(
        &self,
        companion: &Companion,
        subject: Subject<'_>,
        call: &LinkCall,
        report: &wire::Report,
    ) -> Verdict {
        let output = &call.link.output.path;
        let left = || left([(Path::new(&call.directory).join(output), output.clone())]);
        self.judge(companion, subject, (report, false, Path::new(&call.directory)), left, || {
            let now = linkage(&companion.engine, call).map(|now| now.key);
            let same = now.is_ok_and(|now| Some(&now) == self.keys.first());
            if same { Ok(()) } else { Err(Incomparable::OtherInputs) }
        })
    }

    /// Compares; `stands` says whether what would have been served then would be served now, so that a difference is no editor's.
    fn judge(
        &self,
        companion: &Companion,
        subject: Subject<'_>,
        (report, kept, directory): (&wire::Report, bool, &Path),
        left: impl FnOnce() -> Result<Vec<Left>, Incomparable>,
        stands: impl FnOnce() -> Result<(), Incomparable>,
    ) -> Verdict {
        let compared = Ended::of(report, kept, &self.outcome, subject).and_then(|ended| {
            Ok(differences(&companion.engine.cache, &self.outcome, directory, &left()?, &ended))
        });
        match compared {
            Err(why) => Verdict::Unknown(why),
            Ok(differs) if differs.is_empty() => Verdict::Same,
            Ok(differs) => match stands() {
                Ok(()) => seize(companion, subject, self, differs),
                Err(why) => Verdict::Unknown(why),
            },
        }
    }
}

/// That the inputs are what they were, all the while.
fn stood(
    companion: &Companion,
    same: bool,
    snapshot: &Snapshot<'_>,
    began_ns: i64,
) -> Result<(), Incomparable> {
    match snapshot.changed_since(began_ns) {
        _ if !same => Err(Incomparable::OtherInputs),
        Some((path, _)) => Err(Incomparable::Changed(companion.engine.name(path))),
        None => Ok(()),
    }
}

/// Those of these files that are there, each with the command's name for it.
fn left(files: impl IntoIterator<Item = (PathBuf, String)>) -> Result<Vec<Left>, Incomparable> {
    let mut found = Vec::new();
    for (path, name) in files {
        let left = Left::at(path, &name);
        found.extend(left.map_err(|source| Incomparable::Unreadable { name, source })?);
    }
    Ok(found)
}

/// The files that a traced command was to leave, and those that it wrote to.
fn written(traced: &Traced, outputs: &[String], touched: &Touched) -> Vec<(PathBuf, String)> {
    let full = |path: &str| {
        let path = traced.absolute(path);
        plain(&path).unwrap_or(path)
    };
    let mut files: Vec<_> = outputs.iter().map(|path| (full(path), path.clone())).collect();
    for access in touched.accesses.iter().filter(|access| access.written) {
        let path = full(&access.path);
        if !files.iter().any(|(candidate, _)| *candidate == path) {
            files.push((path, access.path.clone()));
        }
    }
    files
}

/// What was at the paths that a traced command has written since: nothing, or its result could not have been served.
fn before(companion: &Companion, traced: &Traced, outputs: &[String], touched: &Touched) -> Overrides {
    let made = touched.accesses.iter().filter(|access| access.written && !access.existed);
    let paths = made.map(|access| &access.path).chain(outputs);
    let id = |path: &String| intern(companion.engine.paths(), &traced.directory, &traced.scratch.fix(path));
    paths.map(|path| (id(path), There::Nothing)).collect()
}
