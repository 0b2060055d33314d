//! What came of each row of what was sent last: a list that stays after its dialog has closed. What is
//! there of a row is looked up in the ledger, so that an outcome that was found later is told too.

use jiff::Timestamp;

use super::{Interface, Overlay};
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::ids::{EnvironmentName, IntentId, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::promotion::State as Standing;
use crate::domain::text::counted;

/// What was sent at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub at: Timestamp,
    pub environment: EnvironmentName,
    pub rows: Vec<Sent>,
    /// Whether it was said what has come of all of it.
    told: bool,
}

/// One row of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub service: ServiceName,
    /// `None` was refused before anything was ordered.
    pub id: Option<IntentId>,
    /// Why it was refused, or that nobody knows.
    pub why: Option<String>,
}

/// What came of a row so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    OnItsWay,
    /// The forge took it.
    Sent,
    Done,
    Refused,
    Failed,
    /// It is looked up on the forge.
    Unknown,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::OnItsWay => "on its way",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of(state: Standing) -> Self {
        match state {
            Standing::Intended | Standing::Sending => Self::OnItsWay,
            Standing::Accepted | Standing::Running => Self::Sent,
            Standing::Succeeded => Self::Done,
            Standing::Rejected | Standing::Abandoned => Self::Refused,
            Standing::Failed | Standing::Cancelled | Standing::Absent => Self::Failed,
            Standing::Unknown | Standing::Reconciling => Self::Unknown,
        }
    }
}

impl Sent {
    /// What came of it so far.
    pub fn outcome(&self, ledger: Option<&Ledger>) -> Outcome {
        let known = self.id.as_ref().zip(ledger);
        let known = known.and_then(|(id, ledger)| ledger.promotions.get(id));
        match known {
            Some(promotion) => Outcome::of(promotion.state),
            None if self.why.is_some() => Outcome::Refused,
            None => Outcome::OnItsWay,
        }
    }
}

impl Batch {
    pub(super) fn new(at: Timestamp, environment: EnvironmentName, rows: Vec<Sent>) -> Self {
        Self {
            at,
            environment,
            rows,
            told: false,
        }
    }

    /// `12 services > production: 10 sent, 1 refused, 1 unknown`.
    pub fn sum(&self, ledger: Option<&Ledger>) -> String {
        let outcomes: Vec<Outcome> = self.rows.iter().map(|row| row.outcome(ledger)).collect();
        let parts = [
            Outcome::OnItsWay,
            Outcome::Done,
            Outcome::Sent,
            Outcome::Refused,
            Outcome::Failed,
            Outcome::Unknown,
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter_map(|outcome| {
                let count = outcomes.iter().filter(|one| **one == outcome).count();
                (count > 0).then(|| format!("{count} {}", outcome.word()))
            })
            .collect();
        let count = counted(self.rows.len(), "service", "services");
        format!("{count} > {}: {}", self.environment, parts.join(", "))
    }
}

impl Interface {
    /// Keeps why a row was refused.
    pub(super) fn row_refused(&mut self, id: &IntentId, why: &str) {
        let rows = self.batch.iter_mut().flat_map(|batch| &mut batch.rows);
        for row in rows.filter(|row| row.id.as_ref() == Some(id)) {
            row.why = Some(why.to_owned());
        }
    }

    /// Says once what has come of all rows of a bulk, as soon as each has an answer.
    pub(super) fn tell_batch(&mut self, engine: &Engine, now: Timestamp) {
        let ledger = engine.ledger.as_ref();
        let Some(batch) = self.batch.as_mut().filter(|batch| !batch.told) else {
            return;
        };
        let outcomes = batch.rows.iter().map(|row| row.outcome(ledger));
        let outcomes: Vec<Outcome> = outcomes.collect();
        if outcomes.contains(&Outcome::OnItsWay) {
            return;
        }
        batch.told = true;
        if outcomes.len() < 2 {
            return;
        }
        let fine = |outcome: &Outcome| matches!(outcome, Outcome::Sent | Outcome::Done);
        let fine = outcomes.iter().all(fine);
        let text = format!("{}; m lists each", batch.sum(ledger));
        if fine {
            self.say(true, text, now);
        } else {
            self.insist(text, now);
        }
    }
}

/// Opens the list.
pub(super) fn open(state: &mut State) {
    if state.interface.batch.is_none() {
        let why = "nothing was sent from here yet".to_owned();
        state.interface.say(false, why, state.now);
        return;
    }
    let list = Overlay::Results { offset: 0 };
    state.interface.overlays.push(list);
}

/// The list as text.
pub(super) fn text(state: &State) -> Option<String> {
    let batch = state.interface.batch.as_ref()?;
    let ledger = state.engine.ledger.as_ref();
    let rows = batch.rows.iter().map(|row| {
        let outcome = row.outcome(ledger).word();
        let why = row
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        format!("{} {outcome}{why}", row.service)
    });
    let lines: Vec<String> = std::iter::once(batch.sum(ledger)).chain(rows).collect();
    Some(lines.join("\n"))
}
