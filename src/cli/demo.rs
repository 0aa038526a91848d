//! `specctl demo`: builds a real package with the plain compiler and with spec-cc, and compares.

mod build;
mod package;
mod report;
mod workshop;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::demo::build::{Built, With, differing};
use crate::cli::demo::workshop::Workshop;
use crate::cli::output;

/// See it at work: build a real C package with and without spec-cc
///
/// Builds the package with the plain compiler and with spec-cc, edits it, builds it again, and compares times and objects.
/// Takes about two minutes. Needs cargo (which fetches the package's sources), make and a C compiler. Everything happens in a temporary folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many commands make may run at a time [default: one per core]
    #[arg(long, short, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Leave the temporary folder with a page of the last build (`report.html`) and its picture (`timeline.svg`)
    #[arg(long)]
    keep: bool,
}

/// How often the progress line moves.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &Args) -> Result<()> {
    outlive_interrupts();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workshop = Workshop::new(args.jobs.map_or(cores, usize::from), args.keep)?;
    let mut outcome = show(&workshop, cores);
    if args.keep && outcome.is_ok() {
        outcome = workshop.write_reports();
    }
    if let Some(folder) = workshop.close() {
        output::line(format!("\nEverything is left in {}", folder.display()))?;
    }
    outcome
}

/// A Ctrl-C ends the build that runs; what it leaves is cleaned up here. Unlike an ignored signal, a handled one is not
/// handed down to the build.
fn outlive_interrupts() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGINT, nothing as *const () as libc::sighandler_t) };
}

fn show(workshop: &Workshop, cores: usize) -> Result<()> {
    let pristine = during("fetching the sources", || package::fetch(workshop.path()))?;
    output::line(format!(
        "Package: {} ({}), configured and built from a clean tree each time.\n",
        package::NAME,
        package::ORIGIN
    ))?;
    let build = |what: &str, with: With, edited: bool| {
        during(what, || {
            package::lay_out(&pristine, &workshop.tree(), edited)?;
            build::run(workshop, with)
        })
    };
    let plain = build("building with the plain compiler", With::Plain, false)?;
    let learning = build("building with spec-cc, which learns", With::Spec, false)?;
    output::text(&report::recorded(workshop)?)?;

    output::line(format!("\nNow {} and {} are edited.\n", package::SOURCE, package::HEADER))?;
    let plain_edited = build("building the edited tree with the plain compiler", With::Plain, true)?;
    let spec_edited = build("building the edited tree with spec-cc", With::Spec, true)?;
    output::text(&report::launches(workshop)?)?;

    let rows = [
        ("plain compiler", &plain),
        ("spec-cc, nothing recorded yet", &learning),
        ("edited: plain compiler", &plain_edited),
        ("edited: spec-cc", &spec_edited),
    ];
    output::text(&format!("\n{}", report::times(&rows)))?;
    output::line(format!("\n{}", report::verdict(plain_edited.total(), spec_edited.total(), cores)))?;
    compare(&[(&plain, &learning), (&plain_edited, &spec_edited)])?;
    let changed = differing(&plain, &plain_edited).len();
    output::line(format!(
        "All {} objects are bit-identical to the plain compiler's, before the edits and after them \
         (which changed {changed}).",
        plain_edited.objects.len()
    ))?;
    Ok(())
}

/// Fails unless each build with spec-cc left just the objects that the plain compiler left.
fn compare(pairs: &[(&Built, &Built)]) -> Result<()> {
    for (plain, spec) in pairs {
        let wrong = differing(plain, spec);
        if let Some(first) = wrong.first() {
            let first: &Path = first;
            bail!("{} objects differ from the plain compiler's, {} among them", wrong.len(), first.display());
        }
    }
    Ok(())
}

/// Does something with a line on the terminal that says so; says nothing elsewhere.
fn during<T>(what: &str, job: impl FnOnce() -> Result<T>) -> Result<T> {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    let result = job();
    bar.finish_and_clear();
    result
}
