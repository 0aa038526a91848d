//! An element: the records of a tree's commands, learnt as from a build, and opened as for the next one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::time::{ClockId, clock_gettime};
use spec_cc::command;
use spec_cc::command::{Family, Invocation, Verdict};
use spec_cc::compile::call::Call;
use spec_cc::compile::conclude::{Evidence, conclude};
use spec_cc::compile::engine::Engine;
use spec_cc::compile::not_kept::Unstorable;
use spec_cc::compile::reads::Reads;
use spec_cc::compile::recorded::templated;
use spec_cc::compile::site::Context;
use spec_cc::inputs::stamp;
use spec_cc::launch::candidate::Candidate;
use spec_cc::launch::context::SessionContext;
use spec_cc::launch::launcher::Launcher;
use spec_cc::store::{ElementKey, Record, Store};

use crate::tree::Tree;

const COMPILER: &str = "/usr/bin/gcc";
/// Where programs are searched for.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How long the steps of an open took.
pub(crate) struct Opening {
    /// Opening the store.
    pub store: Duration,
    /// Reading the element from the store.
    pub load: Duration,
    /// Putting the records on today's paths.
    pub revive: Duration,
    /// Computing and queueing all actions.
    pub issue: Duration,
    /// CPU time of all but the first, on all cores, the compiler's own for identifying it left out.
    pub cpu: Duration,
    /// Records that were queued.
    pub queued: usize,
}

/// Puts the records of a tree into the store at `folder`, as the learning path does.
pub(crate) fn learn(tree: &Tree, folder: &Path, commands: usize) -> Result<()> {
    let engine = engine(folder);
    let store = Store::open(&folder.join("store"))?.store;
    for number in 0..commands {
        let call = call(tree, number)?;
        let reads = read(&engine, &call, number)?;
        let inputs: Vec<String> =
            reads.set.iter().map(|&id| templated(&engine.name(id), &call.directory)).collect();
        store.put(&key(), &record(&call, &reads, number as u32), &inputs)?;
    }
    store.finish_build(&key(), &spec_cc::store::Build::default())?;
    Ok(())
}

/// What a command reads, as if its compile had ended just now.
pub(crate) fn read(engine: &Engine, call: &Call, number: usize) -> Result<Reads> {
    let evidence = Evidence {
        began_ns: stamp::before_any_change_ns(),
        toolchain: None,
        dependencies: Some(Tree::depfile(number).into_bytes()),
        staged: None,
        assembled: None,
        outcome: Err(Unstorable::Uncaught),
    };
    Ok(conclude(engine, call, Context { path: Some(PATH), root: &call.directory, predicted: &[] }, evidence)?
        .reads)
}

/// Opens the element: every action is computed, and queued since none is cached; nothing is executed.
pub(crate) fn open(root: &str, folder: &Path) -> Result<Opening> {
    let engine = Arc::new(engine(folder));
    ensure!(engine.executor.available(), "no private view of a build tree can be had here");
    // Of no width: nobody takes what is queued.
    let launcher = Launcher::new(Arc::clone(&engine), 0);
    let begun = Instant::now();
    let store = Store::open(&folder.join("store"))?.store;
    let opened = begun.elapsed();
    let context = Arc::new(SessionContext::new(root.to_owned(), vec![("PATH".into(), PATH.into())]));
    let (begun, cpu) = (Instant::now(), cpu_time()?);
    let element = store.load(&key())?;
    let loaded = Instant::now();
    let candidates: Vec<Arc<Candidate>> =
        spec_cc::session::revive::revive(&engine, element, &context).into_values().collect();
    let revived = Instant::now();
    spec_cc::session::watch::issue(&launcher, &context, &candidates);
    Ok(Opening {
        store: opened,
        load: loaded - begun,
        revive: revived - loaded,
        issue: revived.elapsed(),
        cpu: cpu_time()?.saturating_sub(cpu),
        queued: candidates.iter().filter(|candidate| candidate.is_queued()).count(),
    })
}

/// CPU time of this process so far, on all cores.
pub(crate) fn cpu_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(Duration::from_nanos((time.tv_sec() * 1_000_000_000 + time.tv_nsec()) as u64))
}

/// The element's key in the store.
pub(crate) fn key() -> ElementKey {
    ElementKey::new("bench", "open")
}

/// An engine that knows nothing yet, with its cache below `folder`.
pub(crate) fn engine(folder: &Path) -> Engine {
    Engine::new(&folder.join("cache"), u64::MAX)
}

/// A command of the tree, as the shim would ask for it.
pub(crate) fn call(tree: &Tree, number: usize) -> Result<Call> {
    let directory = tree.root()?.to_owned();
    let invocation = Invocation {
        compiler: COMPILER.into(),
        args: Tree::arguments(number).into_iter().map(Into::into).collect(),
        cwd: directory.clone().into(),
    };
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    match command::read(&invocation, Family::Gcc, false, &no_files) {
        Verdict::Compile(compile) => {
            Ok(Call { compiler: COMPILER.into(), compile: *compile, environment: Vec::new(), directory })
        }
        Verdict::Bypass(bypass) => bail!("command {number} is not treated: {}", bypass.reason),
    }
}

fn record(call: &Call, reads: &Reads, order: u32) -> Record {
    Record {
        id: call.id(&call.directory),
        compiler: call.compiler.clone(),
        args: call.compile.args.clone(),
        cwd: templated(&call.directory, &call.directory),
        source: call.compile.source.clone(),
        outputs: call.outputs(),
        shape: reads.shape.0,
        order,
        cost_us: 120_000,
        wall_us: 130_000,
        ..Record::default()
    }
}

/// Bytes on disk of everything below a folder.
pub(crate) fn bytes_below(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in folder.read_dir().context("the store's folder")? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            bytes_below(&entry.path())?
        } else {
            entry.metadata()?.blocks() * 512
        };
    }
    Ok(bytes)
}

/// Peak resident memory of this process (`proc_pid_status(5)`, `VmHWM`).
pub(crate) fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
