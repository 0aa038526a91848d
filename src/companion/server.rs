//! The companion's process: one socket, one thread a connection, its beginning and its end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, FromRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use spec_cc_shim::place::PlaceError;
use spec_cc_shim::{hung, place};

use super::private::FolderError;
use super::{connection, private};
use crate::base::threads;
use crate::compile::engine::Engine;
use crate::launch::launcher::Launcher;
use crate::session::companion::Companion;
use crate::session::pulse::BEAT;
use crate::settings::{Settings, SettingsError};
use crate::store::{Store, StoreError};

/// A session that a compile opened ends when no compile has come for this long.
const SESSION_IDLE: Duration = Duration::from_secs(30);
/// One that somebody opened and never closed.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// The companion leaves when there has been no session for this long.
const IDLE: Duration = Duration::from_mins(10);
/// The same for one that the next one will do better than: it has grown, or could not open the store.
const IDLE_WHEN_WORN: Duration = Duration::from_secs(10);
/// How often the two are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long a companion that serves nobody stays after the last who came.
const REFUSING: Duration = Duration::from_secs(5);
/// How long the end of another connection is waited for where no descriptor is left.
const CROWDED: Duration = Duration::from_millis(5);
/// A log longer than this, in bytes, is begun anew.
const LONGEST_LOG: u64 = 10 << 20;

/// Why the companion does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The socket's path is too long, or its folder is not private to the user.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The store's folder or the cache's is not private to the user.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file or the socket cannot be had.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why: not in the text, for it is the error's source.
        source: io::Error,
    },
}

/// Set when a signal asks the companion to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Where the companion of this environment listens; the error says why no such place can be had.
pub fn socket_path() -> Result<PathBuf, PlaceError> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.as_bytes().to_vec());
    let path = place::socket(variable, nix::unistd::getuid().as_raw())?;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(&path)))
}

fn store_path() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.as_bytes().to_vec());
    PathBuf::from(std::ffi::OsStr::from_bytes(&place::store(variable, nix::unistd::getuid().as_raw())))
}

/// Where results go: `SPEC_CC_CACHE`, else beside the store.
pub fn cache_path(settings: &Settings) -> PathBuf {
    settings.get("cache").map_or_else(|| store_path().with_file_name("cache"), PathBuf::from)
}

/// Runs the companion until it is idle or told to stop.
///
/// Writes one byte to `ready` once it listens. Returns at once, with success, when another one listens already.
pub fn serve(ready: Option<i32>) -> Result<(), ServeError> {
    let settings = Settings::of_process()?;
    private::own_what_we_make();
    let socket = socket_path()?;
    let Some(_lock) = lock(&socket)? else { return Ok(()) };
    let listener = listen(&socket)?;
    // Whoever types the command may name one that is not open, and the runtime would not have it closed.
    let ready = ready.filter(|fd| {
        // SAFETY: asking for a descriptor's flags changes nothing.
        unsafe { libc::fcntl(*fd, libc::F_GETFD) != -1 }
    });
    // SAFETY: the shim hands this descriptor over to us for just this.
    let ready = ready.map(|fd| unsafe { File::from_raw_fd(fd) });
    if let Some(mut ready) = ready {
        let _ = ready.write_all(b"+");
    }
    mind_signals();
    let cache_folder = cache_path(&settings);
    if let Err(why) = check_folders(&cache_folder) {
        refuse(&listener, &why.to_string().into());
        let _ = fs::remove_file(&socket);
        return Err(why);
    }
    log(&cache_folder, settings.get("log").unwrap_or("warn"));
    let companion = Arc::new(companion(&settings, cache_folder));
    live(&companion, &socket);
    accept(&companion, &listener, &socket);
    // Whoever comes from here on starts the next one, rather than be waiting for an answer.
    let _ = fs::remove_file(&socket);
    drop(listener);
    companion.shut_down();
    Ok(())
}

/// Says why a folder that all else rests on cannot be trusted, if that is so.
fn check_folders(cache: &Path) -> Result<(), ServeError> {
    let store = store_path();
    place::check_store(store.as_os_str().as_bytes(), nix::unistd::getuid().as_raw())?;
    private::check(&store, &[], "SPEC_CC_STORE")?;
    Ok(private::check(cache, &["cas", "ac", "tmp"], "SPEC_CC_CACHE")?)
}

/// Lets compilers run, and says why to `specctl`, until nobody has come for a while: so a shim finds out with one question, and what
/// was mended is soon noticed.
fn refuse(listener: &UnixListener, why: &Arc<str>) {
    let timeout = PollTimeout::try_from(REFUSING).unwrap_or(PollTimeout::MAX);
    while poll(&mut [PollFd::new(listener.as_fd(), PollFlags::POLLIN)], timeout).is_ok_and(|ready| ready > 0)
    {
        while let Some(stream) = next(listener).filter(is_ours) {
            let why = Arc::clone(why);
            threads::start(move || connection::refuse(stream, &why));
        }
    }
}

/// Takes the lock that one companion a socket holds; `None` when another one has it.
fn lock(socket: &Path) -> Result<Option<Flock<File>>, ServeError> {
    let path = socket.with_extension("lock");
    let fault = |source| ServeError::File { path: path.clone(), source };
    if let Some(folder) = socket.parent() {
        private::make(folder).map_err(fault)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(fault)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(fault(errno.into())),
    }
}

