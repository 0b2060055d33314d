//! The hold dialog: place a hold, or see, edit and lift those that cover the cell.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::Input;

use super::choice::{step, turn};
use super::{Interface, Overlay, field, link, until};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::{Engine, Report};
use crate::app::request::{Expiry, Request};
use crate::app::state::State;
use crate::domain::hold::{Cover, Hold, HoldKind};
use crate::domain::ids::{EnvironmentName, HoldId, ServiceName};

/// The hold dialog: place, edit or lift.
#[derive(Clone, Debug)]
pub struct HoldDialog {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub mode: HoldMode,
    /// The scopes on offer, and which is chosen.
    pub covers: Vec<Cover>,
    pub cover: usize,
    pub kind: HoldKind,
    pub reason: Input,
    /// Empty means until lifted; else `15:00Z`, `30m`, `2h`.
    pub until: Input,
    pub focus: HoldFocus,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldMode {
    Place,
    /// Holds that cover the cell; one is chosen to edit or lift.
    Existing {
        holds: Vec<HoldId>,
        selected: usize,
    },
    Edit(HoldId),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldFocus {
    List,
    Cover,
    Kind,
    Until,
    Reason,
    #[default]
    Cancel,
    /// Place a hold, or save the edit.
    Hold,
    Edit,
    Lift,
}

const LIFTED: &str = "the hold was lifted meanwhile";

/// Opens the dialog on the selected cell: with the holds that cover it, if there are any.
pub(super) fn open(state: &mut State) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let engine = &state.engine;
    let cell = engine.board.cell(&cursor.service, &cursor.environment);
    let holds: Vec<HoldId> = cell
        .into_iter()
        .flat_map(|cell| &cell.holds)
        .filter(|hold| hold.is_on(state.now))
        .map(|hold| hold.id.clone())
        .collect();
    let mut covers = covers(&cursor.service, &cursor.environment);
    if let Some(candidate) = cell.and_then(|cell| cell.candidate.as_ref()) {
        covers.push(Cover {
            service: Some(cursor.service.clone()),
            environment: None,
            revision: Some(candidate.sha.clone()),
        });
    }
    let mode = if holds.is_empty() {
        HoldMode::Place
    } else {
        HoldMode::Existing { holds, selected: 0 }
    };
    let dialog = HoldDialog {
        service: cursor.service,
        environment: cursor.environment,
        mode,
        covers,
        cover: 0,
        kind: HoldKind::default(),
        reason: Input::default(),
        until: Input::default(),
        focus: HoldFocus::default(),
        error: engine.may_record().err().map(|refusal| refusal.why),
    };
    state.interface.overlays.push(Overlay::Hold(dialog));
    state.interface.toured(2);
}

/// The scopes on offer for a hold or a manual gate, the narrowest first.
pub(super) fn covers(service: &ServiceName, environment: &EnvironmentName) -> Vec<Cover> {
    let cover = |service: Option<&ServiceName>, environment: Option<&EnvironmentName>| Cover {
        service: service.cloned(),
        environment: environment.cloned(),
        revision: None,
    };
    vec![
        cover(Some(service), Some(environment)),
        cover(Some(service), None),
        cover(None, Some(environment)),
        cover(None, None),
    ]
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match (command, dialog.focus) {
        (Command::Close, _) | (Command::Open, HoldFocus::Cancel) => {
            state.interface.overlays.pop();
        }
        (Command::Copy, _) => return link::copy(state),
        (Command::Down | Command::Up, HoldFocus::List) => dialog.select(command == Command::Down),
        (Command::Left, HoldFocus::Cover | HoldFocus::Kind) => dialog.turn(false),
        (Command::Right | Command::Mark, HoldFocus::Cover | HoldFocus::Kind) => dialog.turn(true),
        (Command::PreviousPane | Command::Up | Command::Left, _) => dialog.step(false),
        (Command::NextPane | Command::Down | Command::Right, _)
        | (
            Command::Open,
            HoldFocus::List
            | HoldFocus::Cover
            | HoldFocus::Kind
            | HoldFocus::Until
            | HoldFocus::Reason,
        ) => dialog.step(true),
        (Command::Open, HoldFocus::Hold) => return confirm(state),
        (Command::Open, HoldFocus::Edit) => edit(state),
        (Command::Open, HoldFocus::Lift) => return lift(state),
        _ => {}
    }
    Vec::new()
}

/// Places the hold or saves the edit; beside existing holds it goes on to placing another.
fn confirm(state: &mut State) -> Vec<Effect> {
    let (now, zone) = (state.now, state.interface.typed_zone());
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    if let HoldMode::Existing { .. } = dialog.mode {
        dialog.mode = HoldMode::Place;
        dialog.focus = HoldFocus::default();
        return Vec::new();
    }
    if let Some(why) = dialog.blocked(now, &zone) {
        dialog.error = Some(why);
        return Vec::new();
    }
    let reason = field::text(&dialog.reason);
    let Ok(until) = until::parse(dialog.until.value(), now, &zone) else {
        return Vec::new();
    };
    let request = match &dialog.mode {
        HoldMode::Edit(id) => Request::EditHold {
            id: id.clone(),
            reason: Some(reason),
            until: until.map_or(Expiry::Never, Expiry::At),
        },
        HoldMode::Place | HoldMode::Existing { .. } => {
            let Some(cover) = dialog.covers.get(dialog.cover).cloned() else {
                return Vec::new();
            };
            Request::Hold {
                cover,
                kind: dialog.kind,
                reason,
                until,
            }
        }
    };
    ask(state, request)
}

/// Turns to editing the chosen hold, with what it says now.
fn edit(state: &mut State) {
    let zone = state.interface.typed_zone();
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return;
    };
    let Some(hold) = dialog.chosen(&state.engine).cloned() else {
        return;
    };
    let until = hold.until.map_or_else(String::new, |until| {
        let format = if zone == TimeZone::UTC {
            "%Y-%m-%d %H:%MZ"
        } else {
            "%Y-%m-%d %H:%M"
        };
        until.to_zoned(zone).strftime(format).to_string()
    });
    if field::text(&dialog.reason).is_empty() {
        dialog.reason = Input::new(hold.reason);
    }
    dialog.until = Input::new(until);
    dialog.kind = hold.kind;
    dialog.mode = HoldMode::Edit(hold.id);
    dialog.focus = HoldFocus::default();
}

