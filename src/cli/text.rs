//! Texts and tables for people.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement};
use spec_cc::launch::life::Fate;
use spec_cc::launch::miss::MissReason;
use spec_cc::session::SessionRow;
use spec_cc::session::counts::{Accounts, Category, Way};
use spec_cc::session::report::Line;
use spec_cc::store::Quarantined;

/// The one line that a build ends with.
pub(super) fn summary(row: &SessionRow) -> String {
    let accounts = &row.accounts;
    let served = &accounts.served;
    let total = served.total();
    if total == 0 {
        return format!("spec-cc: {}: no compile came through spec-cc (is CC=spec-cc set?)", row.element);
    }
    let mut parts = vec![format!("{}: {}", row.element, count(total, "compile"))];
    let from_cache = format!("{} from cache", served.cached);
    let here = format!("{} compiled here, {} bypassed", served.local + served.executed, served.bypassed);
    if let Some(learnt) = learnt_first(accounts) {
        parts.extend((served.cached > 0).then_some(from_cache));
        let them = if learnt == 1 { "it" } else { "them" };
        parts.extend([here, format!("learnt {}", count(learnt, "command"))]);
        parts.push(format!("the next build launches {them}"));
    } else {
        parts.push(format!("{} served by launches, {from_cache}", served.joined + served.prefetched));
        parts.push(here);
    }
    if accounts.launched > 0 {
        parts.push(format!("precision {}", percent(accounts.precision())));
    }
    if accounts.saved_s > 0.0 {
        parts.push(format!("{} saved", seconds(accounts.saved_s)));
    }
    if let Some(why) = &row.kept_here {
        parts.push(format!("what was learnt stays here: {why}"));
    }
    let line = format!("spec-cc: {}", parts.join("; "));
    line + &verified(accounts, &row.element)
}

/// How many commands a build was the first to ask for; nothing of a build that had something to launch.
fn learnt_first(accounts: &Accounts) -> Option<u64> {
    let new = accounts.unserved.get(&MissReason::NewCommand).copied();
    new.filter(|_| accounts.launched == 0 && accounts.served.joined + accounts.served.prefetched == 0)
}

/// What came of verifying, on a line of its own.
fn verified(accounts: &Accounts, element: &str) -> String {
    match (accounts.verified, accounts.mismatched) {
        (0, _) => String::new(),
        (all, 0) => format!("\nspec-cc: {} verified: the compilers gave the same", count(all, "result")),
        (all, wrong) => format!(
            "\nspec-cc: {} verified, and {wrong} NOT what the compiler gave: see `specctl show {element} --why`",
            count(all, "result")
        ),
    }
}

/// What is in quarantine, under a heading that says how it gets out; nothing for nothing.
pub(super) fn quarantine(element: &str, found: &[Quarantined]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let mut out = format!("\nin quarantine until `specctl forget --quarantine {element}`:\n");
    for found in found {
        out += &format!("{}\n", found.output);
        for line in found.differs.iter().chain([&found.cause]).filter(|line| !line.is_empty()) {
            out += &format!("  {line}\n");
        }
    }
    out
}

/// `1 compile`, `2 compiles`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The name of many commands of one kind.
pub(super) fn kind(kind: Category) -> &'static str {
    match kind {
        Category::Compile => "compiles",
        Category::Test => "configure tests",
        Category::Link => "links",
        Category::Archive => "archives",
        Category::Other => "others",
    }
}

/// A share as a percentage, `-` when there is none.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", share * 100.0))
}

/// A time for people.
pub(super) fn seconds(time: f64) -> String {
    match time {
        time if time < 0.0005 => "0".to_owned(),
        time if time < 1.0 => format!("{:.0} ms", time * 1000.0),
        time if time < 100.0 => format!("{time:.1} s"),
        time => format!("{:.0} min {:.0} s", (time / 60.0).floor(), time % 60.0),
    }
}

/// What went wrong and why, each said once: many an error says its cause itself.
pub(super) fn error(error: &anyhow::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !texts.last().is_some_and(|said| said.ends_with(&cause)) {
            texts.push(cause);
        }
    }
    texts.join(": ")
}

/// Whether the build asked for it, and no launch served it.
pub(super) fn is_missed(line: &Line) -> bool {
    matches!(line.how, Some(Way::Cached | Way::Executed | Way::Local))
}

