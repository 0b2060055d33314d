//! The demo's tour: five things to try, told in the footer one after the other, and at each what to do
//! next where the operator is now. It goes on by what they did, and esc on the board ends it.

use jiff::Timestamp;

use super::{
    GatesFocus, HoldDialog, HoldFocus, HoldMode, Interface, Overlay, PromoteFocus, ReleaseFocus,
    Screen,
};
use crate::app::effect::Effect;
use crate::domain::entry::Event;

/// What is to be tried, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Move,
    Promote,
    Hold,
    /// Why something may not go.
    Why,
    Vote,
    /// All was tried.
    Over,
}

impl Step {
    const ALL: [Self; 6] = [
        Self::Move,
        Self::Promote,
        Self::Hold,
        Self::Why,
        Self::Vote,
        Self::Over,
    ];

    fn next(self) -> Option<Self> {
        let mut later = Self::ALL.into_iter().skip_while(|step| *step != self);
        later.nth(1)
    }
}

const FIELDS: &str = "it rests on Cancel: type, or up goes to its fields; esc leaves it";
const BUTTONS: &str = "tab goes from button to button, enter chooses; esc leaves it";

impl Interface {
    /// What the footer says of the tour.
    pub fn tour_text(&self) -> Option<String> {
        let step = self.tour?;
        if step == Step::Over {
            return Some(self.tour_hint(step).to_owned());
        }
        let number = Step::ALL.iter().position(|one| *one == step)? + 1;
        // Where esc has nothing else to close, it ends the tour.
        let skips = self.overlays.is_empty() && self.screen == Screen::Board;
        let skips = if skips { ", esc skips" } else { "" };
        Some(format!("tour {number}/5{skips}: {}", self.tour_hint(step)))
    }

