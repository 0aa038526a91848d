//! Memory across sandboxes: an element's records come from the session's grid when it opens, and go back there soon after they
//! change. Nothing here can fail a build: what does not come, or makes no sense, is not launched on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::Session;
use super::changes::Due;
use crate::base::digest::Digest;
use crate::base::threads;
use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::grid::records::{Left, Spot};
use crate::store::{ElementKey, Store};

/// How long a session's opening, or its launches, may wait for what the grid remembers.
const PATIENCE: Duration = Duration::from_secs(2);
/// Contents that are kept with an element's records: so many,
const MOST_BLOBS: usize = 4096;
/// and so many bytes together.
const MOST_BYTES: u64 = 64 << 20;
/// So many times as long as writing took, nothing is written: it is to take no more than some 3% of a core.
const REST: u32 = 30;
/// Bytes a second that records may take up in the CAS, where each state of them stays for a while.
const RATE: u64 = 200_000;

/// What is needed to remember an element on its session's grid.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<Store>,
    pub(crate) grid: Arc<Grid>,
    pub(crate) element: ElementKey,
}

impl Memory {
    /// Takes over what the grid remembers; gives the contents that its launches will need.
    pub(crate) fn recall(&self) -> Vec<Digest> {
        let memory = self.clone();
        soon(move || memory.merge()).unwrap_or_default()
    }

    /// Fetches contents that launches need.
    pub(crate) fn fetch(&self, blobs: Vec<Digest>) {
        let memory = self.clone();
        soon(move || memory.grid.fetch_blobs(&memory.engine.cache, &blobs));
    }

    /// Takes the session's records along whenever they have changed, until it ends.
    pub(crate) fn follow(self, session: Arc<Session>) {
        session.changes.carry();
        let unfollowed = Arc::clone(&session);
        let started = threads::start(move || {
            let (mut rest, mut spot) = (Duration::ZERO, Spot::default());
            loop {
                let due = session.changes.next(rest);
                let begun = Instant::now();
                let size = self.write(&session, due, &mut spot);
                if due == Due::Last {
                    return session.changes.done();
                }
                rest = (begun.elapsed() * REST).max(Duration::from_millis(size * 1000 / RATE));
            }
        });
        if !started {
            unfollowed.changes.done();
        }
    }

    /// Takes over what others have left; gives the contents that it needs. What cannot be had is told of.
    fn merge(&self) -> Vec<Digest> {
        let found = self.grid.find_records(&self.element).unwrap_or_else(|error| {
            self.grid.tell(&format!("{} is remembered here only", self.element), &error);
            Vec::new()
        });
        let mut blobs = Vec::new();
        for found in found {
            match self.grid.read_records(&found) {
                Ok(left) => match self.store.import(&left.records, Some(self.element.clone())) {
                    Ok(_) => {
                        self.grid.note_merged(&self.element, &found);
                        blobs.extend(left.blobs);
                    }
                    Err(error) => {
                        tracing::warn!("records of {} on the grid are not used: {error}", self.element);
                    }
                },
                Err(error) => {
                    self.grid.tell(&format!("not all is here that was learnt of {}", self.element), &error);
                }
            }
        }
        bounded(blobs.into_iter())
    }

    /// Leaves the records as they are now; gives how many bytes they take up there.
    fn write(&self, session: &Session, due: Due, spot: &mut Spot) -> u64 {
        if !self.grid.takes_records() {
            return 0;
        }
        // What is merged from here on need not be in what is left.
        let merged = self.grid.merged(&self.element);
        let records = match due {
            // Its end has been written to the store already.
            Due::Last => self.store.export(&self.element),
            Due::Now => {
                self.store.export_after(&self.element, &session.build(&self.engine, session.is_complete()))
            }
        };
        let records = match records {
            Ok(records) => records,
            Err(error) => {
                tracing::debug!("the records of {} are not left on the grid: {error}", self.element);
                return 0;
            }
        };
        let is_here = |blob: &Digest| self.engine.cache.blobs.open(blob).is_ok_and(|blob| blob.is_some());
        let needed = session.contents().into_iter().filter(is_here);
        let session = serde_json::to_string(&session.row(session.is_complete())).unwrap_or_default();
        let left = Left { blobs: bounded(needed), records, merged, session };
        let Ok(size) = self.grid.publish_records(&self.engine.cache, &self.element, spot, &left) else {
            return 0;
        };
        let (whole, contents) = (left.records.len(), left.blobs.len());
        tracing::debug!(
            "the records of {} are on the grid: {whole} bytes in {size}, with {contents} contents",
            self.element
        );
        size
    }
}

/// The first contents that are not too many.
pub(crate) fn bounded(blobs: impl Iterator<Item = Digest>) -> Vec<Digest> {
    let (mut room, mut seen) = (MOST_BYTES, HashSet::new());
    let fits = |blob: &Digest| {
        let fits = seen.insert(*blob) && blob.size <= room;
        room -= if fits { blob.size } else { 0 };
        fits
    };
    blobs.filter(fits).take(MOST_BLOBS).collect()
}

/// What `work` gives, if it does so soon; it goes on else.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    // Without a thread nobody sends, and nothing is waited for.
    threads::start(move || drop(sender.send(work())));
    receiver.recv_timeout(PATIENCE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_counted_and_weighed() {
        let blob = |number: u64, size| Digest { size, ..Digest::of(&number.to_le_bytes()) };
        assert_eq!(bounded((0..MOST_BLOBS as u64 + 5).map(|number| blob(number, 1))).len(), MOST_BLOBS);
        let large = [blob(1, MOST_BYTES), blob(1, MOST_BYTES), blob(2, 1), blob(3, 0), blob(4, u64::MAX)];
        assert_eq!(bounded(large.into_iter()), [large[0], large[3]]);
    }
}
