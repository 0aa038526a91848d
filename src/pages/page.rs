//! The page: one HTML file that needs nothing else.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::base::moment::Moment;
use crate::companion::control::past::{Listed, Room, Told};
use crate::launch::miss::MissReason;
use crate::session::SessionRow;
use crate::session::counts::{Accounts, Category, Served, Way};
use crate::session::report::{Bypass, Line, Report};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::PALETTE;
use super::timeline::{LEGEND, class, timeline, way_class};
use super::words::{self as text, percent, seconds};

/// Commands that are shown as the slowest.
const SLOWEST: usize = 20;
/// Sessions that are shown beside this one.
const SESSIONS: usize = 20;
/// Commands with one reason are shown at once up to this many, else on demand.
const FEW: usize = 10;
/// Commands that are shown with one reason.
const MOST: usize = 500;

/// The page of a session, made at `now`, seconds since the epoch.
pub fn page(told: &Told, now: u64) -> Markup {
    let Told { report, sessions, room } = told;
    let Report { session, events, .. } = report;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "spec-cc: " (session.element) ", session " (session.id) }
                style { (PreEscaped(PALETTE)) (PreEscaped(include_str!("page.css"))) }
            }
            body {
                h1 { (session.element) }
                p class="quiet" {
                    "session " (session.id) ", " (Moment::after_epoch(Duration::from_secs(session.opened)).to_the_minute())
                    " in " (session.root)
                    @if !session.complete { "; not a whole build" }
                }
                (tiles(session))
                section {
                    h2 { "Timeline" }
                    @if events.is_empty() {
                        p class="quiet" { "No command came through spec-cc." }
                    } @else {
                        @let (bars, height) = timeline(events, session.lasted_s);
                        svg class="timeline" width="100%" height=(height) role="img" aria-label="Timeline of the session" {
                            (bars)
                        }
                        ul class="key" {
                            @for (name, meaning) in LEGEND.iter().filter(|(name, _)| events.iter().any(|event| class(event) == *name)) {
                                li { i class=(name) {} (meaning) }
                            }
                        }
                    }
                }
                (kinds(&session.accounts))
                (past(session, sessions, now))
                (slowest(report))
                (misses(report))
                (disk(*room))
                footer {
                    "Made by spec-cc " (env!("CARGO_PKG_VERSION")) ", " (Moment::after_epoch(Duration::from_secs(now)).to_the_minute())
                    ". Point at a bar to read what it is."
                }
            }
        }
    }
}

/// The numbers that answer whether it pays.
fn tiles(session: &SessionRow) -> Markup {
    let accounts = &session.accounts;
    let served = &accounts.served;
    let precision = accounts.precision();
    let recall = accounts.recall().filter(|_| accounts.launched > 0);
    let tiles = [
        ("wall time", seconds(session.lasted_s)),
        ("commands", served.total().to_string()),
        ("served by launches", (served.joined + served.prefetched).to_string()),
        ("hit rate", percent(served.hit_rate())),
        ("precision", percent(precision)),
        ("recall", percent(recall)),
        ("time saved", seconds(accounts.saved_s.max(0.0))),
        ("CPU of launches", seconds(accounts.launched_cpu_s)),
    ];
    html! {
        div class="tiles" {
            @for (name, value) in tiles { div class="tile" { b { (value) } span { (name) } } }
        }
    }
}

/// How each kind of command was served.
fn kinds(accounts: &Accounts) -> Markup {
    let most = accounts.kinds.values().map(Served::total).max().unwrap_or(0);
    html! {
        @if most > 0 {
            section {
                h2 { "How it was served" }
                div class="scroll" { table {
                    tr { th { "kind" } th class="n" { "asked" } th class="n" { "hit rate" } th {} }
                    @for (kind, served) in &accounts.kinds {
                        tr {
                            td { (text::kind(*kind)) }
                            td class="n" { (served.total()) }
                            td class="n" { (percent(served.hit_rate())) }
                            td class="bar" { (stack(served, most)) }
                        }
                    }
                } }
            }
        }
    }
}