    fn tour_hint(&self, step: Step) -> &'static str {
        let top = self.overlays.last();
        match (step, top) {
            (Step::Move, _) => "j k h l or arrows move; a cell is a service in a place",
            (Step::Promote, Some(Overlay::Promote(dialog))) => match dialog.focus {
                PromoteFocus::Cancel if dialog.blocked().is_none() => {
                    "now tab goes on to Promote; enter here would leave it"
                }
                PromoteFocus::Cancel
                | PromoteFocus::Reject
                | PromoteFocus::CopyCommand
                | PromoteFocus::Diff => FIELDS,
                PromoteFocus::Reason => "say why; the journal keeps it. tab goes on",
                PromoteFocus::Typed => "type the environment's name; tab, tab goes on to Promote",
                PromoteFocus::Promote => "enter sends exactly this, once; esc leaves it",
            },
            (Step::Promote, _) => "on a READY row press P: it shows what it would send",
            (Step::Hold, Some(Overlay::Hold(dialog)))
                if matches!(dialog.mode, HoldMode::Existing { .. }) =>
            {
                match dialog.focus {
                    HoldFocus::Reason => "say why; tab, tab goes on to Lift, which takes it away",
                    HoldFocus::Lift => "enter lifts it, with your reason in the journal",
                    _ => "this is held already; esc, and press H on another row",
                }
            }
            (Step::Hold, Some(Overlay::Hold(dialog))) => match dialog.focus {
                HoldFocus::Reason => match tabs(dialog) {
                    2 => "say why; tab, tab goes on to Hold",
                    _ => "say why; tab, tab, tab goes on to Hold",
                },
                HoldFocus::Hold => "enter holds it: nothing goes in until it is lifted",
                HoldFocus::Cancel => FIELDS,
                _ => "tab goes on: what it covers, until when, and why",
            },
            (Step::Hold, _) => "press H to hold a service: nothing goes in until lifted",
            (Step::Why, None) => "on a GATED or HELD row press enter: it says why not",
            (Step::Why, Some(_)) => "esc closes this; then enter on a GATED row says why not",
            (Step::Vote, Some(Overlay::Release(dialog))) => match dialog.focus {
                ReleaseFocus::Confirm => "enter votes, bound to exactly what you saw",
                ReleaseFocus::Note => "say why, or nothing; tab, tab goes on to the vote",
                _ => BUTTONS,
            },
            (Step::Vote, Some(Overlay::Gates(dialog))) => match dialog.focus {
                GatesFocus::Confirm => "enter votes, bound to exactly what you saw",
                _ => "tab goes on to the button, enter votes",
            },
            (Step::Vote, Some(_)) => "esc closes this; 2 is tonight's release, V votes there",
            (Step::Vote, None) => match self.screen {
                Screen::Release => "it says what clears it; press V to vote go or no-go",
                Screen::Detail(_) => "each gate says why and what opens it; now press 2",
                _ => "press 2: tonight's release is NO-GO; V votes on it",
            },
            (Step::Over, _) => "the tour is over: ? lists every key, :tour begins it anew",
        }
    }

    /// Takes note of a movement, and of a service that was opened.
    pub(super) fn toured(&mut self, step: Step) {
        if self.tour == Some(step) {
            self.go_on(step);
        }
    }

    /// Takes note of what was ordered: whoever is ahead of the tour is not sent back.
    pub(super) fn tour_on(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Append { draft, .. } = effect else {
                continue;
            };
            let done = match &draft.event {
                Event::Intended { .. } => Step::Promote,
                Event::HoldPlaced { .. } => Step::Hold,
                Event::VoteCast { .. } | Event::ReleaseVoteCast { .. } => Step::Vote,
                _ => continue,
            };
            if self.tour.is_some_and(|at| at <= done) {
                self.go_on(done);
            }
        }
    }

    fn go_on(&mut self, done: Step) {
        self.tour = done.next();
    }

    /// Ends the tour where esc has nothing else to close.
    pub(super) fn skip_tour(&mut self, now: Timestamp) {
        let left = self.tour.take();
        if left.is_some_and(|step| step != Step::Over) {
            self.say(
                true,
                "the tour is left: :tour begins it anew".to_owned(),
                now,
            );
        }
    }

    /// Begins it anew, in the demo.
    pub(super) fn begin_tour(&mut self) {
        if self.is_demo {
            self.tour = Some(Step::Move);
            self.show(Screen::Board);
        }
    }
}

/// How many tabs lead from the reason of a hold to its button.
fn tabs(dialog: &HoldDialog) -> usize {
    let stops = dialog.stops();
    let place = |focus| stops.iter().position(|stop| *stop == focus);
    let (reason, hold) = (place(HoldFocus::Reason), place(HoldFocus::Hold));
    // Cancel lies between them and is passed.
    hold.zip(reason)
        .map_or(2, |(hold, reason)| hold.saturating_sub(reason))
}

#[cfg(test)]
mod tests {
    use super::super::harness::{add_release, hold, on, press, state, top};
    use super::*;

    #[test]
    fn it_walks_through_promote_hold_why_and_vote_by_what_was_done() {
        let mut state = state();
        state.interface.tour = Some(Step::Move);
        add_release(&mut state);
        press(&mut state, "j");
        assert_eq!(state.interface.tour, Some(Step::Promote));
        on(&mut state, "api", "production");
        press(&mut state, "P esc");
        assert_eq!(
            state.interface.tour,
            Some(Step::Promote),
            "looking is not doing"
        );
        press(&mut state, "P up up 'weekly tab 'production tab tab enter");
        assert_eq!(state.interface.tour, Some(Step::Hold));
        on(&mut state, "search", "production");
        press(&mut state, "H up 'heap tab tab enter");
        assert_eq!(state.interface.tour, Some(Step::Why));
        press(&mut state, "enter");
        assert_eq!(state.interface.tour, Some(Step::Vote));
        press(&mut state, "2 V");
        assert_eq!(top(&state), "release");
        press(&mut state, "up 'fine tab tab enter");
        assert_eq!(state.interface.tour, Some(Step::Over));
        let text = state.interface.tour_text().unwrap_or_default();
        assert!(text.contains(":tour begins it anew"), "{text}");
        press(&mut state, ": 'tour enter");
        assert_eq!(
            state.interface.tour,
            Some(Step::Over),
            "only the demo has it"
        );
        press(&mut state, "esc esc");
        state.interface.is_demo = true;
        press(&mut state, ": 'tour enter");
        assert_eq!(state.interface.tour, Some(Step::Move));
        assert_eq!(state.interface.screen, Screen::Board);
    }

