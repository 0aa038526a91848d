//! Opening an element of 10,000 commands on a grid: every action computed, looked up, uploaded and asked to be executed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use spec_cc::action::remote::Layout;
use spec_cc::base::digest::Digest;

use spec_cc::compile::engine::Engine;
use spec_cc::compile::instance::instantiate;
use spec_cc::grid::Grid;
use spec_cc::grid::moment::Moment;
use spec_cc::grid::settings::GridSettings;
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::launch::candidate::Candidate;
use spec_cc::launch::context::SessionContext;
use spec_cc::launch::launcher::Launcher;
use spec_cc::reapi::{Blob, Client, Content, Endpoint, Endpoints};
use spec_cc::settings::Policy;
use spec_cc::store::Store;

use crate::element;
use crate::stand_in::StandIn;
use crate::tree::{INPUTS, Tree};

const COMMANDS: usize = 10_000;
const ROUNDS: usize = 3;
/// How often one looks whether all launches have ended.
const GLANCE: Duration = Duration::from_millis(5);
/// Longer than any open takes, on a machine however busy.
const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) fn measure() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("spec-cc-bench-").tempdir()?;
    child(&["learn", text(folder.path())?, &COMMANDS.to_string()])?;
    println!("\nopening {COMMANDS} commands of {INPUTS} inputs on a grid (a stand-in that executes nothing)");
    println!(
        "{:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "revive ms", "issue ms", "refused ms", "their CPU", "wire ms", "its CPU", "peak MiB"
    );
    for _ in 0..ROUNDS {
        let grid = StandIn::start()?;
        upload_headers(folder.path(), &grid.url)?;
        print!("{}", child(&["issue", text(folder.path())?, &grid.url])?);
        println!("  {}", grid.end()?);
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("not UTF-8")
}

fn child(args: &[&str]) -> Result<String> {
    let output = Command::new(std::env::current_exe()?).args(args).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{args:?}: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Writes a tree and the records of its commands.
pub(crate) fn learn(folder: &Path, commands: usize) -> Result<()> {
    let tree = Tree::write(&folder.join("tree"), commands)?;
    element::learn(&tree, folder, commands)
}

/// The grid has the headers from the last build; the sources, and the folders with them, are new to it.
fn upload_headers(folder: &Path, url: &str) -> Result<()> {
    let mut headers = Vec::new();
    for library in folder.join("tree/include").read_dir()? {
        for header in library?.path().read_dir()? {
            let path = header?.path();
            headers.push((Digest::of(&std::fs::read(&path)?), path));
        }
    }
    let blobs = headers.iter().map(|(digest, path)| Blob { digest: *digest, content: Content::File(path) });
    Client::new(&endpoints(url))?.upload(&blobs.collect::<Vec<_>>())?;
    Ok(())
}

fn endpoints(url: &str) -> Endpoints {
    let endpoint = Endpoint::new(url);
    Endpoints { cas: endpoint.clone(), action_cache: endpoint.clone(), execution: Some(endpoint) }
}

/// Opens the element with the grid at `url`, in a process that knows nothing yet, and prints how long that took.
pub(crate) fn issue(folder: &Path, url: &str) -> Result<()> {
    let engine = Arc::new(element::engine(folder));
    let grid = Arc::new(Grid::new(Arc::new(Client::new(&endpoints(url))?), settings(url)));
    let root = text(&folder.join("tree"))?.to_owned();
    let path = vec![("PATH".into(), element::PATH.into())];
    let mut context = SessionContext::new(root, path);
    context.grid = Some(Arc::clone(&grid));
    let context = Arc::new(context);
    let store = Store::open(&folder.join("store"))?.store;
    let begun = Instant::now();
    let element = store.load(&element::key())?;
    let mut candidates: Vec<Arc<Candidate>> =
        spec_cc::session::revive::revive(&engine, element, &context).into_values().collect();
    candidates.sort_by_key(|candidate| candidate.record(|record| record.order));
    print!("{:>10.0} ", begun.elapsed().as_secs_f64() * 1e3);
    // With all files fresh to this process, as an open in a sandbox finds them.
    timed(|| {
        let launcher = Launcher::new(Arc::clone(&engine), 0);
        let started = Instant::now();
        spec_cc::session::watch::issue(&launcher, &context, &candidates);
        let wait = |done: &dyn Fn(&Candidate) -> bool| -> Result<()> {
            while !candidates.iter().rev().all(|candidate| done(candidate)) {
                ensure!(begun.elapsed() < PATIENCE, "not all commands reached the grid");
                std::thread::sleep(GLANCE);
            }
            Ok(())
        };
        wait(&|candidate| candidate.tally().executed)?;
        print!("{:>10.0} ", started.elapsed().as_secs_f64() * 1e3);
        wait(&is_refused)
    })?;
    // Once more, with their states known.
    timed(|| compute(&engine, &grid, &context, &candidates))?;
    println!("{:>10.0}", element::peak_mib()?);
    Ok(())
}

/// Whether the grid has executed the command. What it refused waits for a core here, and this launcher has none.
fn is_refused(candidate: &Candidate) -> bool {
    candidate.tally().executed && candidate.is_queued()
}

/// Runs a step and prints the milliseconds that it and its CPU time took.
fn timed(step: impl FnOnce() -> Result<()>) -> Result<()> {
    let (begun, cpu) = (Instant::now(), element::cpu_time()?);
    step()?;
    let cpu = element::cpu_time()?.saturating_sub(cpu);
    print!("{:>10.0} {:>10.0} ", begun.elapsed().as_secs_f64() * 1e3, cpu.as_secs_f64() * 1e3);
    Ok(())
}

/// Computes the action of every command as the grid is to see it, on two threads, and asks the grid nothing.
fn compute(
    engine: &Engine,
    grid: &Grid,
    context: &SessionContext,
    candidates: &[Arc<Candidate>],
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        let mut snapshot = Snapshot::new(&engine.files);
        while let Some(candidate) = candidates.get(next.fetch_add(1, Ordering::Relaxed)) {
            let reads = candidate.reads();
            let (Some(call), on) = (candidate.work.compile(), context.site.context(&[])) else { continue };
            let instance = instantiate(engine, &mut snapshot, call, &reads, on)?;
            let moment = Moment::new(engine, &instance, on.predicted);
            grid.actions(&moment.job(call, &context.site.environment_of(call)))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work()?;
        other.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
    })
}

fn settings(url: &str) -> GridSettings {
    let layout = Layout { deps_global_paths: true, no_path_rewrite: true, ..Layout::default() };
    GridSettings {
        share_records: false,
        traced: true,
        endpoints: endpoints(url),
        layout,
        links: false,
        policies: [Policy::Execute; 2],
        upload: false,
        skip_cache: false,
        priority: 0,
    }
}