/// How a command was served, or what became of its launch.
pub(super) fn served(line: &Line) -> &'static str {
    match line.how {
        Some(Way::Joined) => "joined a launch",
        Some(Way::Prefetched) => "by a launch",
        Some(Way::Cached) => "from the cache",
        Some(Way::Executed) => "by the backend",
        Some(Way::Local) => "compiled here",
        Some(Way::Bypassed) => "bypassed",
        None if line.why.is_some() => "not asked for",
        None => match line.launch {
            Some(Fate::Pending) => "launched, not asked for yet",
            Some(Fate::Cancelled) => "launched, cancelled",
            Some(Fate::Wasted | Fate::Useful) | None => "launched for nothing",
        },
    }
}

/// An amount of bytes for people.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => count(bytes, "byte"),
    }
}

/// How long ago a moment was, both in seconds since the epoch.
pub(super) fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..60 => "just now".to_owned(),
        past @ 60..3600 => format!("{} ago", count(past / 60, "minute")),
        past @ 3600..86400 => format!("{} ago", count(past / 3600, "hour")),
        past => format!("{} ago", count(past / 86400, "day")),
    }
}

/// Lines up columns; all but the first are flush right. The first row is the heading.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    table_of(rows, &(1..columns).collect::<Vec<_>>())
}

/// Lines up columns, those in `right` flush right. On a narrow terminal cells have several lines.
pub(super) fn table_of(rows: &[Vec<String>], right: &[usize]) -> String {
    table_within(rows, right, width())
}

fn table_within(rows: &[Vec<String>], right: &[usize], width: Option<u16>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).add_rows(rows);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let last = table.column_count().saturating_sub(1);
    for (number, column) in table.column_iter_mut().enumerate() {
        let alignment = if right.contains(&number) { CellAlignment::Right } else { CellAlignment::Left };
        column.set_cell_alignment(alignment);
        // A number in two lines is none.
        if right.contains(&number) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        column.set_padding((0, if number == last { 0 } else { 2 }));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// How many columns there are to write on; nothing where lines may be as long as they like.
pub(super) fn width() -> Option<u16> {
    // Tests know what a table looks like wherever they run.
    if cfg!(test) {
        return None;
    }
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0))
}

/// A text that fits on a line beside others.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 61;
    clipped(text, LONGEST)
}

/// The beginning of a text, at most so many characters of it.
pub(super) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{ago, seconds, summary, table};
    use spec_cc::launch::miss::MissReason;
    use spec_cc::session::SessionRow;
    use spec_cc::session::counts::{Accounts, Served};

    fn said(accounts: Accounts) -> String {
        let row = SessionRow {
            id: 1,
            element: "local/zlib".into(),
            root: "/b".into(),
            opened: 0,
            lasted_s: 1.0,
            complete: true,
            accounts,
            kept_here: None,
        };
        summary(&row)
    }

    #[test]
    fn a_first_build_says_what_it_learnt_and_later_ones_what_that_brought() {
        let first = Accounts {
            served: Served { local: 214, bypassed: 3, ..Served::default() },
            unserved: [(MissReason::NewCommand, 214)].into(),
            ..Accounts::default()
        };
        let later = Accounts {
            served: Served { prefetched: 213, local: 2, bypassed: 3, ..Served::default() },
            launched: 213,
            useful: 213,
            unserved: [(MissReason::NewCommand, 2)].into(),
            ..Accounts::default()
        };
        let switched_down = Accounts {
            served: Served { cached: 2, ..Served::default() },
            unserved: [(MissReason::NotLaunching, 2)].into(),
            ..Accounts::default()
        };
        insta::assert_snapshot!([first, later, switched_down].map(said).join("\n"), @r"
        spec-cc: local/zlib: 217 compiles; 214 compiled here, 3 bypassed; learnt 214 commands; the next build launches them
        spec-cc: local/zlib: 218 compiles; 213 served by launches, 0 from cache; 2 compiled here, 3 bypassed; precision 100%
        spec-cc: local/zlib: 2 compiles; 0 served by launches, 2 from cache; 0 compiled here, 0 bypassed
        ");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["element".into(), "commands".into()], vec!["zlib".into(), "15".into()]];
        assert_eq!(table(&rows), "element  commands\nzlib           15\n");
        let rows = [vec!["a.o".into(), "it was not recorded yet".into()]];
        let narrow = super::table_within(&rows, &[], Some(20));
        assert!(narrow.lines().count() == 2 && narrow.lines().all(|line| line.len() <= 20), "{narrow}");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(0.0123), "12 ms");
        assert_eq!(seconds(3.21), "3.2 s");
        assert_eq!(seconds(125.0), "2 min 5 s");
        assert_eq!(ago(0, 7300), "2 hours ago");
    }
}
