//! Lanes: where bars go that overlap in time.

use crate::session::timeline::Event;

/// Events of one row of a timeline, each on a lane on which no other is at the same time.
pub(super) struct Lanes<'a> {
    /// The events in the order of their start, and their lanes.
    pub bars: Vec<(&'a Event, usize)>,
    /// How many lanes there are.
    pub count: usize,
}

impl<'a> Lanes<'a> {
    /// Puts each event on the first lane that is free when it starts.
    pub(super) fn of(events: impl Iterator<Item = &'a Event>) -> Self {
        let mut events: Vec<_> = events.collect();
        events.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let mut ends: Vec<f64> = Vec::new();
        let mut place = |event: &Event| {
            let free = ends.iter().position(|end| *end <= event.start_s).unwrap_or(ends.len());
            if free == ends.len() {
                ends.push(0.0);
            }
            ends[free] = event.end_s;
            free
        };
        let bars = events.into_iter().map(|event| (event, place(event))).collect();
        Self { bars, count: ends.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::timeline::tests::event;

    #[test]
    fn what_overlaps_is_on_different_lanes() {
        let events = [event("a.o", 0.0, 2.0), event("b.o", 1.0, 3.0), event("c.o", 2.0, 4.0)];
        let lanes = Lanes::of(events.iter());
        let placed: Vec<_> = lanes.bars.iter().map(|(event, lane)| (event.output.as_str(), *lane)).collect();
        assert_eq!((placed, lanes.count), (vec![("a.o", 0), ("b.o", 1), ("c.o", 0)], 2));
    }
}
