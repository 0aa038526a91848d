//! The checks of `specctl doctor`: each looks at one thing, by using it.

use std::process::{Command, Stdio};
use std::sync::Arc;

use bazel_remote_apis::build::bazel::remote::execution::v2::ActionResult;
use serde_json::json;
use spec_cc::base::digest::Digest;
use spec_cc::companion::control::Control;
use spec_cc::companion::server::socket_path;
use spec_cc::inputs::files::Files;
use spec_cc::reapi::{Client, Code, GridError};
use spec_cc::sandbox::executor::Executor;
use spec_cc::session::whereabouts::whereabouts;
use spec_cc::settings::{Mode, Policy, Settings};
use spec_cc::toolchain::Toolchains;

use super::State::{Fault, Without, Works};
use super::{Finding, client};
use crate::cli::{text, which};

/// All findings, in the order in which one depends on another.
pub(super) fn all() -> Vec<Finding> {
    let settings = match Settings::of_process() {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::new("settings", Fault, error.to_string())],
    };
    let mut findings = vec![element(&settings), mode(&settings), compiler(&settings), links()];
    findings.extend([companion(), quarantine(), view(), tracer()]);
    findings.extend(grid(&settings));
    findings
}

fn element(settings: &Settings) -> Finding {
    let directory = std::env::current_dir().unwrap_or_default();
    let place = whereabouts(&directory, settings);
    let sandbox = spec_cc::bst::build_root(&directory).is_some();
    let detail = format!("{} in {}", place.key, place.root.display());
    let facts = json!({ "project": place.key.project, "element": place.key.element, "root": place.root,
                        "buildstream": sandbox });
    Finding::new("element", Works, detail).with(facts)
}

fn mode(settings: &Settings) -> Finding {
    match settings.mode() {
        Ok(Mode::Off) => Finding::new("mode", Without, "off: the compiler runs and nothing else happens"),
        Ok(_) => Finding::new("mode", Works, settings.get("mode").unwrap_or_default()),
        Err(error) => Finding::new("mode", Fault, error.to_string()),
    }
}

fn compiler(settings: &Settings) -> Finding {
    let name = settings.get("compiler").unwrap_or("cc");
    let Some(compiler) = which::compiler(name) else {
        return Finding::new("compiler", Fault, format!("no {name} on PATH"));
    };
    let toolchains = Toolchains::new(Arc::new(Files::default()));
    match toolchains.identify(&compiler, &|name| std::env::var_os(name)) {
        Ok(toolchain) => {
            let detail = format!("{}: {}", compiler.display(), toolchain.version);
            let identity = toolchain.identity.to_string();
            let facts = json!({ "path": compiler, "version": toolchain.version, "fingerprint": identity });
            Finding::new("compiler", Works, detail).with(facts)
        }
        Err(error) => Finding::new("compiler", Fault, error.to_string()),
    }
}

/// Which of the usual names lead to spec-cc, for builds that say nothing but `cc` or `gcc`.
fn links() -> Finding {
    let names = ["cc", "c++", "gcc", "g++", "clang", "clang++", "ar"];
    let first = |name: &&str| which::programs(name).first().is_some_and(|path| which::is_spec_cc(path));
    let ours: Vec<&str> = names.into_iter().filter(first).collect();
    let facts = json!({ "names": ours });
    let before = names.into_iter().find_map(|name| cache_before_spec_cc(name));
    let finding = if let Some(cache) = before {
        let detail = "comes before spec-cc on PATH, and does not notice when the compiler behind that changes: \
                      put spec-cc's folder first";
        Finding::new("links", Without, format!("{cache} {detail}"))
    } else if ours.is_empty() {
        Finding::new("links", Without, "no compiler's name on PATH leads to spec-cc: set CC and CXX")
    } else {
        Finding::new("links", Works, format!("on PATH these lead to spec-cc: {}", ours.join(", ")))
    };
    finding.with(facts)
}

/// The cache of compiles that this name leads to on PATH, if that would find spec-cc there in its turn.
fn cache_before_spec_cc(name: &str) -> Option<&'static str> {
    let programs = which::programs(name);
    let cache = which::cache(programs.first()?)?;
    programs.iter().any(|path| which::is_spec_cc(path)).then_some(cache)
}

fn companion() -> Finding {
    let asked = client::ask(&Control::Status).and_then(|status| Ok((status, client::ask(&Control::List)?)));
    match asked {
        Ok((status, elements)) => {
            let known = elements.as_array().map_or(0, Vec::len);
            let socket = socket_path().unwrap_or_default();
            let detail = format!("at {}, remembers {known} elements", socket.display());
            let facts = json!({ "socket": socket, "cache": status["cache"], "elements": known });
            Finding::new("companion", Works, detail).with(facts)
        }
        Err(error) => Finding::new("companion", Fault, text::error(&error)),
    }
}

/// Whether a verified run has found anything wrong.
fn quarantine() -> Finding {
    let asked = client::ask(&Control::Stats { element: None, session: None });
    match asked.map(|stats| stats["quarantined"].as_u64().unwrap_or(0)) {
        Ok(0) => Finding::new("quarantine", Works, "no verified run has found anything wrong"),
        Ok(held) => {
            let commands = text::count(held, "command");
            let detail =
                format!("{commands} would have been served what no compiler gives: see `specctl list`");
            Finding::new("quarantine", Fault, detail).with(json!({ "commands": held }))
        }
        Err(error) => Finding::new("quarantine", Without, text::error(&error)),
    }
}

