//! The companion as the shim sees it: a socket that takes requests and gives replies.

use crate::environment::Environment;
use crate::place;
use crate::start;
use crate::sys::socket;
use crate::sys::{Errno, Fd, now, process};
use crate::wire::{Bytes, FRAME_TIMEOUT_S, Reply, Request, WireError, frame_length};
use alloc::vec::Vec;
use core::time::Duration;

const FRAME_TIMEOUT: Duration = Duration::from_secs(FRAME_TIMEOUT_S);

/// A connection to this user's own companion.
#[derive(Debug)]
pub struct Companion(Fd);

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
        match Self::connect(&path) {
            Err(Lost::Socket(Errno(libc::ENOENT | libc::ECONNREFUSED))) => start::start(&path, env),
            other => other.ok(),
        }
    }

    /// Connects to a companion that listens already.
    pub(crate) fn connect(path: &Bytes) -> Result<Self, Lost> {
        let socket = socket::connect(path, FRAME_TIMEOUT)?;
        if socket::peer_user(&socket)? == process::user() { Ok(Self(socket)) } else { Err(Lost::Stranger) }
    }

    /// Sends a request, and returns the first reply that is not "wait", with the descriptors that came along.
    pub fn ask(&self, request: &Request) -> Result<(Reply, Vec<Fd>), Lost> {
        socket::send_all(&self.0, &request.encode()?)?;
        loop {
            let (reply, descriptors) = self.receive()?;
            if reply != Reply::Wait {
                return Ok((reply, descriptors));
            }
        }
    }

    fn receive(&self) -> Result<(Reply, Vec<Fd>), Lost> {
        let deadline = now() + FRAME_TIMEOUT;
        let mut descriptors = Vec::new();
        let mut length = [0; 4];
        self.fill(&mut length, &mut descriptors, deadline)?;
        let mut frame = alloc::vec![0; frame_length(length)?];
        self.fill(&mut frame, &mut descriptors, deadline)?;
        Ok((Reply::decode(&frame)?, descriptors))
    }

    fn fill(&self, mut buffer: &mut [u8], descriptors: &mut Vec<Fd>, deadline: Duration) -> Result<(), Lost> {
        while !buffer.is_empty() {
            let received = socket::receive(&self.0, buffer, descriptors)?;
            // The socket's own timeout starts again at every byte.
            if received == 0 || now() > deadline {
                return Err(Lost::Socket(Errno(libc::ETIMEDOUT)));
            }
            buffer = buffer.get_mut(received..).unwrap_or_default();
        }
        Ok(())
    }
}
