//! What the hold dialog holds: its fields, where its focus goes, why it cannot be confirmed, and its
//! command line. What its keys do is in `hold.rs`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::Input;

use super::super::choice::{step, turn};
use super::super::{cover, field, link, until};
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{EnvironmentName, HoldId, ServiceName};
use crate::domain::notice::{Rule, Tell};

/// The hold dialog: place, edit or lift.
#[derive(Clone, Debug)]
pub struct HoldDialog {
    pub service: ServiceName,
    /// The other marked services: each gets a hold of its own.
    pub others: Vec<ServiceName>,
    pub environment: EnvironmentName,
    pub mode: HoldMode,
    /// The scopes on offer, and which is chosen.
    pub covers: Vec<Cover>,
    pub cover: usize,
    pub kind: HoldKind,
    pub reason: Input,
    /// Empty means until lifted; else `15:00Z`, `30m`, `2h`.
    pub until: Input,
    /// What becomes of it at that time: somebody is asked, unless it is said to end.
    pub then: Then,
    /// Who may be told by the config, and who is.
    pub receivers: Vec<Rule>,
    pub tell: Tell,
    pub focus: HoldFocus,
    /// The cell has brakes on its forge, which can be bound again.
    pub bindable: bool,
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
    Then,
    Reason,
    Tell,
    #[default]
    Cancel,
    /// Place a hold, or save the edit.
    Hold,
    Lift,
    Edit,
    /// Place what the forge lacks.
    Bind,
}

const LIFTED: &str = "the hold was lifted meanwhile";

impl HoldDialog {
    /// The focus goes round these, in the order in which they are drawn.
    pub fn stops(&self) -> Vec<HoldFocus> {
        let mut stops = match self.mode {
            HoldMode::Place => vec![
                HoldFocus::Cover,
                HoldFocus::Kind,
                HoldFocus::Until,
                HoldFocus::Then,
                HoldFocus::Reason,
                HoldFocus::Tell,
                HoldFocus::Cancel,
                HoldFocus::Hold,
            ],
            HoldMode::Existing { .. } => vec![
                HoldFocus::List,
                HoldFocus::Reason,
                HoldFocus::Cancel,
                HoldFocus::Lift,
                HoldFocus::Edit,
                HoldFocus::Bind,
                HoldFocus::Hold,
            ],
            HoldMode::Edit(_) => vec![
                HoldFocus::Until,
                HoldFocus::Then,
                HoldFocus::Reason,
                HoldFocus::Cancel,
                HoldFocus::Hold,
            ],
        };
        stops.retain(|stop| match stop {
            HoldFocus::Then => self.is_timed(),
            HoldFocus::Tell => !self.tells().is_empty(),
            HoldFocus::Bind => self.bindable,
            HoldFocus::List
            | HoldFocus::Cover
            | HoldFocus::Kind
            | HoldFocus::Until
            | HoldFocus::Reason
            | HoldFocus::Cancel
            | HoldFocus::Hold
            | HoldFocus::Edit
            | HoldFocus::Lift => true,
        });
        stops
    }

    /// Says whether a time is given, whatever it says.
    pub fn is_timed(&self) -> bool {
        !self.until.value().trim().is_empty()
    }

    /// Who can be told of the hold, with their names: each choice that differs from the others.
    /// Nothing where nobody's rule is about its place.
    pub fn tells(&self) -> Vec<(Tell, String)> {
        let cover = self.covers.get(self.cover).cloned().unwrap_or_default();
        let (service, environment) = (cover.service.as_ref(), cover.environment.as_ref());
        let of = |tell: Tell| {
            let told = self
                .receivers
                .iter()
                .filter(|rule| rule.tells("hold.placed", tell, service, environment));
            let names: Vec<&str> = told.map(|rule| rule.name.as_str()).collect();
            names.join(", ")
        };
        let (usual, all) = (of(Tell::Rules), of(Tell::All));
        let nobody = || "nobody".to_owned();
        match (usual.is_empty(), usual == all) {
            (true, true) => Vec::new(),
            (true, false) => vec![(Tell::Rules, nobody()), (Tell::All, all)],
            (false, true) => vec![(Tell::Rules, usual), (Tell::Nobody, nobody())],
            (false, false) => vec![
                (Tell::Rules, usual),
                (Tell::All, format!("all: {all}")),
                (Tell::Nobody, nobody()),
            ],
        }
    }

    /// The place of the choice among `tells`; one that is not offered says the same as the first.
    pub fn told(&self) -> usize {
        let tells = self.tells();
        let place = tells.iter().position(|(tell, _)| *tell == self.tell);
        place.unwrap_or(0)
    }