fn lift(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let reason = field::text(&dialog.reason);
    if reason.is_empty() {
        dialog.error = Some("a reason is required to lift a hold".to_owned());
        return Vec::new();
    }
    let Some(id) = dialog.chosen(&state.engine).map(|hold| hold.id.clone()) else {
        dialog.error = Some("no hold is chosen".to_owned());
        return Vec::new();
    };
    ask(state, Request::LiftHold { id, reason })
}

/// Hands an order to the engine; a refusal stays in the dialog, otherwise it closes.
pub(super) fn ask(state: &mut State, request: Request) -> Vec<Effect> {
    let reports = state.engine.reports.len();
    let effects = state.engine.ask(request, state.now);
    let refused = match state.engine.reports.get(reports) {
        Some(Report::Refused { refusal, .. }) => Some(refusal.why.clone()),
        Some(Report::Done { .. } | Report::Trouble(_) | Report::JournalTrouble { .. }) | None => {
            None
        }
    };
    match (refused, state.interface.overlays.last_mut()) {
        (Some(why), Some(Overlay::Hold(dialog))) => dialog.error = Some(why),
        (Some(why), Some(Overlay::Gates(dialog))) => dialog.error = Some(why),
        (Some(_), _) => {}
        (None, _) => {
            state.interface.overlays.pop();
        }
    }
    effects
}

