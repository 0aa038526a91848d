//! The companion as the shim sees it: a socket that takes requests and gives replies.

use crate::environment::Environment;
use crate::hung;
use crate::place;
use crate::start;
use crate::sys::socket;
use crate::sys::{Errno, Fd, now, process};
use crate::wire::{Bytes, Reply, Request, SILENCE_S, WireError, frame_length};
use alloc::vec::Vec;
use core::time::Duration;

const SILENCE: Duration = Duration::from_secs(SILENCE_S);
/// How long a companion that is said to hang may take to be connected to: long enough to see whether it is there.
const GLANCE: Duration = Duration::from_millis(10);

/// A connection to this user's own companion.
#[derive(Debug)]
pub struct Companion {
    connection: Fd,
    /// Where it listens.
    path: Bytes,
}

/// Why the companion is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The socket failed, stayed silent, or ended.
    Socket(Errno),
    /// What came is not a message.
    Wire(WireError),
    /// Another user listens there.
    Stranger,
}

impl Lost {
    /// Marks a companion that was lost by its silence.
    fn mark(self, path: &[u8]) {
        if matches!(self, Self::Socket(Errno(libc::EAGAIN | libc::ETIMEDOUT))) {
            hung::mark(path);
        }
    }
}

impl From<Errno> for Lost {
    fn from(error: Errno) -> Self {
        Self::Socket(error)
    }
}

impl From<WireError> for Lost {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl Companion {
    /// Returns the companion, started if need be; nothing when there is none to be had.
    pub fn reach(env: &Environment) -> Option<Self> {
        let path = place::socket(|name| env.get(name).map(<[u8]>::to_vec), process::user()).ok()?;
        let marked = hung::is_marked(&path);
        match Self::connect_within(&path, if marked { GLANCE } else { SILENCE }) {
            Err(Lost::Socket(Errno(libc::ENOENT | libc::ECONNREFUSED))) => start::start(&path, env),
            _ if marked => None,
            Err(lost) => {
                lost.mark(&path);
                None
            }
            Ok(companion) => Some(companion),
        }
    }

    /// Connects to a companion that listens already.
    pub(crate) fn connect(path: &Bytes) -> Result<Self, Lost> {
        Self::connect_within(path, SILENCE)
    }

    fn connect_within(path: &Bytes, timeout: Duration) -> Result<Self, Lost> {
        let connection = socket::connect(path, timeout)?;
        let ours = socket::peer_user(&connection)? == process::user();
        if ours { Ok(Self { connection, path: path.clone() }) } else { Err(Lost::Stranger) }
    }

    /// Sends a request, and returns the first reply that is not "wait", with the descriptors that came along.
    ///
    /// A companion that stays silent is marked, so that other shims do not wait for it as well.
    pub fn ask(&self, request: &Request) -> Result<(Reply, Vec<Fd>), Lost> {
        self.exchange(request).inspect_err(|lost| lost.mark(&self.path))
    }

    fn exchange(&self, request: &Request) -> Result<(Reply, Vec<Fd>), Lost> {
        socket::send_all(&self.connection, &request.encode()?)?;
        loop {
            let (reply, descriptors) = self.receive()?;
            if reply != Reply::Wait {
                return Ok((reply, descriptors));
            }
        }
    }

    fn receive(&self) -> Result<(Reply, Vec<Fd>), Lost> {
        let deadline = now() + SILENCE;
        let mut descriptors = Vec::new();
        let mut length = [0; 4];
        self.fill(&mut length, &mut descriptors, deadline)?;
        let mut frame = alloc::vec![0; frame_length(length)?];
        self.fill(&mut frame, &mut descriptors, deadline)?;
        Ok((Reply::decode(&frame)?, descriptors))
    }

    fn fill(&self, mut buffer: &mut [u8], descriptors: &mut Vec<Fd>, deadline: Duration) -> Result<(), Lost> {
        while !buffer.is_empty() {
            let received = socket::receive(&self.connection, buffer, descriptors)?;
            if received == 0 {
                return Err(Lost::Socket(Errno(libc::ECONNRESET)));
            }
            // The socket's own timeout starts again at every byte.
            if now() > deadline {
                return Err(Lost::Socket(Errno(libc::ETIMEDOUT)));
            }
            buffer = buffer.get_mut(received..).unwrap_or_default();
        }
        Ok(())
    }
}
