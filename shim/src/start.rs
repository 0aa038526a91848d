//! Starting a companion, once, however many compiles find that there is none.

use crate::companion::Companion;
use crate::environment::Environment;
use crate::place::{join, parent};
use crate::sys::process::{self, Command};
use crate::sys::{self, Fd, c_string, file, now};
use crate::wire::Bytes;
use core::time::Duration;

/// How long a companion may take until it listens; a compile is not held up longer.
const START_TIMEOUT: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Starts `specctl serve` and returns a connection to it, or to the one that another shim starts meanwhile.
///
/// Whoever holds the lock on the socket's folder starts; the others wait for that one attempt and do not repeat it.
pub(crate) fn start(socket: &Bytes, env: &Environment) -> Option<Companion> {
    let folder = folder(parent(socket))?;
    if !file::try_lock(&folder) {
        return wait_for_another(socket, &folder);
    }
    // The one who held the lock before us may have done it.
    if let Ok(companion) = Companion::connect(socket) {
        return Some(companion);
    }
    let command = command(socket, env)?;
    let (ready, theirs) = file::pipe().ok()?;
    process::start_detached(&command, &theirs).ok()?;
    drop(theirs);
    if is_ready(&ready) { Companion::connect(socket).ok() } else { None }
}

/// Opens the socket's folder, which is made if somebody has removed it.
fn folder(path: &[u8]) -> Option<Fd> {
    let open = || file::open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0);
    open().or_else(|_| file::make_folder(path, 0o700).and_then(|()| open())).ok()
}

/// Returns whether the byte came that means "listening", before the pipe's end, which means "failed".
fn is_ready(pipe: &Fd) -> bool {
    let deadline = now() + START_TIMEOUT;
    loop {
        let left = deadline.saturating_sub(now());
        match sys::wait_readable(&[pipe.number()], Some(left)) {
            Ok(readable) if readable == [true] => return file::read(pipe, &mut [0]) == Ok(1),
            _ if left.is_zero() => return false,
            _ => {}
        }
    }
}

fn wait_for_another(socket: &Bytes, folder: &Fd) -> Option<Companion> {
    let deadline = now() + START_TIMEOUT;
    let mut pause = FIRST_PAUSE;
    while now() < deadline {
        sys::sleep(pause);
        pause = LONGEST_PAUSE.min(pause * 2);
        let over = file::try_lock(folder);
        match Companion::connect(socket) {
            Ok(companion) => return Some(companion),
            Err(_) if over => return None,
            Err(_) => {}
        }
    }
    None
}

fn command(socket: &Bytes, env: &Environment) -> Option<Command> {
    let path = specctl(env)?;
    let mut added = alloc::vec![[b"SPEC_CC_SOCKET=", absolute(socket)?.as_slice()].concat()];
    if let Some(store) = env.get("SPEC_CC_STORE") {
        added.push([b"SPEC_CC_STORE=", absolute(store)?.as_slice()].concat());
    }
    // The companion outlives this make and must not take its job tokens.
    let env = env.changed(&["MAKEFLAGS", "MFLAGS"], &added).ok()?;
    let argv = [c"specctl", c"serve", c"--ready-fd", c"3"].map(Into::into).to_vec();
    Some(Command { path: c_string(&path).ok()?, argv, env })
}

/// Returns the companion's program: beside our own, else on `PATH`.
fn specctl(env: &Environment) -> Option<Bytes> {
    let beside = file::read_link(c"/proc/self/exe").ok().map(|own| join(parent(&own), b"specctl"));
    let on_path = env.get("PATH").unwrap_or_default().split(|&byte| byte == b':');
    beside
        .into_iter()
        // The companion's working directory is another, so a relative folder would mislead.
        .chain(on_path.filter(|folder| folder.first() == Some(&b'/')).map(|folder| join(folder, b"specctl")))
        .find(|path| file::stat(path).is_ok_and(|stat| stat.is_file()) && file::is_executable(path))
}

fn absolute(path: &[u8]) -> Option<Bytes> {
    if path.first() == Some(&b'/') {
        return Some(path.to_vec());
    }
    file::working_directory().ok().map(|folder| join(&folder, path))
}
