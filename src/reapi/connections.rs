//! Lanes: the connections to one server. One is enough, but for executions: each keeps a stream open, servers allow some
//! hundred of these on a connection, and what a build waits for must not queue behind them.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tonic::transport::{Channel, Endpoint};

/// Executions on one connection; the usual limit of servers and proxies is 100 streams.
const EXECUTIONS: usize = 64;

/// The connections to one server, made when they are first used.
#[derive(Debug)]
pub(super) struct Lanes {
    transport: Endpoint,
    lanes: Mutex<Vec<Lane>>,
}

/// A connection, and as many further references to its load as there are executions on it.
#[derive(Debug)]
struct Lane {
    channel: Channel,
    load: Arc<()>,
}

/// Held by an execution for as long as it uses its connection.
pub(super) type Place = Arc<()>;

impl Lanes {
    /// No connection yet. Call it within the runtime.
    pub(super) fn new(transport: Endpoint) -> Self {
        let first = Lane { channel: transport.connect_lazy(), load: Arc::default() };
        Self { transport, lanes: Mutex::new(vec![first]) }
    }

    /// The connection for calls.
    pub(super) fn for_call(&self) -> Channel {
        let lanes = self.lanes();
        // There is always a first one; a connection of its own would do as well.
        lanes.first().map_or_else(|| self.transport.connect_lazy(), |lane| lane.channel.clone())
    }

    /// A connection with room for an execution.
    pub(super) fn for_execution(&self) -> (Channel, Place) {
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.iter().find(|lane| Arc::strong_count(&lane.load) <= EXECUTIONS) {
            return (lane.channel.clone(), Arc::clone(&lane.load));
        }
        let (channel, load) = (self.transport.connect_lazy(), Arc::default());
        lanes.push(Lane { channel: channel.clone(), load: Arc::clone(&load) });
        (channel, load)
    }

    /// Leaves connections on which nothing is heard; what comes next makes new ones. What is under way on them goes on.
    pub(super) fn renew(&self) {
        for lane in self.lanes().iter_mut() {
            lane.channel = self.transport.connect_lazy();
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock()
    }
}
