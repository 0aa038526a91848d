//! What `specctl` shows of elements: their commands, and how they were served.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::error::ControlError;
use super::lookup::{find, newest, store};
use crate::command::normalise;
use crate::session::companion::Companion;
use crate::session::counts::Category;
use crate::session::report::Report;
use crate::store::{Element, ElementKey, Record, RecordId, Use};
use crate::traced::Traced;

/// All elements that are recorded.
pub(super) fn list(companion: &Companion) -> Result<Value, ControlError> {
    let elements = store(companion)?.elements()?;
    let sessions = companion.sessions();
    let open: HashSet<&ElementKey> = sessions.values().map(|session| &session.whereabouts.key).collect();
    let rows = elements.into_iter().map(|element| {
        json!({
            "open": open.contains(&element.key),
            "element": element.key.to_string(),
            "commands": element.commands,
            "inputs": element.inputs,
            "builds": element.builds,
            "last_built": element.last_built,
            "quarantined": companion.quarantine.count(Some(&element.key)),
        })
    });
    Ok(rows.collect())
}

/// An element's commands, in the order of its build.
pub(super) fn show(companion: &Companion, name: &str) -> Result<Value, ControlError> {
    let key = find(companion, name)?;
    let mut element = store(companion)?.load(&key)?;
    if let Ok(session) = newest(companion, Some(&key.to_string())) {
        // What is added to the records when it closes.
        let uses: HashMap<RecordId, Use> = session.build(&companion.engine, false).uses.into_iter().collect();
        for record in &mut element.records {
            let Some(added) = uses.get(&record.id) else { continue };
            record.asked += added.asked;
            record.launched += added.launched;
            record.useful += added.useful;
            record.mispredicted += added.mispredicted;
        }
    }
    let mut records: Vec<&Record> = element.records.iter().collect();
    records.sort_by_key(|record| record.order);
    let quarantined = companion.quarantine.of(&key);
    let found = |record: &Record| quarantined.iter().find(|found| found.records.contains(&record.id));
    let commands = records.into_iter().map(|record| {
        let mut command = command_json(&element, record);
        command["quarantined"] = json!(found(record));
        command
    });
    let commands: Vec<Value> = commands.collect();
    Ok(json!(commands))
}

/// The report of an element's newest session, which may be open still.
pub(super) fn why(companion: &Companion, name: &str) -> Result<Value, ControlError> {
    let key = find(companion, name)?;
    let report = match newest(companion, Some(&key.to_string())) {
        Ok(session) => Some(session.report(session.row(false))),
        Err(_) => store(companion)?.report(&key, None)?,
    };
    let report = report.ok_or_else(|| ControlError::NoReport(key.clone()))?;
    Ok(json!(Report { quarantined: companion.quarantine.of(&key), events: Vec::new(), ..report }))
}

fn command_json(element: &Element, record: &Record) -> Value {
    let plain = |text: &String| normalise::from_template(text, ".");
    let inputs: Vec<&str> = element.inputs(record).collect();
    let (kind, file) = Traced::kind(record);
    json!({
        "kind": Category::from(kind),
        "file": file,
        "output": record.outputs.first(),
        "traced": record.traced.is_some(),
        "superseded": record.superseded,
        "source": plain(&record.source),
        "outputs": record.outputs.iter().map(plain).collect::<Vec<_>>(),
        "directory": record.cwd,
        "compiler": record.compiler,
        "arguments": record.args,
        "environment": record.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "inputs": inputs,
        "cost_s": record.cost_us as f64 / 1e6,
        "wall_s": record.wall_us as f64 / 1e6,
        "asked": record.asked,
        "launched": record.launched,
        "hits": record.useful,
        "wasted": record.wasted,
        "wasted_in_row": record.wasted_in_row,
        "mispredicted": record.mispredicted,
    })
}