impl HoldDialog {
    /// The focus goes round these, in the order in which they are drawn.
    pub fn stops(&self) -> &'static [HoldFocus] {
        match self.mode {
            HoldMode::Place => &[
                HoldFocus::Cover,
                HoldFocus::Kind,
                HoldFocus::Until,
                HoldFocus::Reason,
                HoldFocus::Cancel,
                HoldFocus::Hold,
            ],
            HoldMode::Existing { .. } => &[
                HoldFocus::List,
                HoldFocus::Reason,
                HoldFocus::Cancel,
                HoldFocus::Edit,
                HoldFocus::Lift,
                HoldFocus::Hold,
            ],
            HoldMode::Edit(_) => &[
                HoldFocus::Until,
                HoldFocus::Reason,
                HoldFocus::Cancel,
                HoldFocus::Hold,
            ],
        }
    }

    fn step(&mut self, forward: bool) {
        self.focus = step(self.stops(), self.focus, forward);
    }

    /// Moves in the list of holds, and out of it at its ends.
    fn select(&mut self, forward: bool) {
        let HoldMode::Existing { holds, selected } = &mut self.mode else {
            return;
        };
        let next = if *selected >= holds.len() {
            (!holds.is_empty()).then_some(0)
        } else if forward {
            selected.checked_add(1).filter(|next| *next < holds.len())
        } else {
            selected.checked_sub(1)
        };
        match next {
            Some(next) => *selected = next,
            None => self.step(forward),
        }
    }

    fn turn(&mut self, forward: bool) {
        match self.focus {
            HoldFocus::Cover => self.cover = turn(self.cover, self.covers.len(), forward),
            HoldFocus::Kind => {
                self.kind = match self.kind {
                    HoldKind::Forward => HoldKind::All,
                    HoldKind::All => HoldKind::Forward,
                };
            }
            _ => {}
        }
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        match self.focus {
            HoldFocus::Until => Some(&mut self.until),
            HoldFocus::Reason => Some(&mut self.reason),
            HoldFocus::List
            | HoldFocus::Cover
            | HoldFocus::Kind
            | HoldFocus::Cancel
            | HoldFocus::Hold
            | HoldFocus::Edit
            | HoldFocus::Lift => None,
        }
    }

    /// The hold that is chosen to edit or lift, or that is being edited.
    pub fn chosen<'a>(&self, engine: &'a Engine) -> Option<&'a Hold> {
        let id = match &self.mode {
            HoldMode::Existing { holds, selected } => holds.get(*selected)?,
            HoldMode::Edit(id) => id,
            HoldMode::Place => return None,
        };
        engine.ledger.as_ref()?.holds.get(id)
    }

    /// Until when, as typed; the error says why it cannot be read.
    pub fn until_at(
        &self,
        now: Timestamp,
        interface: &Interface,
    ) -> Result<Option<Timestamp>, String> {
        until::parse(self.until.value(), now, &interface.typed_zone())
    }

    /// Why it cannot be placed or saved now.
    pub fn blocked(&self, now: Timestamp, zone: &TimeZone) -> Option<String> {
        if let Err(why) = until::parse(self.until.value(), now, zone) {
            return Some(why);
        }
        field::text(&self.reason)
            .is_empty()
            .then(|| "a reason is required".to_owned())
    }

    pub(super) fn command_line(&self, state: &State) -> String {
        let reason = field::text(&self.reason);
        let line = match (&self.mode, self.chosen(&state.engine)) {
            (HoldMode::Edit(id), _) => format!("gonogo hold edit {id}{}", self.until_flag()),
            (HoldMode::Existing { .. }, Some(hold)) => format!("gonogo hold lift {}", hold.id),
            (HoldMode::Existing { .. } | HoldMode::Place, _) => {
                let cover = self.covers.get(self.cover).cloned().unwrap_or_default();
                let kind = match self.kind {
                    HoldKind::Forward => "",
                    HoldKind::All => " --kind all",
                };
                format!(
                    "gonogo hold add{}{kind}{}",
                    cover_flags(&cover),
                    self.until_flag()
                )
            }
        };
        link::with_reason(&line, &reason)
    }

    fn until_flag(&self) -> String {
        let until = self.until.value().trim();
        if until.is_empty() {
            return String::new();
        }
        format!(" --until {}", link::quoted(until))
    }

    /// Drops holds that others lifted meanwhile.
    pub(super) fn check(&mut self, engine: &Engine, now: Timestamp) {
        let Some(ledger) = &engine.ledger else { return };
        let is_on = |id: &HoldId| ledger.holds.get(id).is_some_and(|hold| hold.is_on(now));
        match &mut self.mode {
            HoldMode::Existing { holds, selected } => {
                // The choice stays on its hold; if that one is gone, none is chosen in its place
                // and the mode stays: a key on its way must never lift or place another.
                let chosen = holds.get(*selected).cloned();
                holds.retain(&is_on);
                let place = holds.iter().position(|id| Some(id) == chosen.as_ref());
                if chosen.is_some() && place.is_none() {
                    self.error = Some(LIFTED.to_owned());
                    self.focus = HoldFocus::Cancel;
                }
                *selected = place.unwrap_or(holds.len());
            }
            HoldMode::Edit(id) if !is_on(id) => {
                self.error = Some(LIFTED.to_owned());
                self.focus = HoldFocus::Cancel;
                self.mode = HoldMode::Existing {
                    holds: Vec::new(),
                    selected: 0,
                };
            }
            HoldMode::Edit(_) | HoldMode::Place => {}
        }
    }
}

