//! What a build asks for: how it is served is decided from the files as they are now. See `docs/rooms/serve.md`.

pub mod accounts;
pub mod answer;
pub mod fetch_or_execute;
pub mod learn;
pub mod lesson;
pub mod link;
pub mod race;
pub mod recc;
pub mod request;
pub mod traced;
pub mod unmet;
pub mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::threads;
use crate::command::{self, Invocation, Kind, Verdict};
use crate::compile::call::Call;
use crate::compile::instance::{Unready, instantiate};
use crate::inputs::private::read_shared;
use crate::inputs::snapshot::Snapshot;
use crate::launch::accounts::Way;
use crate::launch::candidate::Candidate;
use crate::launch::miss::{Miss, MissReason};
use crate::launch::state::Launch;
use crate::launch::unserved::unserved;
use crate::recc::log::ReccLog;
use crate::serve::accounts::{account, credit};
use crate::serve::answer::{Answer, Asking};
use crate::session::Session;
use crate::session::companion::Companion;
use crate::session::whereabouts::whereabouts;
use crate::settings::{Mode, Settings};
use crate::store::ElementKey;
use crate::toolchain::ToolchainError;
use fetch_or_execute::{log_hit, obtain};
use lesson::{Lesson, tell};
use recc::hand;
use request::Request;
use unmet::{Unmet, quarantined};
use verify::Expected;

/// How long a build's compiles wait, all together, until a compiler that is new is known. The machine has little else to do then, and
/// what runs meanwhile is not learnt from.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a request is, without regard to any record.
pub(super) enum Reading {
    /// A compile that is treated.
    Compile(Box<Call>),
    /// Anything else, and why.
    Bypass(Kind, String),
    /// Its compiler is being identified.
    Unready(String),
}

/// Reads a request: which compiler, which command. A compiler that is being identified is waited for as long as `patience` says.
pub(super) fn read(
    companion: &Companion,
    request: &Request,
    snapshot: &mut Snapshot<'_>,
    patience: Duration,
) -> Reading {
    let bypass = |kind: Kind, reason: &dyn std::fmt::Display| Reading::Bypass(kind, reason.to_string());
    let name = request.compiler.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(driver) = command::driver(name) else {
        return bypass(command::kind_of_program(name), &format!("{name} is no compiler that spec-cc knows"));
    };
    if let Some(reason) = request.environment.iter().find_map(|(name, _)| command::refused(name)) {
        return bypass(Kind::Other, &reason);
    }
    let Some(directory) = request.recorded_directory() else {
        return bypass(
            Kind::Other,
            &"the working directory's name is not UTF-8, or means another folder to others",
        );
    };
    let identified = companion.engine.toolchains.identify_within(
        patience,
        &request.compiler,
        &|name| request.variable(name).map(Into::into),
        snapshot,
    );
    let toolchain = match identified {
        Ok(toolchain) => toolchain,
        Err(error @ ToolchainError::Busy { .. }) => return Reading::Unready(error.to_string()),
        Err(error) => return bypass(Kind::Other, &error),
    };
    let invocation = Invocation {
        compiler: request.compiler.clone(),
        args: request.args.clone(),
        cwd: PathBuf::from(&directory),
    };
    let compile = match command::read(&invocation, toolchain.family, driver.cplusplus, &read_shared) {
        Verdict::Compile(compile) => compile,
        Verdict::Bypass(found) => return bypass(found.kind, &found.reason),
    };
    let Some(compiler) = request.compiler.to_str().map(str::to_owned) else {
        return bypass(Kind::Other, &"the compiler's path is not UTF-8");
    };
    let mut environment: Vec<_> =
        request.environment.iter().filter(|(name, _)| command::keyed(name)).cloned().collect();
    environment.sort_unstable();
    Reading::Compile(Box::new(Call { compiler, compile: *compile, environment, directory }))
}

