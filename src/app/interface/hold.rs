//! The hold dialog: place a hold, or see, edit and lift those that cover the cell.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::Input;

use super::choice::{step, turn};
use super::{Interface, Overlay, field, link, until};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::{Engine, Report};
use crate::app::request::Request;
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
        (Command::NextPane, _) => dialog.step(true),
        (Command::PreviousPane, _) => dialog.step(false),
        (Command::Copy, _) => return link::copy(state),
        (Command::Down | Command::Up, HoldFocus::List) => dialog.select(command == Command::Down),
        (Command::Left, HoldFocus::Cover | HoldFocus::Kind) => dialog.turn(false),
        (Command::Right | Command::Mark, HoldFocus::Cover | HoldFocus::Kind) => dialog.turn(true),
        (Command::Down | Command::Right, _) => dialog.step(true),
        (Command::Up | Command::Left, _) => dialog.step(false),
        (
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
            until: Some(until),
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
        let next = if forward {
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
                // The choice stays on its hold; if that one is gone, nothing is chosen in its
                // place without the operator seeing it.
                let chosen = holds.get(*selected).cloned();
                holds.retain(&is_on);
                let place = holds.iter().position(|id| Some(id) == chosen.as_ref());
                if place.is_none() {
                    self.error = Some("the hold was lifted meanwhile".to_owned());
                    self.focus = HoldFocus::Cancel;
                }
                *selected = place.unwrap_or(0);
                if holds.is_empty() {
                    self.mode = HoldMode::Place;
                }
            }
            HoldMode::Edit(id) if !is_on(id) => {
                self.error = Some("the hold was lifted meanwhile".to_owned());
                self.focus = HoldFocus::Cancel;
            }
            HoldMode::Edit(_) | HoldMode::Place => {}
        }
    }
}

/// A cover as the command line takes it.
pub(super) fn cover_flags(cover: &Cover) -> String {
    let mut flags = String::new();
    if let Some(service) = &cover.service {
        flags.push_str(&format!(" --service {service}"));
    }
    if let Some(environment) = &cover.environment {
        flags.push_str(&format!(" --in {environment}"));
    }
    if let Some(revision) = &cover.revision {
        flags.push_str(&format!(" --revision {revision}"));
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
