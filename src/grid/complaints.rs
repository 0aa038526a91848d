//! Complaints about a grid: each kind of trouble is worth one line in the log, not one for each compile.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::grid::unobtainable::Unobtainable;
use crate::reapi::{Code, GridError};

/// A trouble that lasts is told of again after this: a companion may outlive the build that saw the first line.
const AGAIN: Duration = Duration::from_mins(10);

/// What was complained of, and when.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<HashMap<Kind, Instant>>);

/// Troubles that are told of as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// The grid is out of reach or overburdened: the same trouble shows as one code or another, by chance.
    Away,
    /// It refuses, and will go on to.
    Refused(Code),
    /// A result is not what the compiler here would have made.
    Unusable,
}

impl Complaints {
    /// Tells of `error`, which has `what` as its consequence: as a warning if it is news.
    pub(super) fn tell(&self, what: &str, error: &Unobtainable) {
        if self.is_news(error, Instant::now()) {
            tracing::warn!("{what}: {error} (further such trouble is told of at `debug`)");
        } else {
            tracing::debug!("{what}: {error}");
        }
    }

    fn is_news(&self, error: &Unobtainable, now: Instant) -> bool {
        let Some(kind) = kind(error) else { return false };
        let mut said = self.0.lock();
        let news = said.get(&kind).is_none_or(|at| now.saturating_duration_since(*at) >= AGAIN);
        if news {
            said.insert(kind, now);
        }
        news
    }
}

/// The kind of an error; `None` when it is no trouble.
fn kind(error: &Unobtainable) -> Option<Kind> {
    match error {
        // Who cancels knows.
        Unobtainable::Grid(GridError { code: Code::Cancelled, .. }) | Unobtainable::Unsent(_) => None,
        Unobtainable::Grid(error) if error.is_transient() => Some(Kind::Away),
        Unobtainable::Grid(error) => Some(Kind::Refused(error.code)),
        Unobtainable::Unusable(_) => Some(Kind::Unusable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::unobtainable::Unsent;
    use crate::grid::unusable::Unusable;

    #[test]
    fn each_kind_of_trouble_is_news_once_in_a_while() {
        let complaints = Complaints::default();
        let now = Instant::now();
        let unusable = |name: &str| Unobtainable::from(Unusable::Missing(name.to_owned()));
        assert!(complaints.is_news(&unusable("a.o"), now));
        assert!(!complaints.is_news(&unusable("b.o"), now));
        assert!(!complaints.is_news(&Unsent::Unfaithful.into(), now));
        assert!(complaints.is_news(&unusable("c.o"), now + AGAIN));
    }
}