/// A bar of the ways, as long as their share of `most`.
fn stack(served: &Served, most: u64) -> Markup {
    let parts = [
        (Way::Prefetched, served.prefetched),
        (Way::Joined, served.joined),
        (Way::Cached, served.cached),
        (Way::Executed, served.executed),
        (Way::Local, served.local),
        (Way::Bypassed, served.bypassed),
    ];
    let said: Vec<_> = parts.iter().filter(|(_, count)| *count > 0).collect();
    let title = said.iter().map(|(way, count)| format!("{count} {}", way_class(*way))).collect::<Vec<_>>();
    html! {
        div class="stack" title=(title.join(", ")) {
            @for (way, count) in said {
                i class=(way_class(*way)) style=(format!("width:{:.2}%", 100.0 * *count as f64 / most.max(1) as f64)) {}
            }
        }
    }
}

/// The last sessions of the element.
fn past(this: &SessionRow, sessions: &[Listed], now: u64) -> Markup {
    let shown = &sessions[sessions.len().saturating_sub(SESSIONS)..];
    let longest = shown.iter().map(|listed| listed.row.lasted_s).fold(0.001, f64::max);
    html! {
        section {
            h2 { "The last sessions" }
            div class="scroll" { table {
                tr {
                    th class="n" { "session" } th { "when" } th class="n" { "wall time" } th class="n" { "asked" }
                    th class="n" { "hit rate" } th class="n" { "precision" } th class="n" { "recall" } th class="wide" {}
                }
                @for Listed { row, .. } in shown.iter().rev() {
                    @let accounts = &row.accounts;
                    tr class=[(row.id == this.id).then_some("this")] {
                        td class="n" { (row.id) }
                        td class="when" { (text::ago(row.opened, now)) }
                        td class="n" { (seconds(row.lasted_s)) }
                        td class="n" { (accounts.served.total()) }
                        td class="n" { (percent(accounts.served.hit_rate())) }
                        td class="n" { (percent(accounts.precision())) }
                        td class="n" { (percent(accounts.recall().filter(|_| accounts.launched > 0))) }
                        td class="bar wide" { div class="stack" {
                            i class="pending" style=(format!("width:{:.1}%", 100.0 * row.lasted_s / longest)) {}
                        } }
                    }
                }
            } }
        }
    }
}

/// The commands that cost most; configure tests are as dear as each other.
fn slowest(Report { commands, events, .. }: &Report) -> Markup {
    let tests = events.iter().filter(|event| event.kind == Category::Test);
    let tests: HashSet<&str> = tests.map(|event| event.output.as_str()).collect();
    let others = commands.iter().filter(|line| !tests.contains(line.output.as_str()));
    let mut dearest: Vec<&Line> = others.filter(|line| line.cost_s > 0.0).collect();
    dearest.sort_by(|a, b| b.cost_s.total_cmp(&a.cost_s));
    dearest.truncate(SLOWEST);
    let most = dearest.first().map_or(1.0, |line| line.cost_s);
    html! {
        @if !dearest.is_empty() {
            section {
                h2 { "The slowest commands" }
                div class="scroll" { table {
                    tr { th { "output" } th class="n" { "CPU" } th { "served" } th class="wide" {} }
                    @for line in dearest {
                        tr {
                            td class="name" { (path(&line.output)) }
                            td class="n" { (seconds(line.cost_s)) }
                            td class="how" { (text::served(line)) }
                            td class="bar wide" { div class="stack" {
                                i class=(line.how.map_or("pending", way_class))
                                    style=(format!("width:{:.1}%", 100.0 * line.cost_s / most)) {}
                            } }
                        }
                    }
                } }
            }
        }
    }
}

/// A path that is broken behind its slashes where it does not fit on a line.
fn path(text: &str) -> Markup {
    html! { @for part in text.split_inclusive('/') { (part) wbr; } }
}

/// What no launch served, by reason; then what was bypassed.
fn misses(report: &Report) -> Markup {
    let mut reasons: BTreeMap<MissReason, Vec<&Line>> = BTreeMap::new();
    for line in report.commands.iter().filter(|line| text::is_missed(line)) {
        if let Some(why) = &line.why {
            reasons.entry(why.why).or_default().push(line);
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.len()));
    html! {
        section {
            h2 { "What no launch served, and why" }
            @if reasons.is_empty() && report.bypassed.is_empty() {
                p class="quiet" { "Launches served all." }
            }
            @for (why, lines) in &reasons { (reason(*why, lines)) }
            @for bypass in &report.bypassed { (bypassed(bypass)) }
        }
    }
}

