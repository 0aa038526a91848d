//! The stand-in grid in a process of its own, so that its time and memory are not counted as the client's.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;

use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::Method;

/// The calls that are counted.
const METHODS: [Method; 5] = [
    Method::GetActionResult,
    Method::FindMissingBlobs,
    Method::BatchUpdateBlobs,
    Method::Write,
    Method::Execute,
];

/// A running stand-in that keeps blobs in memory, has no results, and refuses each action at once.
pub(crate) struct StandIn {
    /// Where it listens.
    pub(crate) url: String,
    child: Child,
    said: BufReader<ChildStdout>,
}

impl StandIn {
    /// Starts one.
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("it says nothing")?);
        let mut url = String::new();
        said.read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), child, said })
    }

    /// Ends it; returns how often which method was called, and what CPU time that took.
    pub(crate) fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut calls = String::new();
        self.said.read_to_string(&mut calls)?;
        ensure!(self.child.wait()?.success(), "the stand-in failed");
        Ok(calls.trim().to_owned())
    }
}

/// Is a stand-in until the standard input ends.
pub(crate) fn serve() -> Result<()> {
    let grid = Grid::start();
    grid.state.work(|_| {
        Work::result(reapi::ActionResult {
            exit_code: 1,
            stderr_raw: b"a.c:1:1: error: nothing is compiled here".to_vec(),
            ..Default::default()
        })
    });
    println!("{}", grid.url());
    let before = crate::element::cpu_time()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let calls = METHODS.map(|method| format!("{} {method:?}", grid.calls(method)));
    let cpu = crate::element::cpu_time()?.saturating_sub(before).as_millis();
    println!("{}; {cpu} ms of the stand-in's CPU", calls.join(", "));
    Ok(())
}
