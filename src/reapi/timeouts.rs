//! How long connecting and answers to pings may take.

use std::time::Duration;

/// A server that takes longer to accept a connection is taken for absent.
pub(crate) const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// A server that takes longer to answer a keepalive ping is taken for dead.
pub(crate) const LONGEST_PONG: Duration = Duration::from_secs(10);

/// No server is expected to answer one sooner.
pub(crate) const SHORTEST_PONG: Duration = Duration::from_secs(1);
