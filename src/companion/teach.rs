//! Commands that the shim runs: what is learnt from each, before and after the build goes on.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use spec_cc_shim::wire::{self, Reply};

use super::frames::{WAIT, reply, run};
use crate::cache::outcome::Outcome;
use crate::compile::link::link_side;
use crate::compile::not_kept::NotKept;
use crate::compile::perform::{SideChannel, let_tick_pass, side_channel};
use crate::inputs::stamp;
use crate::serve::lesson::{CompileLesson, LinkLesson, TracedLesson};
use crate::serve::request::Request;
use crate::serve::verify::cause::Shown;
use crate::serve::{learn, link, traced, verify};
use crate::session::companion::Companion;
use crate::session::counts::Way;
use crate::traced::SecondRun;
use crate::traced::observe::Unlearnt;
use crate::traced::perform::exit_status;

/// How long outputs may take to be copied away.
const COPYING: Duration = Duration::from_mins(1);

/// Has the shim run the compiler, and learns from it.
pub(super) fn teach(
    companion: &Arc<Companion>,
    stream: &mut UnixStream,
    request: &Request,
    lesson: &CompileLesson,
) -> io::Result<()> {
    let scratch = companion.engine.executor.scratch()?;
    let side = side_channel(&companion.engine, &lesson.command, request.variable("PATH"), scratch.path());
    let began_ns = begin(lesson.expected.is_some());
    let report = run(companion, stream, with(&side), &scratch).inspect_err(|_| lesson.tell(Way::Local))?;
    lesson.active.end();
    let held = companion.pulse.hold(stream, &WAIT, COPYING)?;
    let (subject, root) = (lesson.subject(&request.environment), &lesson.session.context.site.root);
    let verified = lesson.expected.as_deref().map(|expected| {
        let call = (&lesson.command, request.context(root));
        (expected, expected.of_compile(companion, subject, call, &report, began_ns))
    });
    let why = |shown: Shown<'_>| verified.map(|found| verify::conclude(companion, subject, found, &shown));
    let (cpu, wall) = costs(&report);
    let report = learn::Report {
        status: report.status,
        cpu,
        wall,
        stderr: (!report.truncated).then_some(report.stderr),
        printed: report.stdout_seen,
    };
    if report.status != 0 {
        lesson.tell_why(Way::Local, why(Shown::Nothing).as_ref().or(Some(&lesson.why)));
        drop(held);
        return reply(stream, &Reply::Done);
    }
    let taken = learn::take(companion, &lesson.command, &side, &report, request);
    drop(held);
    let _learning = lesson.session.begin_learning();
    let done = reply(stream, &Reply::Done);
    let learnt = learn::learn(companion, request, lesson, &side, taken, began_ns, &report);
    let shown = match &learnt {
        Ok((_, Some(NotKept::Hazard(why)))) => Shown::Not(why.clone()),
        Ok((set, _)) => Shown::Set(set),
        Err(why) => Shown::Not(why.to_string()),
    };
    match (why(shown), learnt) {
        (Some(why), _) => lesson.tell_why(Way::Local, Some(&why)),
        (None, Ok(_)) => lesson.tell(Way::Local),
        (None, Err(why)) => lesson.bypass(&why.to_string(), &request.args),
    }
    done
}

/// Has the shim run a link, and keeps its result.
pub(super) fn teach_link(
    companion: &Companion,
    stream: &mut UnixStream,
    lesson: LinkLesson,
) -> io::Result<()> {
    let scratch = companion.engine.executor.scratch()?;
    let side = link_side(&companion.engine, &lesson.call, &lesson.linkage, scratch.path());
    let Some(side) = side else {
        lesson.session.bypass("its linker does not say what it reads", &[], lesson.active.asked());
        return reply(stream, &Reply::Exec);
    };
    let began_ns = begin(lesson.expected.is_some());
    let report = run(companion, stream, with(&side), &scratch).inspect_err(|_| lesson.count(None))?;
    lesson.active.end();
    let held = companion.pulse.hold(stream, &WAIT, COPYING)?;
    let why = lesson.expected.as_deref().map(|expected| {
        let verdict = expected.of_link(companion, lesson.subject(), &lesson.call, &report);
        verify::conclude(companion, lesson.subject(), (expected, verdict), &Shown::Nothing)
    });
    lesson.count(why.as_ref());
    let output = lesson.call.link.output.path.clone();
    let told = report.stdout_seen || report.truncated;
    let mut outcome = Outcome { stderr: report.stderr, ..Outcome::default() };
    let taken = match &side.dependencies {
        _ if report.status != 0 || told => Err(link::LinkNotKept::Failed),
        None => Err(link::LinkNotKept::Unlisted),
        Some(listed) => std::fs::read(listed).map_err(link::LinkNotKept::from),
    };
    let path = Path::new(&lesson.call.directory).join(&output);
    let taken = taken.and_then(|listed| {
        outcome.add(&companion.engine.cache, &output, &path)?;
        Ok(listed)
    });
    drop(held);
    let done = reply(stream, &Reply::Done);
    let kept = taken.and_then(|listed| link::store(companion, lesson, &listed, began_ns, &outcome));
    if let Err(why) = kept {
        tracing::info!("link of {output} is not kept: {why}");
    }
    done
}

