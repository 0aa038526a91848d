//! Numbers and ways in words, for tables and pages.

use crate::launch::life::Fate;
use crate::session::counts::{Category, Way};
use crate::session::report::Line;

/// `1 compile`, `2 compiles`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The name of many commands of one kind.
pub fn kind(kind: Category) -> &'static str {
    match kind {
        Category::Compile => "compiles",
        Category::Test => "configure tests",
        Category::Link => "links",
        Category::Archive => "archives",
        Category::Other => "others",
    }
}

/// A share as a percentage, `-` when there is none.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", share * 100.0))
}

/// A time for people.
pub fn seconds(time: f64) -> String {
    match time {
        time if time < 0.0005 => "0".to_owned(),
        time if time < 1.0 => format!("{:.0} ms", time * 1000.0),
        time if time < 100.0 => format!("{time:.1} s"),
        time => {
            // In whole seconds first, else 119.6 s is "1 min 60 s".
            let time = time.round() as u64;
            format!("{} min {} s", time / 60, time % 60)
        }
    }
}

/// Whether the build asked for it, and no launch served it.
pub fn is_missed(line: &Line) -> bool {
    matches!(line.how, Some(Way::Cached | Way::Executed | Way::Local))
}

/// How a command was served, or what became of its launch.
pub fn served(line: &Line) -> &'static str {
    match line.how {
        Some(Way::Joined) => "joined a launch",
        Some(Way::Prefetched) => "by a launch",
        Some(Way::Cached) => "from the cache",
        Some(Way::Executed) => "by the backend",
        Some(Way::Local) => "compiled here",
        Some(Way::Bypassed) => "bypassed",
        None if line.why.is_some() => "not asked for",
        None => match line.launch {
            Some(Fate::Pending) => "launched, not asked for yet",
            Some(Fate::Cancelled) => "launched, cancelled",
            Some(Fate::Wasted | Fate::Useful) | None => "launched for nothing",
        },
    }
}

/// An amount of bytes for people.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => count(bytes, "byte"),
    }
}

/// How long ago a moment was, both in seconds since the epoch.
pub fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..60 => "just now".to_owned(),
        past @ 60..3600 => format!("{} ago", count(past / 60, "minute")),
        past @ 3600..86400 => format!("{} ago", count(past / 3600, "hour")),
        past => format!("{} ago", count(past / 86400, "day")),
    }
}

/// The beginning of a text, at most so many characters of it.
pub fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A text that fits on a line beside others.
pub fn short(text: &str) -> String {
    const LONGEST: usize = 61;
    clipped(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{ago, seconds};

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(0.0123), "12 ms");
        assert_eq!(seconds(3.21), "3.2 s");
        assert_eq!(seconds(125.0), "2 min 5 s");
        assert_eq!(seconds(119.6), "2 min 0 s");
        assert_eq!(ago(0, 7300), "2 hours ago");
    }
}