/// A cover as the command line takes it.
pub(super) fn cover_flags(cover: &Cover) -> String {
    let mut flags = String::new();
    if let Some(service) = &cover.service {
        let _ = write!(flags, " --service {service}");
    }
    if let Some(environment) = &cover.environment {
        let _ = write!(flags, " --in {environment}");
    }
    if let Some(revision) = &cover.revision {
        let _ = write!(flags, " --revision {revision}");
    }
    if flags.is_empty() {
        flags.push_str(" --everything");
    }
    flags
}

impl Interface {
    /// The zone in which times without a `Z` are typed and shown.
    pub fn typed_zone(&self) -> TimeZone {
        if self.utc {
            TimeZone::UTC
        } else {
            self.zone.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, hold, now, on, press, state, top};
    use super::*;
    use crate::domain::entry::{Draft, Event};
    use jiff::SignedDuration;

    fn dialog(state: &State) -> &HoldDialog {
        match state.interface.overlays.last() {
            Some(Overlay::Hold(dialog)) => dialog,
            other => panic!("no hold dialog: {other:?}"),
        }
    }

    fn drafts(effects: &[Effect]) -> Vec<Draft> {
        let drafts = effects.iter().filter_map(|effect| match effect {
            Effect::Append { draft, .. } => Some((**draft).clone()),
            _ => None,
        });
        drafts.collect()
    }

    #[test]
    fn a_hold_is_placed_on_the_chosen_scope_until_the_typed_time() {
        let mut state = state();
        // Backwards from Cancel: reason, until, kind, scope.
        press(
            &mut state,
            "H k 'heap_grows shift-tab '2h shift-tab space k l l",
        );
        let effects = press(&mut state, "k enter");
        let drafts = drafts(&effects);
        let [draft] = drafts.as_slice() else {
            panic!("{effects:?}");
        };
        let Event::HoldPlaced { hold } = &draft.event else {
            panic!("{draft:?}");
        };
        assert_eq!(hold.cover.to_string(), "all of production");
        assert_eq!(hold.kind, HoldKind::All);
        assert_eq!(hold.reason, "heap grows");
        assert_eq!(hold.owner.as_str(), "alice");
        assert_eq!(hold.until, Some(now() + SignedDuration::from_hours(2)));
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn the_scopes_go_from_the_cell_to_everything_and_the_revision() {
        let mut state = state();
        press(&mut state, "H");
        let covers: Vec<String> = dialog(&state)
            .covers
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            covers,
            [
                "api > production",
                "api",
                "all of production",
                "everything",
                "api revision 2222222"
            ]
        );
    }

    #[test]
    fn no_reason_and_a_time_that_is_past_place_nothing() {
        let mut state = state();
        let effects = press(&mut state, "H tab enter");
        assert!(!effects.iter().any(changes));
        assert_eq!(
            dialog(&state).error.as_deref(),
            Some("a reason is required")
        );
        let effects = press(&mut state, "k k 'why shift-tab '14:00Z tab tab tab enter");
        assert!(!effects.iter().any(changes));
        let told = dialog(&state).error.clone().expect("an error");
        assert!(told.contains("past"), "{told}");
    }

    #[test]
    fn holds_that_cover_the_cell_come_first_and_one_is_lifted_with_a_reason() {
        let mut state = state();
        hold(&mut state, "h-1", "api", "production");
        press(&mut state, "H");
        let owner = dialog(&state)
            .chosen(&state.engine)
            .map(|hold| hold.owner.to_string());
        assert_eq!(owner.as_deref(), Some("carol"));
        let effects = press(&mut state, "tab tab enter");
        assert!(!effects.iter().any(changes), "no reason, no lift");
        let effects = press(&mut state, "k k k 'fixed tab tab tab enter");
        let drafts = drafts(&effects);
        assert!(
            matches!(&drafts[..], [Draft { event: Event::HoldLifted { id, .. }, reason: Some(reason), .. }]
                if id.as_str() == "h-1" && reason == "fixed"),
            "{drafts:?}"
        );
    }

    #[test]
    fn an_edit_starts_from_what_the_hold_says() {
        let mut state = state();
        hold(&mut state, "h-1", "api", "production");
        press(&mut state, "H tab enter");
        assert_eq!(dialog(&state).mode, HoldMode::Edit("h-1".into()));
        assert_eq!(dialog(&state).reason.value(), "heap grows");
        assert_eq!(dialog(&state).focus, HoldFocus::Cancel);
        let effects = press(&mut state, "up up '30m tab tab tab enter");
        let drafts = drafts(&effects);
        let [draft] = drafts.as_slice() else {
            panic!("{effects:?}");
        };
        let Event::HoldEdited { until, .. } = &draft.event else {
            panic!("{draft:?}");
        };
        assert_eq!(*until, Some(now() + SignedDuration::from_mins(30)));
    }

    #[test]
    fn a_hold_that_is_lifted_meanwhile_cannot_be_lifted_again() {
        let mut state = state();
        hold(&mut state, "h-1", "api", "production");
        press(&mut state, "H k 'fixed tab tab tab");
        assert_eq!(dialog(&state).focus, HoldFocus::Lift);
        state
            .engine
            .ledger
            .as_mut()
            .expect("a ledger")
            .holds
            .clear();
        let effects = press(&mut state, "h l l l enter");
        assert!(!effects.iter().any(changes));
        assert!(dialog(&state).chosen(&state.engine).is_none());
        assert!(dialog(&state).error.is_some());
    }

    #[test]
    fn without_a_journal_the_dialog_says_so_and_holds_nothing() {
        let mut state = state();
        state.engine.journal = crate::app::engine::JournalState::Unreachable {
            why: "disk full".to_owned(),
            hint: None,
        };
        on(&mut state, "api", "staging");
        press(&mut state, "H");
        let told = dialog(&state).error.clone().expect("an error");
        assert!(told.contains("disk full"), "{told}");
        let effects = press(&mut state, "k 'why tab tab enter");
        assert!(!effects.iter().any(changes));
        assert_eq!(top(&state), "hold");
    }

    #[test]
    fn a_hold_is_copied_as_a_command_line() {
        let mut state = state();
        let copied = press(&mut state, "H k 'heap_grows tab y");
        assert_eq!(
            copied,
            [Effect::Copy(
                "gonogo hold add --service api --in production --reason 'heap grows'".to_owned()
            )]
        );
    }
}