/// Has the shim run a command under a tracer, and learns from what it touched.
pub(super) fn teach_traced(
    companion: &Companion,
    stream: &mut UnixStream,
    request: &Request,
    lesson: &TracedLesson,
) -> io::Result<()> {
    let scratch = companion.engine.executor.scratch()?;
    let listed = scratch.path().join("trace");
    let began_ns = begin(lesson.expected.is_some());
    let tracer = companion.engine.tracer.as_deref().unwrap_or(Path::new(""));
    let prefix = [tracer.as_os_str().as_bytes(), b"beside", listed.as_os_str().as_bytes()];
    let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
    // Should the tracer be killed.
    let (witness, undone) = match lesson.command.second_run() {
        SecondRun::AsItIs => (bytes(&listed), Vec::new()),
        SecondRun::Without(half) => (bytes(&listed), vec![bytes(&half)]),
        SecondRun::Never => (Vec::new(), Vec::new()),
    };
    let run_it = wire::Run {
        prefix: prefix.map(<[u8]>::to_vec).to_vec(),
        stdout: true,
        witness,
        undone,
        ..wire::Run::default()
    };
    let report = run(companion, stream, run_it, &scratch).inspect_err(|_| lesson.tell(Way::Local))?;
    lesson.active.end();
    let held = companion.pulse.hold(stream, &WAIT, COPYING)?;
    let subject = lesson.subject(&request.environment);
    let verified = lesson.expected.as_deref().map(|expected| {
        (expected, expected.of_traced(companion, subject, &lesson.command, &listed, &report, began_ns))
    });
    let (cpu, wall) = costs(&report);
    let told = exit_status(report.status).filter(|_| !report.truncated);
    let uncaught = || Unlearnt::because("its end or its messages were not caught");
    let observed = told.ok_or_else(uncaught).and_then(|status| {
        let told = Outcome { status, stdout: report.stdout, stderr: report.stderr, files: Vec::new() };
        traced::learn(companion, request, lesson, told, &listed, began_ns)
    });
    let shown = match &observed {
        Ok(observed) => Shown::Set(&observed.reads.set),
        Err(why) => Shown::Not(why.to_string()),
    };
    match (verified.map(|found| verify::conclude(companion, subject, found, &shown)), &observed) {
        (Some(why), _) => lesson.tell_why(Way::Local, Some(&why)),
        (None, Err(Unlearnt::Meanwhile(_)) | Ok(_)) => lesson.tell(Way::Local),
        (None, Err(why)) => lesson.bypass(&why.to_string(), &request.args),
    }
    drop(held);
    let _learning = lesson.session.begin_learning();
    // What it left has been copied away; the build may go on.
    let done = reply(stream, &Reply::Done);
    match observed {
        Ok(observed) => traced::record(companion, lesson, observed, cpu, wall),
        Err(why) => tracing::info!("{} is not recorded: {why}", lesson.command.label()),
    }
    done
}

/// A moment before a run begins. If it is `verified`, all changes so far are before it, so that they can be told from those to come; otherwise
/// a file that changed right before counts as one that changed meanwhile, but where the tracer had it settle.
fn begin(verified: bool) -> i64 {
    if verified {
        let_tick_pass(stamp::now_ns());
    }
    stamp::before_any_change_ns()
}

/// CPU time, and time from start to end.
fn costs(report: &wire::Report) -> (Duration, Duration) {
    let cpu = Duration::from_micros(report.user_us.saturating_add(report.sys_us));
    (cpu, Duration::from_micros(report.wall_us))
}

/// The run of a command with what `side` adds.
fn with(side: &SideChannel) -> wire::Run {
    wire::Run {
        env: side.environment.iter().map(|(name, value)| format!("{name}={value}").into_bytes()).collect(),
        args: side.args.iter().map(|arg| arg.clone().into_bytes()).collect(),
        ..wire::Run::default()
    }
}