/// Decides how a request is served, waiting for its own launch if that is in flight.
///
/// `alive` is asked once a second while waiting whether the shim still does.
pub(super) fn answer(
    companion: &Arc<Companion>,
    request: &Request,
    alive: &mut dyn FnMut() -> bool,
) -> Answer {
    let begun = Instant::now();
    let settings = match request.settings() {
        Ok(settings) => settings,
        Err(error) => {
            tracing::warn!("{error}; the compiler runs alone");
            return Answer::Bypass(error.to_string());
        }
    };
    companion.warnings.of_settings(&settings);
    let mode = settings.mode().unwrap_or(Mode::Off);
    if mode == Mode::Off {
        return Answer::Bypass("spec-cc is off".into());
    }
    let log = ReccLog::of(&settings, &request.directory);
    let logged = log.as_ref().and_then(|_| companion.grids.of(&settings));
    let (log, logged) = (log.as_ref(), logged.as_deref());
    let asking = Asking { request, begun, log, logged, mode, verified: verify::is_due(&settings) };
    // One moment for all that is decided; it begins after the build asked.
    let mut snapshot = Snapshot::new(&companion.engine.files);
    let call = match read(companion, request, &mut snapshot, PATIENCE) {
        Reading::Compile(call) => call,
        Reading::Unready(reason) => {
            count_behind(companion, request, settings, &reason);
            return Answer::Bypass(reason);
        }
        Reading::Bypass(kind, reason) => {
            if let Some(session) = session_of(companion, request, &settings) {
                let grid = companion.grids.of(&settings).filter(|grid| grid.settings().links);
                if mode != Mode::Learn
                    && let Some((grid, call)) = grid.zip(link::read(request, kind))
                {
                    let answer = link::answer(companion, &session, grid, call, asking, alive);
                    if let Some(answer) = answer {
                        return answer;
                    }
                }
                if let Some(answer) = traced::answer(companion, &session, asking, &mut snapshot, alive) {
                    return answer;
                }
                session.bypass(&reason, &request.args);
            }
            return Answer::Bypass(reason);
        }
    };
    let Some(session) = session_of(companion, request, &settings) else {
        return Answer::Bypass("no session could be opened".into());
    };
    let active = session.begin();
    let root = &session.context.site.root;
    let id = session.name(call.id(root), |record| call.is(record, root), || call.further_id(root));
    let order = session.see(id);
    if let Some(answer) = quarantined(companion, &session, &[call.id(root), id], request) {
        return answer;
    }
    let recorded = session.inner().candidates.get(&id).cloned();
    let changed = if recorded.is_some() { MissReason::ChangedCommand } else { MissReason::NewCommand };
    let (mut why, mut expected) = (Miss::from(changed), None);
    if let Some(candidate) =
        recorded.filter(|candidate| mode != Mode::Learn && candidate.record(|record| call.is(record, root)))
    {
        candidate.ask(order);
        if session.context.recc.is_none() {
            match serve(companion, &session, &candidate, &call, asking, snapshot, alive) {
                Ok(answer) => return answer,
                Err(unserved) => Unmet { why, expected } = unserved,
            }
        }
    }
    let grid = companion.grids.of(&settings);
    let mut lesson = Lesson { call: *call, id, session, order, expected, grid, why, _active: active };
    if let Some(wrapper) = lesson.session.context.recc.clone() {
        return hand(companion, Box::new(lesson), &wrapper, request, alive);
    }
    if mode != Mode::Learn
        && lesson.expected.is_none()
        && let Some(grid) = &lesson.grid
    {
        match obtain(companion, &lesson, grid, asking, alive) {
            Ok(Some(answer)) => return answer,
            Ok(None) => {}
            Err(unserved) => (lesson.why, lesson.expected) = (unserved.why, unserved.expected),
        }
    }
    Answer::Learn(Box::new(lesson))
}

