//! Flights: launches that a grid executes. One thread waits for all of them; a few take over what they bring.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::time::Instant;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Remote;
use super::pending::Step;
use super::ticket::Ticket;
use crate::base::threads;
use crate::launch::life::Decision;
use crate::reapi::round_trip::Times;
use crate::reapi::window::PATIENCE;
use crate::reapi::{GridError, Heard};

/// Threads that fetch outputs: what they wait for is the network and the disk. So many results are fetched at once.
const FETCHERS: usize = 16;

/// A launch whose execution has ended.
struct Landed {
    ticket: Box<Ticket>,
    ended: Result<reapi::ActionResult, GridError>,
}

/// Starts the threads; what is sent to the returned end flies.
pub(super) fn start(remote: &Arc<Remote>) -> UnboundedSender<Box<Ticket>> {
    let (sender, tickets) = unbounded_channel();
    let (landed, results) = channel();
    let results = Arc::new(Mutex::new(results));
    for _ in 0..FETCHERS {
        let (remote, results) = (Arc::clone(remote), Arc::clone(&results));
        threads::start(move || fetch(&remote, &results));
    }
    let remote = Arc::clone(remote);
    threads::start(move || remote.grid.wait(attend(&remote, tickets, &landed)));
    sender
}

/// Waits for all that is in flight, until no more can come.
async fn attend(remote: &Remote, mut tickets: UnboundedReceiver<Box<Ticket>>, landed: &Sender<Landed>) {
    let mut flying = FuturesUnordered::new();
    loop {
        let next = async { if flying.is_empty() { pending().await } else { flying.next().await } };
        match select(pin!(tickets.recv()), pin!(next)).await {
            Either::Left((Some(ticket), _)) => flying.push(fly(remote, ticket)),
            Either::Right((Some(one), _)) => {
                if let Err(SendError(lost)) = landed.send(one) {
                    lost.ticket.task.end(Decision::Failed(threads::NONE.into()));
                    remote.queue.release();
                }
            }
            Either::Left((None, _)) => return,
            Either::Right((None, _)) => {}
        }
    }
}

/// One execution, and what it tells of the grid's width.
async fn fly(remote: &Remote, ticket: Box<Ticket>) -> Landed {
    let begun = Instant::now();
    let last: Cell<Option<Heard>> = Cell::default();
    let told = Cell::new(false);
    let tell = |heard: Heard| {
        match heard {
            Heard::Executing if !told.replace(true) => {
                if begun.elapsed() > PATIENCE {
                    remote.queue.pressed();
                } else {
                    remote.queue.taken();
                }
            }
            Heard::Refused => remote.queue.pressed(),
            Heard::Executing | Heard::Queued => {}
        }
        last.set(Some(heard));
    };
    let impatient = async {
        tokio::time::sleep(PATIENCE).await;
        if last.get() == Some(Heard::Queued) {
            remote.queue.pressed();
        }
        pending::<Infallible>().await
    };
    let executing = remote.grid.attend(&ticket.ids, &ticket.cancel, &tell);
    let ended = match select(pin!(executing), pin!(impatient)).await {
        Either::Left((ended, _)) => ended,
        Either::Right((never, _)) => match never {},
    };
    if let Ok(result) = &ended {
        remote.queue.learn(begun.elapsed(), Times::of(result), told.get());
    }
    Landed { ticket, ended }
}

fn fetch(remote: &Remote, results: &Mutex<Receiver<Landed>>) {
    loop {
        let next = results.lock().recv();
        let Ok(Landed { ticket, ended }) = next else { return };
        land(remote, ticket, ended);
        remote.queue.release();
    }
}

fn land(remote: &Remote, ticket: Box<Ticket>, ended: Result<reapi::ActionResult, GridError>) {
    let taken = match ended {
        Ok(result) => ticket.executed(&remote.engine, &remote.grid, &result),
        // What was there a moment ago has gone.
        Err(error) if !error.missing_blobs().is_empty() && ticket.task.is_first() => {
            return remote.put(Step::Alone, ticket.task.again());
        }
        Err(error) => Err(error.into()),
    };
    match taken {
        Ok(Some(decision)) => drop(ticket.task.end(decision)),
        Ok(None) => (remote.here)(ticket.task),
        Err(error) => remote.refused(*ticket, &error),
    }
}
