//! How a command would be treated, and why.

use serde_json::{Value, json};

use super::error::ControlError;
use crate::action::remote::{Input, decoded};
use crate::command::Kind;
use crate::compile::call::Call;
use crate::compile::checkout::Keys;
use crate::compile::link::linkage;
use crate::compile::perform::examine;
use crate::compile::recorded::Recorded;
use crate::grid::Grid;
use crate::grid::moment::Moment;
use crate::grid::remote_actions::RemoteActions;
use crate::inputs::snapshot::Snapshot;
use crate::launch::life::Launch;
use crate::serve::request::Request;
use crate::serve::{self, Reading, link, traced};
use crate::session::companion::Companion;
use crate::session::whereabouts::whereabouts;
use crate::settings::Settings;

/// The answer of `specctl explain`; with `proto` it shows what would go to a server.
pub(super) fn explain(companion: &Companion, request: &Request, proto: bool) -> Value {
    let mut snapshot = Snapshot::new(&companion.engine.files);
    let call = match serve::read(companion, request, &mut snapshot) {
        Reading::Compile(call) => call,
        Reading::Bypass(kind, reason) => {
            let link = explain_link(companion, request, kind, proto);
            let other = link.or_else(|| explain_traced(companion, request, kind, &reason));
            return other.unwrap_or_else(
                || json!({ "verdict": "bypass", "kind": kind.to_string(), "reason": reason }),
            );
        }
    };
    let settings = request.settings().ok();
    let mut object = json!({
        "verdict": "compile",
        "reason": "a compile whose inputs can be accounted for",
        "source": call.compile.source,
        "outputs": call.outputs(),
        "launch": settings.as_ref().and_then(|settings| launch_of(companion, request, &call, settings)),
    });
    let grid = settings.and_then(|settings| companion.grids.of(&settings));
    match look(companion, request, &call, grid.as_deref()) {
        Ok(look) => {
            let action = look.actions.as_ref().map_or(look.keys.own.exact, |actions| actions.asked.action.0);
            object["action_digest"] = json!(action.to_string());
            object["inputs"] = json!(look.inputs);
            if look.incbin {
                object["reason"] = json!(
                    "a compile whose inputs can be accounted for, if its assembler says that it reads no other file by .incbin or .include"
                );
            }
            object["shared"] = json!(look.keys.shared.is_ok());
            object["shared_reason"] = json!(match &look.keys.shared {
                Ok(_) => "nothing of the project root's name can get into its outputs".to_owned(),
                Err(why) => why.to_string(),
            });
            object["cached"] = json!(look.keys.find(&companion.engine.cache).is_some());
            if let Some(actions) = look.actions.as_ref().filter(|_| proto) {
                object["proto"] = decoded(&actions.asked);
            }
        }
        Err(why) => {
            object["verdict"] = json!("local");
            object["reason"] = json!(why.to_string());
        }
    }
    object
}

/// The answer for a link, where links are treated.
fn explain_link(companion: &Companion, request: &Request, kind: Kind, proto: bool) -> Option<Value> {
    let grid = companion.grids.of(&request.settings().ok()?).filter(|grid| grid.settings().links)?;
    let call = link::read(request, kind)?;
    let mut object = json!({ "verdict": "link", "outputs": [call.link.output.path] });
    let actions = linkage(&companion.engine, &call).map_err(ControlError::from).and_then(|linkage| {
        let job = linkage.job(&call);
        object["inputs"] = job.inputs.iter().flat_map(Input::files).map(|file| file.path).collect();
        object["cached"] = json!(companion.engine.cache.find(&linkage.key).is_some());
        Ok(grid.actions(&job)?)
    });
    match actions {
        Ok(actions) => {
            object["reason"] = json!("a link whose inputs can be accounted for");
            object["action_digest"] = json!(actions.asked.action.to_string());
            if proto {
                object["proto"] = decoded(&actions.asked);
            }
        }
        Err(why) => {
            object["verdict"] = json!("local");
            object["reason"] = json!(why.to_string());
        }
    }
    Some(object)
}

/// The answer for a command that is traced.
fn explain_traced(companion: &Companion, request: &Request, kind: Kind, reason: &str) -> Option<Value> {
    let traced = traced::read(companion, request)?;
    let grid = request.settings().ok().and_then(|settings| companion.grids.of(&settings));
    let launches = match grid.map(|grid| grid.why_untraced()) {
        None => String::new(),
        Some(None) => "; its launches run on the grid".to_owned(),
        Some(Some(why)) => format!("; its launches run here: {why}"),
    };
    Some(json!({
        "verdict": "traced",
        "kind": kind.to_string(),
        "reason": format!("no plain compile ({reason}): what it touches is seen when it runs{launches}"),
        "outputs": traced.output.iter().collect::<Vec<_>>(),
    }))
}

/// What a call reads now, and its actions.
struct Look {
    keys: Keys,
    inputs: Vec<String>,
    /// Whether the assembler may read files that the compiler does not list; it will say so.
    incbin: bool,
    actions: Option<RemoteActions>,
}

/// Scans a call and computes its actions; an error says why it is not cached.
fn look(
    companion: &Companion,
    request: &Request,
    call: &Call,
    grid: Option<&Grid>,
) -> Result<Look, ControlError> {
    let engine = &companion.engine;
    let settings = request.settings()?;
    let root = whereabouts(&request.directory, &settings).root;
    let context = request.context(root.to_str().ok_or(ControlError::RootName)?);
    let (reads, instance) = examine(engine, call, context, &request.environment)?;
    let inputs = reads.set.iter().map(|&id| engine.name(id)).collect();
    let moment = Moment::new(engine, &instance, context.predicted);
    let actions = grid.map(|grid| grid.actions(&moment.job(call, &request.environment)));
    Ok(Look { keys: instance.keys, inputs, incbin: instance.incbin, actions: actions.transpose()? })
}

/// What became of the command's launch in a session that is open now.
fn launch_of(companion: &Companion, request: &Request, call: &Call, settings: &Settings) -> Option<String> {
    let place = whereabouts(&request.directory, settings);
    let session = companion.sessions().values().find(|session| session.whereabouts == place).cloned()?;
    let root = &session.context.site.root;
    let id = call.id(root);
    let id = session.name(id, |record| call.is(record, root), || call.further_id(id, root));
    let candidate = session.inner().candidates.get(&id).cloned()?;
    let launch = candidate.launch();
    Some(match launch {
        Launch::Unseen => "not looked at yet".into(),
        Launch::Not(why) => format!("not issued: {why}"),
        Launch::Pending(_) => "waits for a generated file".into(),
        Launch::Held(_) => "not issued: its output is up to date".into(),
        Launch::Queued => "waits for its turn".into(),
        Launch::Running(_) => "running".into(),
        Launch::Ready(..) => "done".into(),
        Launch::Failed(why) => format!("failed: {why}"),
    })
}
