//! `specctl bst compare`: what a project's build takes plainly, with results looked up, and with launches.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;
use spec_cc::bst::branch_cache;
use spec_cc::session::SessionRow;
use spec_cc::session::counts::Served;

use super::artifact::Artifact;
use super::leave::SESSION;
use crate::cli::{output, text};

/// Build an element in each mode of the option `spec_cc`, and compare
///
/// Each mode begins with BuildStream's cache as it is now: with a copy, made of links, in which TARGET's own artifact is forgotten. So no
/// mode finds what another has left, and your cache stays as it is. Edit a source first to see what a change costs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    host: super::host::Host,
    /// Modes to build in
    #[arg(long, value_name = "MODE", value_delimiter = ',', default_value = "plain,cache,spec")]
    modes: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The element
    target: String,
}

/// What came of one mode.
#[derive(Debug, Serialize)]
struct Row {
    mode: String,
    /// Wall time of `bst build`, seconds.
    seconds: f64,
    /// How the target's compiles were served, where the project includes `spec-cc-artifact.yml`.
    served: Option<Served>,
    /// Over the artifact's files: the same in every mode, if the build is reproducible.
    artifact: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let rows: Vec<Row> = args.modes.iter().map(|mode| build(args, mode)).collect::<Result<_>>()?;
    if args.json {
        output::line(serde_json::to_string(&rows)?)?;
    } else {
        output::text(&to_text(&rows))?;
    }
    Ok(())
}

/// Builds the target in one mode, on a copy of the cache beside the cache.
fn build(args: &Args, mode: &str) -> Result<Row> {
    let cache = args.host.cache()?;
    let beside = cache.parent().context("the cache has no folder above it")?;
    let room = tempfile::Builder::new().prefix("spec-cc-compare-").tempdir_in(beside)?;
    let copy = room.path().join("buildstream");
    branch_cache(&cache, &copy)?;
    let bst = args.host.program().with_cache(&copy, room.path())?;
    let options = ["--option", "spec_cc", mode];
    let ask = |arguments: &[&str]| bst.run(&[&options, arguments].concat());
    if ask(&["show", "--deps", "none", "--format", "%{state}", &args.target])?.trim() == "cached" {
        ask(&["artifact", "delete", &args.target])?;
    }
    let begun = Instant::now();
    ask(&["build", &args.target])?;
    let seconds = begun.elapsed().as_secs_f64();
    let artifact = Artifact::check_out(&bst, &options, &args.target, &room.path().join("artifact"))?;
    let session = artifact.left.first().and_then(|folder| fs::read(folder.join(SESSION)).ok());
    let session = session.and_then(|session| serde_json::from_slice::<SessionRow>(&session).ok());
    let served = session.map(|session| session.accounts.served);
    Ok(Row { mode: mode.to_owned(), seconds, served, artifact: artifact.digest.to_string() })
}

fn to_text(rows: &[Row]) -> String {
    let heading = ["mode", "build", "of the first", "compiles", "ahead", "cached", "artifact"];
    let mut table = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let first = rows.first().unwrap_or(row);
        let share = text::percent((first.seconds > 0.0).then(|| row.seconds / first.seconds));
        let count = |of: fn(&Served) -> u64| {
            row.served.as_ref().map_or("-".to_owned(), |served| of(served).to_string())
        };
        let artifact = if row.artifact == first.artifact { "the same" } else { "another" };
        table.push(vec![
            row.mode.clone(),
            text::seconds(row.seconds),
            share,
            count(Served::total),
            count(|served| served.joined + served.prefetched),
            count(|served| served.cached),
            artifact.to_owned(),
        ]);
    }
    text::table_of(&table, &[1, 2, 3, 4, 5])
}

#[cfg(test)]
mod tests {
    use super::{Row, to_text};
    use spec_cc::session::counts::Served;

    #[test]
    fn the_modes_are_compared_with_the_first() {
        let row = |mode: &str, seconds, served, artifact: &str| Row {
            mode: mode.into(),
            seconds,
            served,
            artifact: artifact.into(),
        };
        let served = Served { prefetched: 200, joined: 3, cached: 4, local: 7, ..Served::default() };
        let rows = [
            row("plain", 51.0, None, "a"),
            row("spec", 11.0, Some(served), "a"),
            row("odd", 60.0, None, "b"),
        ];
        insta::assert_snapshot!(to_text(&rows), @r"
        mode    build  of the first  compiles  ahead  cached  artifact
        plain  51.0 s          100%         -      -       -  the same
        spec   11.0 s           22%       214    203       4  the same
        odd    60.0 s          118%         -      -       -  another
        ");
    }
}