/// Whether launches that write can run on this machine.
fn view() -> Finding {
    let Some(scratch) = scratch() else {
        return Finding::new("view", Fault, "no folder can be made in /tmp");
    };
    if Executor::new(scratch.path()).available() {
        return Finding::new("view", Works, "launches run here, in a private view of the build tree");
    }
    Finding::new("view", Without, "namespaces are barred: launches run on a grid or not at all")
}

/// Whether commands that are no plain compiles can be observed.
fn tracer() -> Finding {
    let without = |why: &str| Finding::new("tracer", Without, format!("{why}: only compiles are recorded"));
    let Some(tracer) = spec_cc_tracer::installed() else {
        return without(&format!("there is no {} beside specctl", spec_cc_tracer::PROGRAM));
    };
    let Some(scratch) = scratch() else {
        return without("no folder can be made in /tmp");
    };
    let Some(program) = which::programs("true").into_iter().next() else {
        return without("there is no `true`");
    };
    let out = scratch.path().join("trace");
    let mut command = Command::new(tracer);
    command.arg("beside").arg(&out).arg(program).arg("true").stderr(Stdio::null());
    match command.status().map(|_| spec_cc_tracer::read(&out)) {
        Ok(Ok(_)) => Finding::new("tracer", Works, "configure tests, links and archives are recorded"),
        Ok(Err(error)) => without(&format!("processes may not be traced ({error})")),
        Err(error) => without(&error.to_string()),
    }
}

/// What the servers can do for us, and how records get out of a sandbox.
fn grid(settings: &Settings) -> Vec<Finding> {
    let endpoints = match settings.remote() {
        Ok(Some(endpoints)) => endpoints,
        Ok(None) => {
            let stay = Finding::new("records", Without, "stay here: there is no grid to leave them on");
            return vec![Finding::new("grid", Without, "none is set"), stay.with(json!({ "way": "none" }))];
        }
        Err(error) => return vec![Finding::new("grid", Fault, error.to_string())],
    };
    let url = settings.get("remote").or(settings.get("server")).unwrap_or("the grid").to_owned();
    let asked = Client::new(&endpoints).and_then(|client| Ok((client.offer()?, may_update(&client)?)));
    let (offer, update) = match asked {
        Ok(asked) => asked,
        Err(error) => return vec![Finding::new("grid", Fault, format!("{url}: {error}"))],
    };
    let policy = settings.policy(false);
    let executes = offer.execute && policy != Policy::CacheOnly;
    let toolchain = settings.map("remote_platform_").into_iter().find(|(name, _)| name == "chrootRootDigest");
    let detail = match (policy, offer.execute, &toolchain) {
        (Policy::CacheOnly, ..) => "is asked for results alone (policy cache-only)",
        (_, false, _) => "executes nothing",
        (_, true, Some(_)) => "executes, on the toolchain that chrootRootDigest names",
        (_, true, None) => "executes, on whatever toolchain its workers have (no chrootRootDigest)",
    };
    let facts = json!({ "url": url, "executes": executes, "updates": update,
                        "toolchain": toolchain.map(|(_, digest)| digest) });
    vec![Finding::new("grid", Works, format!("{url} {detail}")).with(facts), leave(settings, update)]
}

/// Whether what is learnt leaves this machine or sandbox, and which way.
fn leave(settings: &Settings, update: bool) -> Finding {
    let off = settings.mode().is_ok_and(|mode| mode == Mode::Off);
    let (state, way, detail) = match (update, settings.shares_records(), settings.uploads()) {
        _ if off => (Without, "none", "the mode is off: nothing is learnt"),
        (_, false, false) => (Without, "none", "share_records is off: what is learnt stays here"),
        (false, ..) => {
            let detail = "the grid takes no results (action-cache-enable-update): records leave only in the artifact, \
                          see `specctl bst import`";
            (Without, "artifact", detail)
        }
        (true, false, true) => {
            (Without, "none", "share_records is off: results of compiles leave, and records stay here")
        }
        (true, true, true) => {
            (Works, "action-cache", "results and records leave through the grid's action cache")
        }
        (true, true, false) => {
            let detail = "records leave through the grid's action cache, with results of links and configure tests; \
                          those of compiles do not (cache_upload_local_build is not set)";
            (Works, "action-cache", detail)
        }
    };
    Finding::new("records", state, detail).with(json!({ "way": way }))
}

/// Whether the action cache may be written to, by writing a result of no meaning: some servers promise what they refuse.
fn may_update(client: &Client) -> Result<bool, GridError> {
    let refused = |code| matches!(code, Code::PermissionDenied | Code::Unimplemented | Code::Unauthenticated);
    match client.update_result(&Digest::of(b"specctl doctor"), &ActionResult::default()) {
        Ok(()) => Ok(true),
        Err(error) if refused(error.code) => Ok(false),
        Err(error) => Err(error),
    }
}

fn scratch() -> Option<tempfile::TempDir> {
    tempfile::Builder::new().prefix("spec-cc-doctor-").tempdir_in("/tmp").ok()
}
