//! The page: one HTML file that needs nothing else.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use spec_cc::companion::control::past::{Listed, Room, Told};
use spec_cc::launch::accounts::{Accounts, Category, Served, Way};
use spec_cc::launch::miss::MissReason;
use spec_cc::session::SessionRow;
use spec_cc::session::report::{Bypass, Line, Report};

use super::timeline::{LEGEND, class, timeline, way_class};
use crate::cli::text::{self, percent, seconds};

/// Commands that are shown as the slowest.
const SLOWEST: usize = 20;
/// Sessions that are shown beside this one.
const SESSIONS: usize = 20;
/// Commands with one reason are shown at once up to this many, else on demand.
const FEW: usize = 10;
/// Commands that are shown with one reason.
const MOST: usize = 500;

/// The page of a session, made at `now`, seconds since the epoch.
pub(super) fn page(told: &Told, now: u64) -> Markup {
    let Told { report, sessions, room } = told;
    let Report { session, commands, events, .. } = report;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "spec-cc: " (session.element) ", session " (session.id) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                h1 { (session.element) }
                p class="quiet" {
                    "session " (session.id) ", " (text::ago(session.opened, now)) " in " (session.root)
                    @if !session.complete { "; not a whole build" }
                }
                (tiles(session))
                section {
                    h2 { "Timeline" }
                    @if events.is_empty() {
                        p class="quiet" { "No command came through spec-cc." }
                    } @else {
                        (timeline(events, session.lasted_s))
                        ul class="key" {
                            @for (name, meaning) in LEGEND.iter().filter(|(name, _)| events.iter().any(|event| class(event) == *name)) {
                                li { i class=(name) {} (meaning) }
                            }
                        }
                    }
                }
                (kinds(&session.accounts))
                (past(session, sessions, now))
                (slowest(commands))
                (misses(report))
                (disk(*room))
                footer { "Made by spec-cc " (env!("CARGO_PKG_VERSION")) ". Point at a bar to read what it is." }
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
                            td { (kind_name(*kind)) }
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

pub(super) fn kind_name(kind: Category) -> &'static str {
    match kind {
        Category::Compile => "compiles",
        Category::Test => "configure tests",
        Category::Link => "links",
        Category::Archive => "archives",
        Category::Other => "others",
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
                    th class="n" { "session" } th { "when" } th class="n" { "asked" } th class="n" { "hit rate" }
                    th class="n" { "precision" } th class="n" { "recall" } th class="n" { "wall time" } th {}
                }
                @for Listed { row, .. } in shown.iter().rev() {
                    @let accounts = &row.accounts;
                    tr class=[(row.id == this.id).then_some("this")] {
                        td class="n" { (row.id) }
                        td class="when" { (text::ago(row.opened, now)) }
                        td class="n" { (accounts.served.total()) }
                        td class="n" { (percent(accounts.served.hit_rate())) }
                        td class="n" { (percent(accounts.precision())) }
                        td class="n" { (percent(accounts.recall().filter(|_| accounts.launched > 0))) }
                        td class="n" { (seconds(row.lasted_s)) }
                        td class="bar" { div class="stack" {
                            i class="pending" style=(format!("width:{:.1}%", 100.0 * row.lasted_s / longest)) {}
                        } }
                    }
                }
            } }
        }
    }
}

/// The commands that cost most.
fn slowest(commands: &[Line]) -> Markup {
    let mut dearest: Vec<&Line> = commands.iter().filter(|line| line.cost_s > 0.0).collect();
    dearest.sort_by(|a, b| b.cost_s.total_cmp(&a.cost_s));
    dearest.truncate(SLOWEST);
    let most = dearest.first().map_or(1.0, |line| line.cost_s);
    html! {
        @if !dearest.is_empty() {
            section {
                h2 { "The slowest commands" }
                div class="scroll" { table {
                    tr { th { "output" } th class="n" { "CPU" } th { "served" } th {} }
                    @for line in dearest {
                        tr {
                            td class="name" { (line.output) }
                            td class="n" { (seconds(line.cost_s)) }
                            td { (text::served(line)) }
                            td class="bar" { div class="stack" {
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
                        td class="name" { (line.output) }
                        td class="n" { @if line.cost_s > 0.0 { (seconds(line.cost_s)) } }
                        td { (text::served(line)) }
                        td class="name" { @if let Some(why) = &line.why { (why.detail) } }
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
