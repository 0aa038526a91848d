//! Uploading an element's new inputs: 2,000 files of the sizes that headers have.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Blob, Client, Content, Endpoint, Endpoints};

use crate::stand_in::StandIn;
use crate::support::peers::{CasdOptions, Peers};

const FILES: usize = 2_000;
/// What one command of an element adds.
const FEW: usize = 20;
const ROUNDS: usize = 5;

pub(crate) fn measure() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("spec-cc-bench-").tempdir()?;
    println!("\nupload of {FILES} new files of 1-40 KB, 24 MB in all");
    if let Some(peers) = Peers::get() {
        for few in [FILES, FEW] {
            let mut times = Vec::new();
            for round in 0..ROUNDS {
                let casd = peers.casd(&CasdOptions::default());
                times.push(upload(&casd.url, &files(folder.path(), round)?, few)?);
            }
            times.sort_unstable();
            let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
            println!("  to casd, {few} at a time {:>8.2} s", median.as_secs_f64());
        }
    }
    // casd states no limit of a message, and neither does the stand-in: both are sent the same requests.
    for few in [FILES, FEW] {
        let grid = StandIn::start()?;
        let time = upload(&grid.url, &files(folder.path(), 0)?, few)?.as_secs_f64();
        println!("  to the stand-in, {few} at a time {time:>8.2} s: {}", grid.end()?);
    }
    Ok(())
}

fn upload(url: &str, files: &[(Digest, PathBuf)], few: usize) -> Result<Duration> {
    let endpoint = Endpoint::new(url);
    let client = Client::new(&Endpoints { cas: endpoint.clone(), action_cache: endpoint, execution: None })?;
    let begun = Instant::now();
    for part in files.chunks(few) {
        let blobs = part.iter().map(|(digest, path)| Blob { digest: *digest, content: Content::File(path) });
        client.upload(&blobs.collect::<Vec<_>>())?;
    }
    Ok(begun.elapsed())
}

/// Writes files that no server has seen.
fn files(folder: &std::path::Path, round: usize) -> Result<Vec<(Digest, PathBuf)>> {
    let mut files = Vec::with_capacity(FILES);
    for number in 0..FILES {
        // Most headers are small, a few long: half are below 6 KB.
        let size = 1_000.0 * 40_f64.powf((number % 97) as f64 / 96.0);
        let line = format!("int function_{round}_{number}(const char *text, unsigned long length);\n");
        let text: String = (0..=size as usize / line.len()).map(|at| format!("/* {at} */ {line}")).collect();
        let path = folder.join(format!("header_{number}.h"));
        std::fs::write(&path, &text)?;
        files.push((Digest::of(text.as_bytes()), path));
    }
    Ok(files)
}
