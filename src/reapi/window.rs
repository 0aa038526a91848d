//! The congestion window: how many launches a grid is given at once, learnt from how it takes them.

use std::time::{Duration, Instant};

/// What a grid is given at first, before anything is known of it.
const FIRST: f64 = 64.0;
/// The most, whatever a grid takes: each launch in flight costs this process some 10 KB.
const MOST: f64 = 10_000.0;
/// A launch that waits for a worker for this long shows that there are none to spare. Idle grids hand work out in well under this.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);
/// Launches that were issued together are refused together, and count once.
const TOGETHER: Duration = Duration::from_secs(1);

/// The width, as a congestion window is kept (RFC 5681): it doubles with each round trip until the grid is first pressed;
/// from then on it grows by one a round trip, and is halved when the grid is pressed.
#[derive(Debug)]
pub(crate) struct CongestionWindow {
    allowed: f64,
    /// Up to here it doubles.
    doubling: f64,
    last_cut: Option<Instant>,
}

impl Default for CongestionWindow {
    fn default() -> Self {
        Self { allowed: FIRST, doubling: MOST, last_cut: None }
    }
}

impl CongestionWindow {
    /// Launches that may be in flight now; at least one.
    pub(crate) fn allowed(&self) -> usize {
        self.allowed as usize
    }

    /// The grid took a launch at once, while so many were in flight.
    pub(crate) fn taken(&mut self, in_flight: usize) {
        // What was not asked of it, it has not shown.
        if in_flight as f64 * 2.0 < self.allowed {
            return;
        }
        let step = if self.allowed < self.doubling { 1.0 } else { 1.0 / self.allowed };
        self.allowed = (self.allowed + step).min(MOST);
    }

    /// The grid has no room: it refused a launch, or left it waiting.
    pub(crate) fn pressed(&mut self, now: Instant) {
        if self.last_cut.is_some_and(|cut| now.saturating_duration_since(cut) < TOGETHER) {
            return;
        }
        self.last_cut = Some(now);
        self.allowed = (self.allowed / 2.0).max(1.0);
        self.doubling = self.allowed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A width, and the time that passes by two [`TOGETHER`] a round trip.
    struct Rounds(CongestionWindow, Instant);

    impl Rounds {
        fn new() -> Self {
            Self(CongestionWindow::default(), Instant::now())
        }

        /// One round trip on a grid of so many slots: it takes what it has room for. Gives the width after it.
        fn on(&mut self, slots: usize) -> usize {
            self.1 += TOGETHER * 2;
            let in_flight = self.0.allowed();
            (0..in_flight.min(slots)).for_each(|_| self.0.taken(in_flight));
            if in_flight > slots {
                self.0.pressed(self.1);
            }
            self.0.allowed()
        }
    }

    #[test]
    fn a_wide_grid_is_soon_filled() {
        let mut rounds = Rounds::new();
        assert!((0..7).map(|_| rounds.on(usize::MAX)).max() >= Some(5_000));
        assert_eq!((0..7).map(|_| rounds.on(usize::MAX)).max(), Some(MOST as usize));
    }

    #[test]
    fn the_width_settles_around_the_slots() {
        for slots in [1, 5, 200] {
            let mut rounds = Rounds::new();
            for _ in 0..20 {
                rounds.on(slots);
            }
            for _ in 0..200 {
                let now = rounds.on(slots);
                assert!((slots / 2..=slots + 1).contains(&now), "{now} for {slots} slots");
            }
        }
    }

    #[test]
    fn what_is_refused_together_counts_once() {
        let mut window = CongestionWindow::default();
        let now = Instant::now();
        (0..50).for_each(|_| window.pressed(now));
        assert_eq!(window.allowed(), 32);
        window.pressed(now + TOGETHER);
        assert_eq!(window.allowed(), 16);
    }

    #[test]
    fn an_unused_width_does_not_grow() {
        let mut window = CongestionWindow::default();
        (0..50).for_each(|_| window.taken(3));
        assert_eq!(window.allowed(), FIRST as usize);
    }
}
