//! What a build asks for: how it is served is decided from the files as they are now. See `docs/rooms/serve.md`.

pub mod answer;
pub mod compile;
pub mod fetch_or_execute;
pub mod learn;
pub mod lesson;
pub mod link;
pub mod race;
pub mod recc;
pub mod request;
pub mod served;
pub mod traced;
pub mod unserved;
pub mod verify;
pub mod why_not;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::command::{self, Family, Invocation, Kind, Verdict};
use crate::compile::call::Call;
use crate::inputs::private::read_shared;
use crate::inputs::snapshot::Snapshot;
use crate::recc::log::ReccLog;
use crate::serve::answer::{Answer, Asking};
use crate::session::companion::Companion;
use crate::session::whereabouts::whereabouts;
use crate::session::{Opening, Session};
use crate::settings::{Mode, Settings};
use crate::store::ElementKey;
use crate::toolchain::ToolchainError;
use request::Request;
use served::At;

/// What a request is, without regard to any record.
pub(super) enum Reading {
    /// A compile that is treated.
    Compile(Box<Call>),
    /// Anything else, and why.
    Bypass(Kind, String),
}

/// Reads a request: which compiler, which command. Has a compiler identified that is new, and does not wait for that.
pub(super) fn read(companion: &Companion, request: &Request, snapshot: &mut Snapshot<'_>) -> Reading {
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
    let family = match family(companion, request, snapshot) {
        Ok(family) => family,
        Err(error) => return bypass(Kind::Other, &error),
    };
    let invocation = Invocation {
        compiler: request.compiler.clone(),
        args: request.args.clone(),
        cwd: PathBuf::from(&directory),
    };
    let compile = match command::read(&invocation, family, driver.cplusplus, &read_shared) {
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

/// Which options its compiler takes; an error also if that is known not to be one that is treated.
fn family(
    companion: &Companion,
    request: &Request,
    snapshot: &mut Snapshot<'_>,
) -> Result<Family, ToolchainError> {
    let (toolchains, compiler) = (&companion.engine.toolchains, request.compiler.as_path());
    let variable = |name: &str| request.variable(name).map(Into::into);
    match toolchains.identify_while(&mut || false, compiler, &variable, snapshot) {
        Ok(toolchain) => Ok(toolchain.family),
        Err(ToolchainError::Busy { .. }) => toolchains.family(compiler, &variable, snapshot),
        Err(error) => Err(error),
    }
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
    let verified = verify::is_due(&settings);
    let asking = Asking { request, begun, log, logged, mode, kind: Kind::Compile, verified };
    // One moment for all that is decided; it begins after the build asked.
    let mut snapshot = Snapshot::new(&companion.engine.files);
    match read(companion, request, &mut snapshot) {
        Reading::Compile(call) => match session_of(companion, request, &settings) {
            Some(session) => compile::answer(companion, &session, *call, asking, &settings, snapshot, alive),
            None => Answer::Bypass("no session could be opened".into()),
        },
        Reading::Bypass(kind, reason) => {
            let Some(session) = session_of(companion, request, &settings) else {
                return Answer::Bypass(reason);
            };
            let at = At { companion, session: &session, asking: Asking { kind, ..asking } };
            let grid = companion.grids.of(&settings).filter(|_| mode != Mode::Learn);
            let link = grid.and_then(|grid| link::answer(at, grid, kind, alive));
            let other = link.or_else(|| traced::answer(at, &mut snapshot, alive));
            other.unwrap_or_else(|| at.bypass(reason))
        }
    }
}

/// The session a request belongs to: the one it names, else that of its element, opened if need be.
fn session_of(companion: &Companion, request: &Request, settings: &Settings) -> Option<Arc<Session>> {
    if let Some(session) =
        request.variable("SPEC_CC_SESSION").and_then(|ticket| companion.session_of_ticket(ticket))
    {
        return Some(session);
    }
    companion.open(
        whereabouts(&request.directory, settings),
        &request.environment,
        settings,
        Opening::Compile,
    )
}

/// An element named on the command line, as `project/element` or, in the local project, `element`.
pub(super) fn element_named(text: &str, known: &[ElementKey]) -> Option<ElementKey> {
    known
        .iter()
        .find(|key| key.to_string() == text)
        .or_else(|| known.iter().find(|key| key.element == text))
        .cloned()
}
