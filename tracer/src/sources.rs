//! What a tracer waits for: the calls of its tracees, and their other reports.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::sys::notify::{self, Listener, Notice};
use super::sys::{self, Report};

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    /// A thread waits in a call, until [`Sources::let_go_on`].
    Call(Notice),
    /// A tracee has stopped or ended.
    Reported(Report),
}

/// Where it comes from.
#[derive(Debug)]
pub(super) struct Sources {
    /// To the command, until it has sent its listener.
    link: Option<UnixStream>,
    listener: Option<Listener>,
    reports: OwnedFd,
    /// Whether there may be a report by now.
    reported: bool,
}

impl Sources {
    /// Those of a command that is at the other end of `link`. To be had before it is seized: it dies with whoever has seized it.
    pub(super) fn new(link: UnixStream) -> Option<Self> {
        let reports = sys::reports().ok()?;
        Some(Self { link: Some(link), listener: None, reports, reported: true })
    }

    /// The way to the command, until it has sent its listener.
    pub(super) fn link(&mut self) -> Option<&mut UnixStream> {
        self.link.as_mut()
    }

    /// Whether the command's calls are told of as events; if not, it stops at them, and reports that.
    pub(super) fn are_told(&self) -> bool {
        self.listener.is_some()
    }

    /// Waits for what comes next; an error when there is no tracee left.
    pub(super) fn next(&mut self) -> io::Result<Event> {
        loop {
            if self.reported {
                if let Some(report) = sys::report()? {
                    return Ok(Event::Reported(report));
                }
                self.reported = false;
            }
            let descriptors = [
                self.listener.as_ref().map(AsRawFd::as_raw_fd),
                Some(self.reports.as_raw_fd()),
                self.link.as_ref().map(AsRawFd::as_raw_fd),
            ];
            let [(called, unheard), (reported, _), (sent, gone)] = notify::wait(descriptors);
            if reported {
                notify::drain(self.reports.as_fd());
                self.reported = true;
            }
            if sent || gone {
                let given = self.link.take().map_or(Ok(None), |link| notify::take(&link))?;
                self.listener = given.map(Listener::new);
            }
            if called {
                if let Some(Ok(notice)) = self.listener.as_ref().map(Listener::receive) {
                    return Ok(Event::Call(notice));
                }
            } else if unheard {
                // None that obeys the filter is left.
                self.listener = None;
            }
        }
    }

    /// Lets a thread make the call that it waits in.
    pub(super) fn let_go_on(&self, notice: &Notice) {
        if let Some(listener) = &self.listener {
            listener.let_go_on(notice);
        }
    }
}
