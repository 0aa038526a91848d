//! A session's timeline in the Trace Event Format, which Perfetto and `chrome://tracing` read.

use crate::companion::control::past::Told;
use serde_json::{Value, json};

use super::lanes::Lanes;
use super::timeline::{ROWS, fate};

/// The trace of a session: each row of its timeline is a process, each lane a thread.
pub fn trace(told: &Told) -> Value {
    let mut events = Vec::new();
    // Perfetto takes process and thread 0 for the kernel's own.
    for (process, (name, is_in)) in (1..).zip(ROWS) {
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
                // Of what is rounded: a bar must not reach into the next one of its lane.
                "dur": micros(event.end_s).saturating_sub(micros(event.start_s)),
                "pid": process,
                "tid": lane + 1,
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

#[cfg(test)]
mod tests {
    use super::trace;
    use crate::pages::page::tests::told;
    use crate::pages::timeline::tests::event;
    use crate::session::timeline::{Event, Place};
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};

    /// What the Trace Event Format asks of each event, and Perfetto of events on one thread: they do not overlap in part.
    #[test]
    fn it_is_in_the_trace_event_format() {
        let mut told = told();
        let launched = Event { place: Place::Core, way: None, ..event("b.o", 0.1, 2.5) };
        told.report.events.extend([
            event("a.o", 4.000_000_6, 5.000_001_2),
            event("b.o", 5.000_001_2, 6.0),
            launched,
        ]);
        let trace = trace(&told);
        let events = trace["traceEvents"].as_array().unwrap();
        let number =
            |event: &Value, name: &str| event[name].as_u64().unwrap_or_else(|| panic!("{name}: {event}"));
        let mut named = BTreeSet::new();
        let mut bars: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in events {
            assert!(event["name"].is_string() && number(event, "pid") > 0, "{event}");
            match event["ph"].as_str() {
                Some("M") if event["name"] == "process_name" => {
                    assert!(event["args"]["name"].is_string(), "{event}");
                    named.insert(number(event, "pid"));
                }
                Some("M") => assert!(event["args"]["sort_index"].is_u64(), "{event}"),
                Some("X") => {
                    assert!(number(event, "tid") > 0 && event["cat"].is_string(), "{event}");
                    let place = (number(event, "pid"), number(event, "tid"));
                    bars.entry(place).or_default().push((number(event, "ts"), number(event, "dur")));
                }
                _ => panic!("no kind of event: {event}"),
            }
        }
        assert_eq!(bars.len(), 2, "a lane of compiles and one of launches: {trace}");
        for (place, mut bars) in bars {
            assert!(named.contains(&place.0), "{place:?}");
            bars.sort_unstable();
            assert!(bars.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0), "{place:?}: {bars:?}");
        }
    }
}