fn listen(socket: &Path) -> Result<UnixListener, ServeError> {
    let fault = |source| ServeError::File { path: socket.to_owned(), source };
    match fs::symlink_metadata(socket) {
        Ok(there) if !there.file_type().is_socket() => {
            return Err(fault(io::Error::new(io::ErrorKind::AlreadyExists, "this is no socket")));
        }
        // Whoever listened here is gone: we hold the lock.
        _ => drop(fs::remove_file(socket)),
    }
    let listener = UnixListener::bind(socket).map_err(fault)?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600)).map_err(fault)?;
    listener.set_nonblocking(true).map_err(fault)?;
    Ok(listener)
}

fn companion(settings: &Settings, cache_folder: PathBuf) -> Companion {
    let max_size = settings.max_size().ok().flatten().unwrap_or(u64::MAX);
    let mut engine = Engine::new(&cache_folder, max_size);
    engine.tracer = spec_cc_tracer::installed();
    if engine.tracer.is_none() {
        tracing::warn!("there is no {} beside specctl: only compiles are recorded", spec_cc_tracer::PROGRAM);
    }
    let engine = Arc::new(engine);
    let looked = Arc::clone(&engine);
    // Launches ask for it, and no compile is to wait until then.
    threads::start(move || {
        looked.executor.available();
    });
    let launcher = Launcher::new(Arc::clone(&engine), settings.jobs().unwrap_or(1));
    Companion::new(engine, launcher, open_store(), cache_folder)
}

/// Tells those who wait that there is somebody here, and takes back what a shim has said to the contrary.
fn live(companion: &Arc<Companion>, socket: &Path) {
    let companion = Arc::clone(companion);
    let mark = PathBuf::from(std::ffi::OsString::from_vec(hung::mark_of(socket.as_os_str().as_bytes())));
    // Without a thread shims give up sooner what takes long.
    threads::start(move || {
        loop {
            let _ = fs::remove_file(&mark);
            companion.pulse.beat();
            thread::sleep(BEAT);
        }
    });
}

/// The store, or why nothing is remembered.
fn open_store() -> Result<Store, StoreError> {
    let opened = Store::open(&store_path()).map(|opened| opened.store);
    opened.inspect_err(|error| tracing::warn!("{error}: nothing is remembered"))
}

fn accept(companion: &Arc<Companion>, listener: &UnixListener, socket: &Path) {
    let mut idle_since = Instant::now();
    // Each connection holds the companion.
    let unconnected = Arc::strong_count(companion);
    let timeout = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::MAX);
    let mut looked = Instant::now();
    while !ENDING.load(Ordering::SeqCst) {
        let mut waiting = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut waiting, timeout);
        // Nobody can come any more once the socket's name is gone. And what sled has open cannot be had at another place: the next
        // companion begins a new store, and whoever waits now is its.
        if !socket.exists() || companion.has_lost_its_store() {
            return;
        }
        while let Some(stream) = next(listener) {
            idle_since = Instant::now();
            if is_ours(&stream) {
                let companion = Arc::clone(companion);
                // Without a thread the connection ends, and the shim runs the compiler.
                threads::start(move || connection::serve(&companion, stream));
            }
        }
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            if !companion.close_idle(SESSION_IDLE, FORGOTTEN) || Arc::strong_count(companion) > unconnected {
                idle_since = Instant::now();
            }
            let is_worn = companion.engine.has_grown() || companion.store.is_none();
            if idle_since.elapsed() > if is_worn { IDLE_WHEN_WORN } else { IDLE } {
                return;
            }
        }
    }
}

/// A connection that waits, if any does.
fn next(listener: &UnixListener) -> Option<UnixStream> {
    match listener.accept() {
        Ok((stream, _)) => Some(stream),
        Err(error) => {
            if error.kind() != io::ErrorKind::WouldBlock {
                // It goes on waiting, and `poll` returns at once.
                tracing::debug!("a connection cannot be accepted: {error}");
                thread::sleep(CROWDED);
            }
            None
        }
    }
}

/// Whether the other end belongs to our user.
fn is_ours(stream: &UnixStream) -> bool {
    nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials)
        .is_ok_and(|peer| peer.uid() == nix::unistd::getuid().as_raw())
}

extern "C" fn on_signal(_: libc::c_int) {
    ENDING.store(true, Ordering::SeqCst);
}

extern "C" fn on_nothing(_: libc::c_int) {}

/// Ends in order when asked to, and takes a file that may not grow for an error. Handlers, unlike `SIG_IGN`, are not inherited by what is
/// started.
fn mind_signals() {
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGXFSZ, on_nothing as *const () as libc::sighandler_t) };
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        // SAFETY: the handler only stores to an atomic.
        unsafe { libc::signal(signal, on_signal as *const () as libc::sighandler_t) };
    }
}

/// Sends the log to a file in the cache folder, or to standard error when that leads somewhere.
fn log(folder: &Path, level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(format!("spec_cc={level}"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("spec_cc=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(false);
    if !is_dev_null() {
        return builder.with_writer(io::stderr).init();
    }
    let _ = private::make(folder);
    let path = folder.join("companion.log");
    if fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST_LOG) {
        let _ = fs::remove_file(&path);
    }
    builder.with_writer(move || log_at(&path)).init();
}

/// The log, opened for each line: somebody may have removed the cache's folder.
fn log_at(path: &Path) -> Box<dyn Write> {
    let open = || OpenOptions::new().create(true).append(true).open(path);
    let made = |_| path.parent().map_or(Ok(()), private::make).and_then(|()| open());
    open().or_else(made).map_or_else(|_| Box::new(io::sink()) as Box<dyn Write>, |log| Box::new(log))
}

fn is_dev_null() -> bool {
    let device = |path: &str| fs::metadata(path).map(|meta| meta.rdev()).ok();
    device("/proc/self/fd/2").is_none_or(|found| Some(found) == device("/dev/null"))
}
