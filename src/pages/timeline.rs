//! The timeline of a session as SVG: a row for each kind of work, a bar for each command.

use crate::launch::life::Fate;
use crate::session::counts::{Category, Way};
use crate::session::timeline::{Event, Place};
use maud::{Markup, html};

use super::lanes::Lanes;
use super::scale::Scale;
use super::words as text;

/// A lane is at most so high, pixels.
const LANE: f64 = 12.0;
/// A row of many lanes is about so high, pixels; its lanes are as low as need be.
const ROW: f64 = 240.0;
/// Height of what is above a row's lanes, its name, and of the scale.
const NAME: f64 = 20.0;
const GAP: f64 = 6.0;

/// Bars wider than this have an edge, percent of the whole; on a narrower one it would be all that is seen.
const APART: f64 = 0.4;
/// Times below this are as short as none, seconds.
const MOMENT_S: f64 = 0.0005;

/// The rows, in the order in which they are shown: a name, and what is in it.
type Row = (&'static str, fn(&Event) -> bool);
pub(super) const ROWS: [Row; 6] = [
    ("configure tests", |event| is_asked(event) && event.kind == Category::Test),
    ("compiles", |event| is_asked(event) && event.kind == Category::Compile),
    ("links and archives", |event| {
        is_asked(event) && matches!(event.kind, Category::Link | Category::Archive)
    }),
    ("other commands", |event| is_asked(event) && event.kind == Category::Other),
    ("launches on this machine", |event| !is_asked(event) && event.place != Place::Grid),
    ("launches on the grid", |event| !is_asked(event) && event.place == Place::Grid),
];

fn is_asked(event: &Event) -> bool {
    event.way.is_some()
}

/// The timeline of events, of a session that lasted so long: what goes into an SVG, and its height, pixels. Widths are in percent.
pub(super) fn timeline(events: &[Event], lasted_s: f64) -> (Markup, f64) {
    let whole_s = events.iter().map(|event| event.end_s).fold(lasted_s, f64::max);
    let scale = Scale::new(whole_s);
    let rows = ROWS.map(|(name, is_in)| (name, Lanes::of(events.iter().filter(|event| is_in(event)))));
    let mut top = 0.0;
    let placed: Vec<_> = rows
        .into_iter()
        .filter(|(_, lanes)| lanes.count > 0)
        .map(|(name, lanes)| {
            let height = (ROW / lanes.count as f64).clamp(1.5, LANE);
            let row = (name, lanes, top, height);
            top += NAME + row.1.count as f64 * height + GAP;
            row
        })
        .collect();
    let markup = html! {
        @for mark in scale.marks() {
            @let x = percent(scale, mark);
            line class="mark" x1=(x) x2=(x) y1="0" y2=(top) {}
            text class="mark" x=(x) dx="3" y=(top + NAME - 5.0) { (moment(mark)) }
        }
        @for (name, lanes, top, height) in &placed {
            text class="name" x="0" y=(top + NAME - 6.0) {
                (name) tspan class="count" { " " (count(lanes)) }
            }
            @for (event, lane) in &lanes.bars {
                (bar(event, scale, top + NAME + *lane as f64 * height, height - 1.0))
            }
        }
    };
    (markup, top + NAME)
}

/// How many bars a row has. Launches whose results were there already take no time.
fn count(lanes: &Lanes<'_>) -> String {
    let at_once = |event: &Event| !is_asked(event) && event.end_s - event.asked_s < MOMENT_S;
    match lanes.bars.iter().filter(|(event, _)| at_once(event)).count() {
        0 => lanes.bars.len().to_string(),
        cached => format!("{}, {cached} from the cache", lanes.bars.len()),
    }
}

fn bar(event: &Event, scale: Scale, y: f64, height: f64) -> Markup {
    let width = scale.percent(event.end_s) - scale.percent(event.start_s);
    // Bars that touch would look like one.
    let apart = (width > APART).then_some("apart");
    html! {
        rect class={ (class(event)) @if let Some(apart) = apart { " " (apart) } } x=(percent(scale, event.start_s)) y=(format!("{y:.1}"))
            width=(format!("{width:.3}%")) height=(format!("{:.1}", height.max(0.5))) {
            title { (describe(event)) }
        }
    }
}

fn percent(scale: Scale, moment_s: f64) -> String {
    format!("{:.3}%", scale.percent(moment_s))
}

fn moment(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds} s")
    }
}

/// The class that gives a bar its colour; [`LEGEND`] explains them.
pub(super) fn class(event: &Event) -> &'static str {
    match (event.way, event.launch) {
        (Some(way), _) => way_class(way),
        (None, Some(Fate::Useful)) => "prefetched",
        (None, Some(Fate::Wasted)) => "wasted",
        (None, Some(Fate::Cancelled)) => "cancelled",
        (None, Some(Fate::Pending) | None) => "pending",
    }
}