/// Serves a recorded command from its launch or from the cache; when its compiler has to run, why no launch would do.
fn serve(
    companion: &Arc<Companion>,
    session: &Arc<Session>,
    candidate: &Arc<Candidate>,
    call: &Call,
    asking: Asking<'_>,
    mut snapshot: Snapshot<'_>,
    alive: &mut dyn FnMut() -> bool,
) -> Result<Answer, Unmet> {
    let engine = &companion.engine;
    let request = asking.request;
    let now = |snapshot: &mut Snapshot<'_>| {
        let reads = candidate.reads();
        instantiate(engine, snapshot, call, &reads, request.context(&session.context.site.root))
    };
    let mut joined = false;
    let refuted = candidate.check_prediction(&mut snapshot);
    candidate.mark_overtaken(engine, refuted);
    let mut instance = now(&mut snapshot);
    if let Ok(instance) = &instance {
        candidate.invalidate(&instance.keys.own);
    }
    if candidate.is_in_flight() && matches!(instance, Ok(_) | Err(Unready::Changed | Unready::Missing(_))) {
        joined = true;
        if !companion.launcher.join(candidate, &session.context, alive) {
            return Ok(Answer::Bypass("the build has gone".into()));
        }
        instance = now(&mut Snapshot::new(&engine.files));
    }
    let launch = candidate.launch();
    let miss = unserved(engine, candidate, instance.as_ref().map(|now| &now.action));
    let instance = match instance {
        Ok(instance) => {
            let reads = candidate.reads();
            session.note(engine, &reads.set, instance.changed_ns, &mut snapshot);
            instance
        }
        Err(Unready::Untold(reason)) => {
            let traced = traced::answer(companion, session, asking, &mut snapshot, alive);
            return Ok(traced.unwrap_or_else(|| {
                session.bypass(&reason, &request.args);
                Answer::Bypass(reason)
            }));
        }
        Err(Unready::Refused(reason) | Unready::Absent(_, reason)) => {
            session.bypass(&reason, &request.args);
            return Ok(Answer::Bypass(reason));
        }
        Err(_) => return Err(miss.into()),
    };
    let keys = &instance.keys;
    if keys.are_barred(&engine.cache) {
        return Err(Miss::from(MissReason::Quarantined).into());
    }
    let found = match launch {
        Launch::Ready(ready, outcome) if ready == keys.own.exact => Some((outcome, true)),
        Launch::Held(held) if held == keys.own.exact => {
            keys.find(&engine.cache).map(|outcome| (outcome, true))
        }
        // On another terminal or day it may have come to the same.
        Launch::Ready(_, launched) => {
            keys.find(&engine.cache).map(|outcome| (outcome.clone(), outcome == launched))
        }
        _ => keys.find(&engine.cache).map(|outcome| (outcome, false)),
    };
    // A blob that has gone meanwhile means a compile.
    let opened =
        found.and_then(|(outcome, launched)| Some((engine.cache.open(&outcome)?, outcome, launched)));
    let Some((files, outcome, launched)) = opened else { return Err(miss.into()) };
    if request.terminal && !outcome.stderr.is_empty() {
        // A terminal would have got colours and links, which a stored text cannot know.
        let why = "its messages go to a terminal";
        tell(session, candidate.id(), call, Way::Local, Some(&MissReason::Refused.of(why)));
        return Ok(Answer::Bypass(why.into()));
    }
    if asking.verified {
        credit(candidate, launched);
        let reads = Some(candidate.reads());
        return Err(Expected { outcome, keys: keys.all(), reads, launched }.into());
    }
    if let (Some(log), Some(grid)) = (asking.log, asking.logged) {
        log_hit(log, engine, grid, &instance, (call, &request.environment));
    }
    account(session, candidate, launched, joined, miss, asking.begun);
    Ok(Answer::Serve(outcome, files))
}

/// Counts what is bypassed by its session, without having the build wait until that is open.
fn count_behind(companion: &Arc<Companion>, request: &Request, settings: Settings, reason: &str) {
    let (companion, request, reason) = (Arc::clone(companion), request.clone(), reason.to_owned());
    // Without a thread it is not counted.
    threads::start(move || {
        if let Some(session) = session_of(&companion, &request, &settings) {
            session.bypass(&reason, &request.args);
        }
    });
}

/// The session a request belongs to: the one it names, else that of its element, opened if need be.
fn session_of(companion: &Companion, request: &Request, settings: &Settings) -> Option<Arc<Session>> {
    if let Some(session) =
        request.variable("SPEC_CC_SESSION").and_then(|ticket| companion.session_of_ticket(ticket))
    {
        return Some(session);
    }
    companion.open(whereabouts(&request.directory, settings), &request.environment, settings, false)
}

/// An element named on the command line, as `project/element` or, in the local project, `element`.
pub(super) fn element_named(text: &str, known: &[ElementKey]) -> Option<ElementKey> {
    known
        .iter()
        .find(|key| key.to_string() == text)
        .or_else(|| known.iter().find(|key| key.element == text))
        .cloned()
}
