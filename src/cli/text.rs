//! Texts and tables for people.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement};
use spec_cc::launch::miss::MissReason;
use spec_cc::session::SessionRow;
use spec_cc::session::counts::Accounts;
use spec_cc::store::Quarantined;

pub(super) use spec_cc::pages::words::{
    ago, bytes, clipped, count, is_missed, kind, percent, seconds, served, short,
};

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

#[cfg(test)]
mod tests {
    use super::{summary, table};
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
}
