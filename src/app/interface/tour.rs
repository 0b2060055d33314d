//! The demo's tour: four things to try, told in the footer one after the other.

use super::Interface;

const STEPS: [&str; 4] = [
    "tour 1/4: move with j k h l or the arrows; a cell is one service in one place",
    "tour 2/4: press P on a READY row, read what it would send, give a reason, go",
    "tour 3/4: press H to hold a service: nothing goes into it until it is lifted",
    "tour 4/4: press 2: tonight's release is NO-GO; it says what clears it, and how",
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

#[cfg(test)]
mod tests {
    #[test]
    fn every_step_fits_on_a_screen_of_eighty_columns() {
        for step in super::STEPS {
            assert!(step.len() <= 78, "{step}");
        }
    }
}
