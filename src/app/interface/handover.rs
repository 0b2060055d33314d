//! The hand-over dialog: what the next operator must know, given by one person, accepted by another.

use jiff::Timestamp;
use tui_input::Input;

use super::choice::step;
use super::{Interface, Overlay, field, link, reports};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::request::{Refusal, Request};
use crate::app::state::State;
use crate::domain::handover::{self, Handover, Item};

/// A note, and what is to be done with it.
#[derive(Clone, Debug)]
pub struct HandoverDialog {
    /// What was handed over by somebody else and waits for this operator; `None` gives a new one.
    pub waiting: Option<Handover>,
    /// How things stand, as the dialog opened.
    pub note: Vec<Item>,
    pub remark: Input,
    pub focus: HandoverFocus,
    pub refused: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HandoverFocus {
    Remark,
    #[default]
    Cancel,
    Confirm,
}

/// Tells once of a hand-over that waits for this operator: nobody looks for what they do not expect.
pub(super) fn offer(interface: &mut Interface, engine: &Engine, now: Timestamp) {
    let Some(waiting) = engine.handover_to_accept() else {
        return;
    };
    if interface.handed.as_ref() == Some(&waiting.id) {
        return;
    }
    interface.handed = Some(waiting.id.clone());
    let keys = interface.keymap.keys(Command::HandOver);
    let how = match keys.first() {
        Some(key) => format!("{key} takes it over"),
        None => ":handover takes it over".to_owned(),
    };
    interface.note(format!("{} hands the evening over: {how}", waiting.by), now);
}

/// Opens the dialog: to accept what waits for this operator, else to hand over.
pub(super) fn open(state: &mut State) {
    let refused = state.engine.may_record().err();
    let dialog = HandoverDialog {
        waiting: state.engine.handover_to_accept().cloned(),
        note: state.engine.handover_note(state.now),
        remark: Input::default(),
        focus: HandoverFocus::default(),
        refused,
    };
    state.interface.overlays.push(Overlay::Handover(dialog));
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Handover(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            HandoverFocus::Remark => dialog.step(true),
            HandoverFocus::Cancel => {
                state.interface.overlays.pop();
            }
            HandoverFocus::Confirm => return confirm(state),
        },
        _ => {}
    }
    Vec::new()
}

fn confirm(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Handover(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    if let Some(why) = dialog.blocked() {
        state.interface.say(false, why, now);
        return Vec::new();
    }
    let (effects, refused) = reports::ask(&mut state.engine, dialog.request(), now);
    if refused.is_some() {
        dialog.refused = refused;
    } else {
        state.interface.overlays.pop();
    }
    effects
}

impl HandoverDialog {
    fn step(&mut self, forward: bool) {
        let stops: &[HandoverFocus] = match self.waiting {
            // There is nothing to add to what somebody else has said.
            Some(_) => &[HandoverFocus::Cancel, HandoverFocus::Confirm],
            None => &[
                HandoverFocus::Remark,
                HandoverFocus::Cancel,
                HandoverFocus::Confirm,
            ],
        };
        self.focus = step(stops, self.focus, forward);
    }

    fn request(&self) -> Request {
        match &self.waiting {
            Some(waiting) => Request::TakeOver {
                id: waiting.id.clone(),
            },
            None => Request::HandOver {
                items: handover::lines(&self.note),
                remark: field::text(&self.remark),
            },
        }
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        (self.focus == HandoverFocus::Remark).then_some(&mut self.remark)
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        self.refused.as_ref().map(|refusal| refusal.why.clone())
    }

    /// The same on the command line.
    pub(super) fn command_line(&self) -> String {
        let remark = field::text(&self.remark);
        match (&self.waiting, remark.as_str()) {
            (Some(_), _) => "gonogo handover accept".to_owned(),
            (None, "") => "gonogo handover give".to_owned(),
            (None, remark) => format!("gonogo handover give --note {}", link::quoted(remark)),
        }
    }

    /// The note as Markdown, for a chat: what `y` copies.
    pub(super) fn markdown(&self, state: &State) -> String {
        let by = match &self.waiting {
            Some(waiting) => Some(&waiting.by),
            None => state.engine.operator.as_ref(),
        };
        let remark = match &self.waiting {
            Some(waiting) => waiting.remark.clone(),
            None => field::text(&self.remark),
        };
        handover::markdown(&self.note, by, &remark, state.now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, entry, hold, now, press, state, top};
    use super::*;
    use crate::domain::entry::Event;

    #[test]
    fn the_note_is_given_with_a_remark_and_copied_as_markdown() {
        let mut state = state();
        hold(&mut state, "h-1", "search", "staging");
        press(&mut state, "T");
        assert_eq!(top(&state), "handover");
        let copied = press(&mut state, "y");
        assert!(
            matches!(copied.as_slice(), [Effect::Copy(text)] if text.contains("**Holds** (1)")),
            "{copied:?}"
        );
        let effects = press(&mut state, "up 'watch_search");
        assert!(effects.is_empty());
        let line = link::command_line(&state);
        assert_eq!(
            line.as_deref(),
            Some("gonogo handover give --note 'watch search'")
        );
        let effects = press(&mut state, "tab tab enter");
        let given = effects.iter().find_map(|effect| match effect {
            Effect::Append { draft, .. } => match &draft.event {
                Event::HandoverGiven { handover } => Some(handover.clone()),
                _ => None,
            },
            _ => None,
        });
        let given = given.expect("it was handed over");
        assert!(given.items[0].starts_with("Holds: search"), "{given:?}");
        assert_eq!(given.remark, "watch search");
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn what_somebody_else_gave_is_accepted_and_rests_on_cancel() {
        let mut state = state();
        let handover = Handover {
            id: "ho-1".into(),
            by: "bob".into(),
            at: now(),
            items: Vec::new(),
            remark: "search is slow".to_owned(),
            accepted: None,
        };
        let ledger = state.engine.ledger.get_or_insert_default();
        let next = ledger.head.0 + 1;
        ledger.apply(&entry((Event::HandoverGiven { handover }, next)));
        // It is told once, and not in the way of anything.
        for _ in 0..2 {
            let at = state.now;
            crate::app::update(&mut state, at, crate::app::Msg::Tick);
            let told = state.interface.messages.iter();
            let told = told.filter(|message| message.text.contains("hands the evening over"));
            let told: Vec<&str> = told.map(|message| message.text.as_str()).collect();
            assert_eq!(told, ["bob hands the evening over: T takes it over"]);
        }
        assert!(state.interface.problems.is_empty());
        assert!(!press(&mut state, "T enter").iter().any(changes));
        let effects = press(&mut state, "T tab enter");
        assert!(
            effects.iter().any(|effect| matches!(effect,
                Effect::Append { draft, .. }
                    if draft.event == Event::HandoverAccepted { id: "ho-1".into() })),
            "{effects:?}"
        );
    }
}
