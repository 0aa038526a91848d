//! Scans: what commands that preprocess alike read, found out once for all of them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::call::Call;
use super::site::Context;
use crate::base::digest::Digest;
use crate::command;
use crate::compile::reads::Reads;

/// More are forgotten all at once; 500 inputs each take some 2 KiB.
const KEPT: usize = 4096;

/// What was scanned lately, by all that a scan is a function of besides the files.
///
/// What a command reads another reads as well if the two differ only in what [`command::scan_args`] leaves out, as long as
/// the shape stays.
#[derive(Debug, Default)]
pub(super) struct Scans {
    known: Mutex<HashMap<Digest, Arc<Mutex<Option<Reads>>>>>,
}

impl Scans {
    /// Runs `scan` with what is known under a key, one at a time for each key, and keeps the reads it returns.
    pub(super) fn share<T, E>(
        &self,
        key: Digest,
        scan: impl FnOnce(Option<&Reads>) -> Result<(Reads, T), E>,
    ) -> Result<(Reads, T), E> {
        let entry = self.entry(key);
        let mut known = entry.lock();
        let (reads, more) = scan(known.as_ref())?;
        *known = Some(reads.clone());
        Ok((reads, more))
    }

    fn entry(&self, key: Digest) -> Arc<Mutex<Option<Reads>>> {
        let mut known = self.known.lock();
        if known.len() >= KEPT && !known.contains_key(&key) {
            known.clear();
        }
        Arc::clone(known.entry(key).or_default())
    }
}

/// Names everything that a scan of `call` is a function of besides the files, with a compiler of this identity.
pub(super) fn key(call: &Call, context: Context<'_>, compiler: &Digest) -> Digest {
    let environment = call.environment.iter().map(|(name, value)| format!("{name}={value}"));
    let groups = [
        vec![
            call.compiler.clone(),
            compiler.to_string(),
            call.directory.clone(),
            call.compile.source.clone(),
        ],
        command::scan_args(&call.compile),
        call.compile.named_inputs.clone(),
        environment.collect(),
        context.path.map(str::to_owned).into_iter().collect(),
    ];
    let mut text = String::new();
    for group in &groups {
        text += &format!("{}\0", group.len());
        text.extend(group.iter().flat_map(|word| [word, "\0"]));
    }
    Digest::of(text.as_bytes())
}
