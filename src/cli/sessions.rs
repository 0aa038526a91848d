//! `specctl sessions`: the builds there were, each against the one before.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::json;
use spec_cc::companion::control::Control;
use spec_cc::companion::control::past::Listed;
use spec_cc::session::SessionRow;
use spec_cc::session::counts::{Category, Served};

use super::{client, output, text};

/// List the last builds: how long each took, and what it gained
///
/// The newest is at the end. The numbers are what `report --session`, `stats --session` and `diff` take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of this element
    element: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let sessions = ask(args.element.as_deref())?;
    if args.json {
        return Ok(output::line(to_json(&sessions)?)?);
    }
    if sessions.is_empty() {
        return Ok(output::line("There has been no session yet. Build something with CC=spec-cc.")?);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(output::table(&table(&sessions, now))?)
}

/// The sessions, of all elements or of one, oldest first.
fn ask(element: Option<&str>) -> Result<Vec<Listed>> {
    let asked = Control::Sessions { element: element.map(str::to_owned) };
    Ok(serde_json::from_value(client::ask(&asked)?)?)
}

/// The session of the same element before the one at this place.
fn before(sessions: &[Listed], place: usize) -> Option<&SessionRow> {
    let this = sessions.get(place)?;
    let earlier = sessions.iter().take(place).rev().map(|listed| &listed.row);
    earlier.into_iter().find(|row| row.element == this.row.element)
}

/// An array of the sessions; `before` says which one each is held against, and by how much it took longer.
fn to_json(sessions: &[Listed]) -> Result<serde_json::Value> {
    let mut rows = Vec::new();
    for (place, listed) in sessions.iter().enumerate() {
        let mut row = serde_json::to_value(listed)?;
        row["accounts"] = listed.row.accounts.to_json();
        row["before"] = json!(before(sessions, place).map(|before| {
            json!({ "session": before.id, "longer_s": listed.row.lasted_s - before.lasted_s })
        }));
        rows.push(row);
    }
    Ok(rows.into())
}

fn table(sessions: &[Listed], now: u64) -> String {
    let heading =
        ["session", "element", "when", "wall time", "", "compiles", "tests", "links", "served", "saved"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(sessions.iter().enumerate().map(|(place, listed)| row(listed, before(sessions, place), now)));
    text::table_of(&rows, &[0, 3, 4, 5, 6, 7, 8, 9])
}

fn row(Listed { row, open }: &Listed, before: Option<&SessionRow>, now: u64) -> Vec<String> {
    let accounts = &row.accounts;
    let of = |kind: Category| accounts.kinds.get(&kind).map_or(0, Served::total).to_string();
    let when = if open.is_some() { "being built".to_owned() } else { text::ago(row.opened, now) };
    let against = before.filter(|before| open.is_none() && before.lasted_s > 0.0);
    vec![
        row.id.to_string(),
        row.element.clone(),
        when,
        text::seconds(row.lasted_s),
        against.map_or_else(String::new, |before| change(before.lasted_s, row.lasted_s)),
        of(Category::Compile),
        of(Category::Test),
        of(Category::Link),
        text::percent(accounts.served.hit_rate()),
        text::seconds(accounts.saved_s),
    ]
}

/// By how many percent a time has changed.
fn change(before: f64, now: f64) -> String {
    format!("{:+.0}%", 100.0 * (now / before - 1.0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use spec_cc::session::counts::Accounts;

    pub(in crate::cli) fn session(id: u64, element: &str, lasted_s: f64, served: Served) -> SessionRow {
        let accounts =
            Accounts { served, kinds: [(Category::Compile, served)].into(), ..Accounts::default() };
        SessionRow {
            id,
            element: element.into(),
            root: "/b".into(),
            opened: 1000 * id,
            lasted_s,
            complete: true,
            accounts,
            kept_here: None,
        }
    }

    #[test]
    fn each_is_held_against_the_one_before_of_its_element() {
        let cold = Served { local: 20, ..Served::default() };
        let warm = Served { prefetched: 19, local: 1, ..Served::default() };
        let rows = [
            session(1, "local/zlib", 10.0, cold),
            session(2, "local/xz", 30.0, cold),
            session(3, "local/zlib", 4.0, warm),
        ];
        let sessions = rows.map(|row| Listed { row, open: None });
        insta::assert_snapshot!(table(&sessions, 4000), @r"
        session  element     when            wall time        compiles  tests  links  served  saved
              1  local/zlib  50 minutes ago     10.0 s              20      0      0      0%      0
              2  local/xz    33 minutes ago     30.0 s              20      0      0      0%      0
              3  local/zlib  16 minutes ago      4.0 s  -60%        20      0      0     95%      0
        ");
        let json = to_json(&sessions).unwrap();
        assert_eq!(json[2]["before"], json!({ "session": 1, "longer_s": -6.0 }));
        assert_eq!((&json[1]["before"], &json[1]["id"]), (&json!(null), &json!(2)));
    }
}