fn reason(why: MissReason, lines: &[&Line]) -> Markup {
    html! {
        details open[lines.len() <= FEW] {
            summary { b { (lines.len()) } " " (why) }
            div class="scroll" { table {
                @for line in lines.iter().take(MOST) {
                    tr {
                        td class="name" { (path(&line.output)) }
                        td class="n" { @if line.cost_s > 0.0 { (seconds(line.cost_s)) } }
                        td class="how" { (text::served(line)) }
                        td class="name" { @if let Some(why) = &line.why { (path(&why.detail)) } }
                    }
                }
                @if lines.len() > MOST { tr { td { "… and " (lines.len() - MOST) " more" } } }
            } }
        }
    }
}

fn bypassed(Bypass { reason, count, example }: &Bypass) -> Markup {
    html! {
        details {
            summary { b { (count) } " bypassed: " (reason) }
            p class="quiet" { "as in: " code { (example) } }
        }
    }
}

/// What spec-cc takes on the disk.
fn disk(room: Room) -> Markup {
    let Room { cache_bytes, cache_limit_bytes, store_bytes } = room;
    let share = cache_bytes.map(|bytes| 100.0 * bytes as f64 / cache_limit_bytes.max(1) as f64);
    html! {
        section {
            h2 { "On the disk" }
            div class="scroll" { table {
                tr {
                    td { "cache" }
                    td class="n" { (cache_bytes.map_or_else(|| "?".into(), text::bytes)) " of " (text::bytes(cache_limit_bytes)) }
                    td class="bar" { div class="stack" {
                        i class="pending" style=(format!("width:{:.1}%", share.unwrap_or(0.0).min(100.0))) {}
                    } }
                }
                tr {
                    td { "records" }
                    td class="n" { (store_bytes.map_or_else(|| "?".into(), text::bytes)) }
                    td {}
                }
            } }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::pages::timeline::tests::event;

    pub(in crate::pages) fn told() -> Told {
        let accounts = Accounts {
            served: Served { local: 1, ..Served::default() },
            kinds: [(Category::Compile, Served { local: 1, ..Served::default() })].into(),
            ..Accounts::default()
        };
        let session = SessionRow {
            id: 7,
            element: "local/<zlib>".into(),
            root: "/b".into(),
            opened: 0,
            lasted_s: 10.0,
            complete: true,
            accounts,
            kept_here: None,
        };
        let line = Line {
            output: "<script>.o".into(),
            how: Some(Way::Local),
            why: Some(MissReason::ChangedInput.of("/b/a&b.h")),
            launch: None,
            cost_s: 1.5,
        };
        let bypass = Bypass { reason: "-x \"odd\"".into(), count: 2, example: "<stdin>".into() };
        let report = Report {
            session: session.clone(),
            commands: vec![line],
            bypassed: vec![bypass],
            quarantined: Vec::new(),
            events: vec![event("<script>.o", 2.0, 4.0)],
        };
        let room = Room { cache_bytes: Some(1 << 20), cache_limit_bytes: 4 << 20, store_bytes: None };
        Told { report, sessions: vec![Listed { row: session, open: None }], room }
    }

    #[test]
    fn the_page_says_all_and_needs_nothing_else() {
        let page = page(&told(), 3600).into_string();
        for said in [
            "<title>spec-cc: local/&lt;zlib&gt;, session 7</title>",
            "1970-01-01 00:00 UTC in /b",
            "1 hour ago",
            "x=\"20.000%\"",
            "an input changed after it was launched",
            "/<wbr>b/<wbr>a&amp;b.h<wbr>",
            "bypassed: -x &quot;odd&quot;",
            "1.0 MiB of 4.0 MiB",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        for outside in ["<script", "http:", "https:", "<link", "url(", "@import", "<stdin>"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn the_page_is_as_it_was_when_somebody_last_looked_at_it() {
        let page = page(&told(), 3600).into_string();
        let (head, styled) = page.split_once("<style>").unwrap();
        let (_, body) = styled.split_once("</style>").unwrap();
        let page = format!("{head}{body}").replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(page.replace('<', "\n<"));
    }

    #[test]
    fn every_element_of_the_page_is_closed() {
        const VOID: [&str; 2] = ["meta", "wbr"];
        let page = page(&told(), 3600).into_string();
        let mut open = Vec::new();
        for tag in page.split('<').skip(2).map(|rest| rest.split(['>', ' ']).next().unwrap_or_default()) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{page}"),
                None if VOID.contains(&tag) => {}
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
