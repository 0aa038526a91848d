//! What a compiler writes into its objects about itself (`.ident`, section `.comment`).

use std::collections::HashMap;
use std::path::Path;

use parking_lot::Mutex;

use super::job::Job;
use crate::base::digest::Digest;
use crate::sandbox;
use crate::sandbox::executor::Executor;

/// Idents by the toolchain's identity.
#[derive(Debug, Default)]
pub struct Idents(Mutex<HashMap<Digest, String>>);

/// Why nobody knows how a compiler signs its objects.
#[derive(Debug, thiserror::Error)]
#[error("the compiler's ident: {0}")]
pub struct IdentError(#[from] std::io::Error);

impl Idents {
    /// The text that the job's compiler signs its objects with, as `GCC: (Debian 12.2.0-14) 12.2.0`.
    ///
    /// An error when it signs none, or is told to.
    pub(crate) fn of(&self, executor: &Executor, job: &Job<'_>) -> Result<String, IdentError> {
        let known = || self.0.lock();
        if let Some(ident) = known().get(&job.toolchain.identity) {
            return Ok(ident.clone());
        }
        let ident = ask(executor, job)?;
        known().insert(job.toolchain.identity, ident.clone());
        Ok(ident)
    }
}

fn ask(executor: &Executor, job: &Job<'_>) -> std::io::Result<String> {
    let view = executor.prepare(&[])?;
    let listing = view.scratch().join("ident.s").display().to_string();
    let args = ["-S", "-x", "c", "/dev/null", "-o", &listing].map(String::from);
    let directory = view.scratch().to_owned();
    let compiler = job.arguments.first().map(String::as_str).unwrap_or_default();
    let run = sandbox::executor::Job {
        compiler: Path::new(compiler),
        args: &args,
        environment: job.environment,
        directory: &directory,
        asked: true,
    };
    // Its view holds the listing.
    let _executed = executor.run(&run, view, &|_| {})?;
    let text = std::fs::read_to_string(&listing)?;
    let ident = text.lines().find_map(|line| line.trim().strip_prefix(".ident")?.trim().strip_prefix('"'));
    let ident = ident.and_then(|ident| ident.strip_suffix('"')).filter(|ident| !ident.is_empty());
    ident.map(str::to_owned).ok_or_else(|| std::io::Error::other("it writes none"))
}
