//! The store's folder: opened, locked, checked, moved aside when damaged.
//!
//! In the folder: sled's files, `schema` (the format's number), `lock`, and `clean` while nobody has it open.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::journal::Lives;
use super::marker::{self, Closing};
use super::probe::{self, Verdict};
use super::{Result, StoreError, rows};
use crate::store::clock::now_ms;
use crate::store::database::{LOST, sled, unlocked};
use crate::store::room::check_room;

/// The format this program writes. It changes when an older program would misread the rows.
const SCHEMA: u32 = 1;

/// Whether this process has run sled. Its threads do not survive a fork, so from then on no child can check a store.
static SLED_RAN: AtomicBool = AtomicBool::new(false);

/// The records of all elements. One process at a time; any number of threads.
#[derive(Debug)]
pub struct Store {
    pub(super) db: sled::Db,
    pub(super) dir: PathBuf,
    pub(super) lives: Mutex<Lives>,
    /// Last: fields drop in this order, and sled must have written everything before the marker says so.
    pub(super) closing: Closing,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Where the store that was there before now lies, if it was damaged.
    pub moved_aside: Option<PathBuf>,
}

impl Store {
    /// Opens the store in `dir`, which is made if need be. A damaged store is moved to `dir.damaged-<unix time>` and a new
    /// one begun. Open it before starting threads: a store that was not closed properly is checked in a forked child.
    pub fn open(dir: &Path) -> Result<Opened> {
        let mut moved_aside = None;
        let mut lock = lock(dir)?;
        check_room(dir)?;
        if let Some(what) = inspect(dir)? {
            (lock, moved_aside) = begin_anew(dir, &what)?;
        }
        match start(dir, lock) {
            Err((StoreError::Damaged { what, .. }, _lock)) if moved_aside.is_none() => {
                let (lock, moved_aside) = begin_anew(dir, &what)?;
                let store = start(dir, lock).map_err(|(error, _)| error)?;
                Ok(Opened { store, moved_aside })
            }
            Err((error, _)) => Err(error),
            Ok(store) => Ok(Opened { store, moved_aside }),
        }
    }

    /// Whether its folder is still the one that was opened: somebody may have removed it.
    pub fn is_there(&self) -> bool {
        self.closing.is_in_place()
    }

    /// Has everything written so far on the disk when it returns.
    pub fn flush(&self) -> Result<()> {
        self.sled("flush", self.db.flush()).map(drop)
    }
}

/// Says what is wrong with the store in `dir`, if anything is.
fn inspect(dir: &Path) -> Result<Option<String>> {
    let made = dir.join("db").exists();
    match schema(dir)? {
        Some(SCHEMA) => {}
        Some(found) if found > SCHEMA => {
            return Err(StoreError::Newer { path: dir.to_owned(), found, known: SCHEMA });
        }
        Some(found) => return Ok(Some(format!("its format {found} is no longer read"))),
        // The schema's file is written last: without one the store was never ready, or somebody meddled.
        None if made => return Ok(Some("its schema file is missing or not a number".to_owned())),
        None => {}
    }
    let clean = marker::withdraw(dir).map_err(StoreError::io(dir, "read the marker of a clean end"))?;
    if clean || !made {
        return Ok(None);
    }
    if SLED_RAN.load(Ordering::SeqCst) {
        return Err(StoreError::Unchecked { path: dir.to_owned() });
    }
    let refused = |why: String| Err(StoreError::io(dir, "open the store")(io::Error::other(why)));
    match probe::check(dir).map_err(StoreError::io(dir, "check the store"))? {
        Verdict::Sound => Ok(None),
        Verdict::Damaged(what) => Ok(Some(what)),
        Verdict::Locked => Err(StoreError::Locked { path: dir.to_owned() }),
        Verdict::Refused(why) => refused(why),
        Verdict::Killed(signal) => {
            refused(format!("the process that reads it was ended by {signal}, again and again"))
        }
    }
}

/// Runs sled on `dir`; the lock comes back with an error.
fn start(dir: &Path, lock: File) -> std::result::Result<Store, (StoreError, File)> {
    SLED_RAN.store(true, Ordering::SeqCst);
    match ready(dir) {
        Ok(db) => {
            let closing = Closing::new(dir, lock);
            Ok(Store { db, dir: dir.to_owned(), lives: Mutex::default(), closing })
        }
        Err(error) => Err((error, lock)),
    }
}

/// sled on `dir` with the schema's row and file there; the row first, so that the file vouches for it.
fn ready(dir: &Path) -> Result<sled::Db> {
    let refused = |error| StoreError::from_sled(dir, "open", error);
    let db = sled(dir).map_err(refused)?;
    let file = dir.join("schema");
    if file.exists() {
        if db.get(rows::SCHEMA).map_err(refused)?.is_none() {
            return Err(StoreError::Damaged { path: dir.to_owned(), what: LOST.to_owned() });
        }
    } else {
        db.insert(rows::SCHEMA, &SCHEMA.to_be_bytes()).map_err(refused)?;
        db.flush().map_err(refused)?;
        fs::write(&file, format!("{SCHEMA}\n")).map_err(StoreError::io(&file, "write"))?;
    }
    Ok(db)
}

/// The folder's format; `None` if there is no such file or it holds no number.
fn schema(dir: &Path) -> Result<Option<u32>> {
    let path = dir.join("schema");
    match fs::read(&path) {
        Ok(bytes) => Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(&path, "read")(error)),
    }
}

fn lock(dir: &Path) -> Result<File> {
    let private = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    private.map_err(StoreError::io(dir, "make the folder"))?;
    let path = dir.join("lock");
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(StoreError::io(&path, "open"))?;
    match unlocked(|| file.try_lock(), |error| matches!(error, TryLockError::WouldBlock)) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, "lock")(error)),
    }
}

/// Moves the folder aside and makes and locks a new one. The caller holds the old lock until then.
fn begin_anew(dir: &Path, what: &str) -> Result<(File, Option<PathBuf>)> {
    let aside = aside(dir);
    fs::rename(dir, &aside).map_err(StoreError::io(dir, "move the damaged store aside"))?;
    tracing::warn!(
        "{}: the store is damaged ({what}); it was moved to {} and a new one begun",
        dir.display(),
        aside.display()
    );
    Ok((lock(dir)?, Some(aside)))
}

/// A free name beside `dir`.
fn aside(dir: &Path) -> PathBuf {
    let mut seconds = now_ms() / 1000;
    loop {
        let mut name = dir.as_os_str().to_owned();
        name.push(format!(".damaged-{seconds}"));
        if !Path::new(&name).exists() {
            return name.into();
        }
        seconds += 1;
    }
}
