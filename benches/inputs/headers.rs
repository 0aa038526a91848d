//! Headers: how fast whole trees of them are scanned for directives, beside taking their digests.

use std::fs;
use std::path::Path;

use anyhow::Result;
use spec_cc::base::digest::Digest;
use spec_cc::directives;

use crate::{median, print};

pub(crate) fn measure() -> Result<()> {
    for root in ["/usr/include/c++", "/usr/include/linux", "/usr/include"] {
        let texts = texts_below(Path::new(root))?;
        let bytes: usize = texts.iter().map(Vec::len).sum();
        let scan =
            median(5, || texts.iter().map(|text| directives::scan(text).includes.len()).sum::<usize>())?;
        let digest = median(5, || texts.iter().map(|text| Digest::of(text).size).sum::<u64>())?;
        let [scan, digest] = [scan, digest].map(|time| bytes as f64 / time.as_secs_f64() / 1e6);
        let what = format!("{root}, {} files, {} MB", texts.len(), bytes / 1_000_000);
        print(&what, &format!("scanned at {scan:.0} MB/s (goal 500), digests at {digest:.0} MB/s"));
    }
    Ok(())
}

fn texts_below(root: &Path) -> Result<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                texts.push(fs::read(entry.path())?);
            }
        }
    }
    Ok(texts)
}