    #[test]
    fn the_tabs_that_it_names_lead_to_hold_where_somebody_may_be_told() {
        let mut state = state();
        state.interface.receivers = vec![crate::domain::notice::Rule {
            name: "ops".to_owned(),
            channel: crate::domain::notice::Channel::Bell,
            events: vec!["hold.*".to_owned()],
            services: Vec::new(),
            environments: Vec::new(),
        }];
        state.interface.tour = Some(Step::Hold);
        on(&mut state, "api", "production");
        press(&mut state, "H up");
        while !matches!(
            state.interface.overlays.last(),
            Some(Overlay::Hold(dialog)) if dialog.focus == HoldFocus::Reason
        ) {
            press(&mut state, "up");
        }
        let text = state.interface.tour_text().unwrap_or_default();
        for _ in 0..text.matches("tab").count() {
            press(&mut state, "tab");
        }
        let text = state.interface.tour_text().unwrap_or_default();
        assert!(text.contains("enter holds it"), "{text}");
    }

    #[test]
    fn what_it_says_of_the_keys_leads_to_a_promotion() {
        let mut state = state();
        state.interface.tour = Some(Step::Promote);
        on(&mut state, "api", "production");
        let says = |state: &crate::app::state::State, part: &str| {
            let text = state.interface.tour_text().unwrap_or_default();
            assert!(text.contains(part), "{text}");
        };
        says(&state, "esc skips");
        press(&mut state, "P");
        says(&state, "type, or up goes to its fields");
        press(&mut state, "w e e k l y");
        says(&state, "tab goes on");
        press(&mut state, "tab 'production");
        says(&state, "tab, tab goes on to Promote");
        press(&mut state, "tab");
        says(&state, "tab goes on to Promote");
        press(&mut state, "tab");
        says(&state, "enter sends exactly this");
        press(&mut state, "enter");
        says(&state, "tour 3/5");
    }

    #[test]
    fn on_what_is_held_already_it_speaks_of_lifting() {
        let mut state = state();
        state.interface.tour = Some(Step::Hold);
        hold(&mut state, "h-1", "api", "production");
        on(&mut state, "api", "production");
        for (keys, part) in [
            ("H", "held already"),
            ("b a n k s", "tab, tab goes on to Lift"),
            ("tab tab", "enter lifts it"),
        ] {
            press(&mut state, keys);
            let text = state.interface.tour_text().unwrap_or_default();
            assert!(text.contains(part), "{text}");
            assert!(text.len() <= 78, "{text}");
        }
    }

    #[test]
    fn esc_on_the_board_ends_it_and_elsewhere_only_closes() {
        let mut state = state();
        state.interface.tour = Some(Step::Promote);
        press(&mut state, "? esc enter esc");
        assert_eq!(state.interface.tour, Some(Step::Promote));
        press(&mut state, "esc");
        assert_eq!(state.interface.tour, None);
    }

    #[test]
    fn every_hint_fits_on_a_screen_of_eighty_columns() {
        let mut state = state();
        add_release(&mut state);
        for step in Step::ALL {
            for keys in [
                "",
                "esc esc P",
                "up",
                "esc H",
                "up",
                "esc enter",
                "V",
                "esc 2",
                "V",
            ] {
                press(&mut state, keys);
                state.interface.tour = Some(step);
                let text = state.interface.tour_text().expect("a hint");
                assert!(text.len() <= 78, "{text}");
            }
        }
    }
}
