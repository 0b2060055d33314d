//! The demo's tour: three things to try, told in the footer one after the other.

use super::Interface;

const STEPS: [&str; 3] = [
    "tour 1/3: move with j k h l or the arrows; every cell is one service in one environment",
    "tour 2/3: on a READY row press P: the dialog shows what would be sent; give a reason and promote",
    "tour 3/3: press H to hold a service: nothing is promoted into it until the hold is lifted",
];

/// What the footer says at a step of the tour.
pub fn tour_text(step: usize) -> Option<&'static str> {
    STEPS.get(step).copied()
}

impl Interface {
    /// Takes note that the operator did what a step asks; the tour goes on from there.
    pub(super) fn toured(&mut self, step: usize) {
        if self.tour.is_some_and(|at| at <= step) {
            self.tour = Some(step + 1).filter(|next| *next < STEPS.len());
        }
    }
}
