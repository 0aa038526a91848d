//! `specctl config`: each setting, its value, and where that came from.

use anyhow::Result;
use serde_json::json;
use spec_cc::settings::Settings;

use super::{output, text};

/// Show each setting, its value, and where it came from
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say what each setting is for
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let settings = Settings::of_process()?;
    if args.json {
        output::line(to_json(&settings))?;
    } else {
        output::table(&to_text(&settings, args.verbose, text::width()))?;
    }
    Ok(())
}

/// An array of the settings; what of recc's is not obeyed is at its end, with `why` instead of `help`.
fn to_json(settings: &Settings) -> serde_json::Value {
    let rows = settings.rows().into_iter().map(|row| {
        json!({
            "name": row.name,
            "value": row.value,
            "source": row.source.to_string(),
            "help": row.setting.help,
        })
    });
    let unhonoured = settings
        .unhonoured()
        .iter()
        .map(|found| json!({ "name": found.name, "source": found.source.to_string(), "why": found.why }));
    rows.chain(unhonoured).collect()
}

/// The widest that a value is where lines have an end, and the least that is left to it.
const LEAST: usize = 12;

/// A line for each setting, no longer than `width`: a value gives way. With `verbose`, what it is for stands below.
fn to_text(settings: &Settings, verbose: bool, width: Option<u16>) -> String {
    let mut rows = vec![["setting", "value", "from"].map(str::to_owned)];
    let mut below = vec![String::new()];
    for row in settings.rows() {
        let value = if row.value.is_empty() { "-".to_owned() } else { row.value };
        rows.push([row.name.clone(), value, row.source.to_string()]);
        below.push(row.setting.help.replace('`', ""));
    }
    for found in settings.unhonoured() {
        rows.push([found.name.clone(), "-".to_owned(), found.source.to_string()]);
        below.push(found.why.to_owned());
    }
    let longest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, source) = (longest(0), longest(2));
    let room = width.map(|width| usize::from(width).saturating_sub(name + source + 4).max(LEAST));
    let value = longest(1).min(room.unwrap_or(usize::MAX));
    let lines = rows.iter().zip(below).map(|([setting, said, from], help)| {
        let line = format!("{setting:<name$}  {:<value$}  {from}\n", text::clipped(said, value));
        if verbose && !help.is_empty() { format!("{line}    {help}\n") } else { line }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::to_text;
    use spec_cc::settings::Settings;
    use std::path::Path;

    #[test]
    fn each_setting_has_a_line_and_a_long_value_gives_way() {
        let variables = [("SPEC_CC_MODE", "cache"), ("SPEC_CC_STORE", "/a/rather/long/folder/for/a/store")];
        let settings = Settings::read(variables, Path::new("/nowhere")).unwrap();
        let table = to_text(&settings, true, Some(60));
        let first: Vec<&str> = table.lines().take(21).collect();
        insta::assert_snapshot!(first.join("\n"), @r"
        setting                      value             from
        disable                      -                 default
            run the compiler and do nothing else
        mode                         cache             SPEC_CC_MODE
            off, learn, cache or spec
        project                      -                 default
            name of the project; without it BuildStream's, else local
        element                      -                 default
            name of the element; without it BuildStream's, else the name of the root's folder
        root                         -                 default
            folder below which paths are relative; without it the repository's top, else the outermost with a build system's file (configure, Makefile, …)
        compiler                     -                 default
            the compiler that spec-cc -c x.c runs; without it the first cc on PATH, or c++ for spec-c++
        ar                           -                 default
            the archiver that spec-ar runs; without it the first ar on PATH
        socket                       -                 default
            where the companion listens; without it a name for the store, in a private folder below $XDG_RUNTIME_DIR or /tmp
        store                        /a/rather/long/…  SPEC_CC_STORE
            folder of the records; without it spec-cc/store in $XDG_CACHE_HOME or ~/.cache, or /tmp/spec-cc-UID/store
        cache                        -                 default
            folder of the results; without it cache beside the store
        ");
    }
}