pub(super) fn way_class(way: Way) -> &'static str {
    match way {
        Way::Joined => "joined",
        Way::Prefetched => "prefetched",
        Way::Cached => "cached",
        Way::Executed => "executed",
        Way::Local => "local",
        Way::Bypassed => "bypassed",
    }
}

/// What the colours mean.
pub(super) const LEGEND: [(&str, &str); 9] = [
    ("prefetched", "served by a launch; a useful launch"),
    ("joined", "waited for its launch"),
    ("cached", "from the cache"),
    ("executed", "executed by the backend"),
    ("local", "run in the build"),
    ("bypassed", "left to the compiler alone; it ends unseen"),
    ("wasted", "launched for nothing"),
    ("cancelled", "launched, cancelled"),
    ("pending", "launched, not asked for yet"),
];

/// What became of an event's command, in words.
pub(super) fn fate(event: &Event) -> &'static str {
    match (event.way, event.launch) {
        (Some(Way::Joined), _) => "waited for its launch",
        (Some(Way::Prefetched), _) => "served by its launch",
        (Some(Way::Cached), _) => "from the cache",
        (Some(Way::Executed), _) => "executed by the backend",
        (Some(Way::Local), _) => "run in the build",
        (Some(Way::Bypassed), _) => "left to the compiler alone",
        (None, Some(Fate::Useful)) => "launched, and asked for",
        (None, Some(Fate::Wasted)) => "launched for nothing",
        (None, Some(Fate::Cancelled)) => "launched, cancelled",
        (None, Some(Fate::Pending) | None) => "launched, not asked for yet",
    }
}

fn describe(event: &Event) -> String {
    let mut said = format!("{}: {}, from {:.3} s on", event.output, fate(event), event.start_s);
    let (took, waited) = (event.end_s - event.start_s, event.start_s - event.asked_s);
    if took >= MOMENT_S {
        said += &format!(", for {}", text::seconds(took));
    }
    if waited >= MOMENT_S {
        said += &format!("; waited {} for its turn", text::seconds(waited));
    }
    said
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::pages) fn event(output: &str, start_s: f64, end_s: f64) -> Event {
        Event {
            output: output.into(),
            kind: Category::Compile,
            place: Place::Build,
            asked_s: start_s,
            start_s,
            end_s,
            way: Some(Way::Local),
            launch: None,
        }
    }

    /// The bars of a timeline: name, x, width, y.
    fn bars(svg: &str) -> Vec<(String, String, String, f64)> {
        let value = |tag: &str, name: &str| {
            tag.split_once(&format!(" {name}=\"")).unwrap().1.split('"').next().unwrap().to_owned()
        };
        let tags = svg.split("<rect").skip(1);
        tags.map(|tag| {
            let title = tag.split_once("<title>").unwrap().1.split(':').next().unwrap();
            (title.to_owned(), value(tag, "x"), value(tag, "width"), value(tag, "y").parse().unwrap())
        })
        .collect()
    }

    #[test]
    fn bars_are_where_and_when_their_commands_ran() {
        let launch = Event {
            way: None,
            launch: Some(Fate::Useful),
            place: Place::Core,
            asked_s: 0.5,
            ..event("a.o", 1.0, 3.0)
        };
        let events = [
            event("b.o", 2.0, 10.0),
            event("c.o", 4.0, 5.0),
            launch,
            Event { kind: Category::Link, ..event("app", 7.5, 8.0) },
        ];
        let svg = timeline(&events, 10.0).0.into_string();
        let bars = bars(&svg);
        let placed: Vec<_> =
            bars.iter().map(|(name, x, width, _)| (name.as_str(), x.as_str(), width.as_str())).collect();
        let expected = [
            ("b.o", "20.000%", "80.000%"),
            ("c.o", "40.000%", "10.000%"),
            ("app", "75.000%", "5.000%"),
            ("a.o", "10.000%", "20.000%"),
        ];
        assert_eq!(placed, expected);
        let y: Vec<_> = bars.iter().map(|(.., y)| *y).collect();
        assert_eq!(y, [20.0, 32.0, 70.0, 108.0], "two lanes of compiles, then links, then launches");
        assert!(svg.contains("waited 500 ms for its turn"));
    }

    #[test]
    fn names_are_escaped() {
        let svg = timeline(&[event("<b>&\".o", 0.0, 1.0)], 1.0).0.into_string();
        assert!(svg.contains("&lt;b&gt;&amp;") && !svg.contains("<b>"), "{svg}");
    }
}
