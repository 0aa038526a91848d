//! A session's timeline in the Trace Event Format, which Perfetto and `chrome://tracing` read.

use crate::companion::control::past::Told;
use serde_json::{Value, json};

use super::lanes::Lanes;
use super::timeline::{ROWS, fate};

/// The trace of a session: each row of its timeline is a process, each lane a thread.
pub fn trace(told: &Told) -> Value {
    let mut events = Vec::new();
    for (process, (name, is_in)) in ROWS.into_iter().enumerate() {
        let lanes = Lanes::of(told.report.events.iter().filter(|event| is_in(event)));
        if lanes.count == 0 {
            continue;
        }
        let process_name = json!({ "name": name });
        let order = json!({ "sort_index": process });
        events.push(json!({ "ph": "M", "name": "process_name", "pid": process, "args": process_name }));
        events.push(json!({ "ph": "M", "name": "process_sort_index", "pid": process, "args": order }));
        events.extend(lanes.bars.iter().map(|(event, lane)| {
            json!({
                "ph": "X",
                "name": event.output,
                "cat": event.kind,
                "ts": micros(event.start_s),
                "dur": micros(event.end_s - event.start_s),
                "pid": process,
                "tid": lane,
                "args": { "fate": fate(event), "waited_s": event.start_s - event.asked_s },
            })
        }));
    }
    let session = &told.report.session;
    json!({
        "displayTimeUnit": "ms",
        "otherData": { "element": session.element, "session": session.id },
        "traceEvents": events,
    })
}

fn micros(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e6).round() as u64
}