    pub(super) fn step(&mut self, forward: bool) {
        self.focus = step(&self.stops(), self.focus, forward);
    }

    /// Moves in the list of holds, and out of it at its ends.
    pub(super) fn select(&mut self, forward: bool) {
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

    pub(super) fn turn(&mut self, forward: bool) {
        match self.focus {
            HoldFocus::Cover => self.cover = turn(self.cover, self.covers.len(), forward),
            HoldFocus::Kind => {
                self.kind = match self.kind {
                    HoldKind::Forward => HoldKind::All,
                    HoldKind::All => HoldKind::Forward,
                };
            }
            HoldFocus::Then => {
                self.then = match self.then {
                    Then::End => Then::Ask,
                    Then::Ask => Then::End,
                };
            }
            HoldFocus::Tell => {
                let tells = self.tells();
                let next = tells.get(turn(self.told(), tells.len(), forward));
                self.tell = next.map_or(Tell::Rules, |(tell, _)| *tell);
            }
            _ => {}
        }
    }

    pub(in super::super) fn field(&mut self) -> Option<&mut Input> {
        match self.focus {
            HoldFocus::Until => Some(&mut self.until),
            HoldFocus::Reason => Some(&mut self.reason),
            HoldFocus::List
            | HoldFocus::Cover
            | HoldFocus::Kind
            | HoldFocus::Then
            | HoldFocus::Tell
            | HoldFocus::Cancel
            | HoldFocus::Hold
            | HoldFocus::Edit
            | HoldFocus::Lift
            | HoldFocus::Bind => None,
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

    /// Why it cannot be placed or saved now.
    pub fn blocked(&self, now: Timestamp, zone: &TimeZone) -> Option<String> {
        if let Err(why) = until::parse(self.until.value(), now, zone) {
            return Some(why);
        }
        field::text(&self.reason)
            .is_empty()
            .then(|| "a reason is required".to_owned())
    }

    pub(in super::super) fn command_line(&self, state: &State) -> String {
        let reason = field::text(&self.reason);
        if !self.others.is_empty() {
            let lines = self
                .each()
                .map(|cover| link::with_reason(&self.add(&cover), &reason));
            return lines.collect::<Vec<_>>().join("\n");
        }
        let line = match (&self.mode, self.chosen(&state.engine)) {
            (HoldMode::Edit(id), known) => {
                let is_kept = known.is_some_and(|hold| hold.then == self.then);
                let then = match self.then {
                    _ if is_kept || !self.is_timed() => "",
                    Then::End => " --then end",
                    Then::Ask => " --then ask",
                };
                format!("gonogo hold edit {id}{}{then}", self.until_flag())
            }
            (HoldMode::Existing { .. }, Some(hold)) if self.focus == HoldFocus::Bind => {
                return format!("gonogo hold bind {}", hold.id);
            }
            (HoldMode::Existing { .. }, Some(hold)) => format!("gonogo hold lift {}", hold.id),
            (HoldMode::Existing { .. } | HoldMode::Place, _) => {
                let cover = self.covers.get(self.cover).cloned().unwrap_or_default();
                self.add(&cover)
            }
        };
        link::with_reason(&line, &reason)
    }

    fn add(&self, cover: &Cover) -> String {
        let kind = match self.kind {
            HoldKind::Forward => "",
            HoldKind::All => " --kind all",
        };
        let then = match self.then {
            Then::Ask if self.is_timed() => " --then ask",
            Then::Ask | Then::End => "",
        };
        let tell = match self.tells().get(self.told()).map(|(tell, _)| *tell) {
            Some(Tell::All) => " --tell all",
            Some(Tell::Nobody) => " --tell nobody",
            Some(Tell::Rules) | None => "",
        };
        let flags = cover::flags(cover);
        let until = self.until_flag();
        format!("gonogo hold add{flags}{kind}{until}{then}{tell}")
    }

    /// The chosen cover for each of the services.
    pub(super) fn each(&self) -> impl Iterator<Item = Cover> {
        let chosen = self.covers.get(self.cover).cloned().unwrap_or_default();
        let services = std::iter::once(&self.service).chain(&self.others);
        services.map(move |service| Cover {
            service: Some(service.clone()),
            ..chosen.clone()
        })
    }

    fn until_flag(&self) -> String {
        let until = self.until.value().trim();
        if until.is_empty() {
            // What is edited has a time already, which goes.
            let edited = matches!(self.mode, HoldMode::Edit(_));
            return if edited { " --until never" } else { "" }.to_owned();
        }
        format!(" --until {}", link::quoted(until))
    }

    /// Drops holds that others lifted meanwhile.
    pub(in super::super) fn check(&mut self, engine: &Engine, now: Timestamp) {
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
