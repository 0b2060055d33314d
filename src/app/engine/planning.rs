//! Planning: from what an operator wants to a complete plan, or a refusal that says why not.
//! Nothing is sent or recorded here.

use jiff::Timestamp;

use super::cancelling::cancellation;
use super::known::no_environment;
use super::wish::{self, promotion, rejection, rerun};
use super::{Engine, JournalState};
use crate::app::msg::JournalFault;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::Row;
use crate::domain::capability::Capability;
use crate::domain::cell::Cell;
use crate::domain::gate::{self, words};
use crate::domain::history::History;
use crate::domain::ids::{EnvironmentName, IntentId, Person, ServiceName};
use crate::domain::policy::{GateSpec, Stage};
use crate::domain::promotion::Intent;
use crate::domain::revision::Revision;
use crate::domain::rollback;

/// What an operator wants of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Promote the candidate by the stage's own way; `revision` insists on one.
    Promote { revision: Option<String> },
    /// Go back to the last verified revision, or to the one that is named (P7).
    Rollback { revision: Option<String> },
    /// Promote by letting in what waits for a person on the forge, whatever the stage's own way is.
    Approve,
    /// Say no to what waits on the forge.
    Reject,
    /// Stop the run that is under way into the cell.
    Cancel,
    /// Run the failed jobs of the cell's last run again.
    Rerun,
}

impl Engine {
    /// Plans what `wish` needs, from what is known at `now`.
    ///
    /// # Errors
    ///
    /// Refuses with the reason and its kind when anything is missing, stale, closed or taken.
    pub fn plan(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<Plan, Refusal> {
        self.may_act()?;
        let id = self.new_intent_id();
        let row = self
            .board
            .row(service)
            .ok_or_else(|| unknown_service(self, service))?;
        let (stage, cell) = place(row, environment)?;
        let facts = row.facts.value().ok_or_else(|| no_facts(row, service))?;
        if row.facts.is_stale(now, self.policy.max_age) {
            return Err(stale(row, service, now));
        }
        if let (Wish::Rerun, Some(refusal)) = (
            wish,
            self.lacks(&row.service, Some(environment), Capability::Rerun),
        ) {
            return Err(refusal);
        }
        let towards;
        let cell = match wish {
            Wish::Rollback { revision } => {
                towards = self.back(row, stage, revision.as_deref(), now)?;
                &towards
            }
            Wish::Promote { .. } | Wish::Approve | Wish::Reject | Wish::Cancel | Wish::Rerun => {
                cell
            }
        };
        let planned = match wish {
            Wish::Rollback { .. } => wish::rollback(row, stage, cell, facts, &id, now)?,
            Wish::Promote { revision } => promotion(
                row,
                stage,
                cell,
                facts,
                &stage.via,
                revision.as_deref(),
                &id,
                now,
            )?,
            Wish::Approve => {
                let via = wish::approval(stage, facts);
                promotion(row, stage, cell, facts, &via, None, &id, now)?
            }
            Wish::Reject => rejection(stage, cell, facts)?,
            Wish::Cancel => cancellation(self, row, cell, facts)?,
            Wish::Rerun => rerun(row, cell, facts)?,
        };
        self.may_be_asked(&row.service, environment, &planned.act)?;
        let verb = match wish {
            Wish::Promote { .. } => "promote",
            Wish::Rollback { .. } => "rollback",
            Wish::Approve => "approve",
            Wish::Reject => "reject",
            Wish::Cancel => "cancel",
            Wish::Rerun => "rerun",
        };
        let preposition = if matches!(wish, Wish::Promote { .. }) {
            "--to"
        } else {
            "--in"
        };
        let protected = self
            .policy
            .environments
            .get(environment)
            .is_some_and(|known| known.protected);
        let (goes_back, if_bad) = self.if_bad(row, stage, cell, wish, now);
        Ok(Plan {
            call: planned.act.call(row.service.kind, facts.repo.as_str()),
            goes_back,
            if_bad,
            warnings: self.warnings(row, stage, cell, &planned, wish, now),
            command: format!("gonogo {verb} {service} {preposition} {environment}"),
            protected,
            by_itself: false,
            forge: row.service.forge.clone(),
            repo: facts.repo.clone(),
            intent: Intent {
                id,
                purpose: planned.purpose,
                service: service.clone(),
                environment: environment.clone(),
                from: cell.live.clone(),
                to: planned.to,
                act: planned.act,
                reason: String::new(),
                digest: cell.digest.clone(),
                replaces: None,
                release: None,
                overrides: cell.judgement.overrides(),
                rollback: matches!(wish, Wish::Rollback { .. }),
                verify: stage.verification.is_some(),
            },
        })
    }

    /// The cell of a rollback as it would be planned now, for who wants to override its gates.
    pub fn way_back(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        insisted: Option<&str>,
        now: Timestamp,
    ) -> Result<Cell, Refusal> {
        let row = self
            .board
            .row(service)
            .ok_or_else(|| unknown_service(self, service))?;
        let (stage, _) = place(row, environment)?;
        self.back(row, stage, insisted, now)
    }

    /// The cell as going back sees it: to the last verified revision, or to the one that is named.
    pub(crate) fn back(
        &self,
        row: &Row,
        stage: &Stage,
        insisted: Option<&str>,
        now: Timestamp,
    ) -> Result<Cell, Refusal> {
        let service = &row.service.name;
        let facts = row.facts.value().ok_or_else(|| no_facts(row, service))?;
        let ledger = self.ledger.as_ref().ok_or_else(|| {
            Refusal::new(RefusalKind::Journal, "the journal has not been read yet")
        })?;
        let target = rollback::target(facts, ledger, &row.service, stage, insisted, now);
        let to = target.map_err(|why| {
            Refusal::new(
                RefusalKind::NoGo,
                format!("{service} {} cannot go back: {why}", stage.environment),
            )
        })?;
        self.cell_towards(service, &stage.environment, Some(&to), now)
    }

    /// Why `B` is refused however long one waits: there is nothing to go back to, or what it takes is
    /// not to be had from the forge.
    pub(crate) fn no_way_back(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<String> {
        match self.way_back(service, environment, None, now) {
            Ok(cell) => refused_by_forge(&cell),
            Err(refusal) => Some(refusal.why),
        }
    }

    /// Whether `B` goes back from what this would bring, and how, with how long that took before: by the
    /// judgement that it will be asked then, as far as it is known.
    fn if_bad(
        &self,
        row: &Row,
        stage: &Stage,
        cell: &Cell,
        wish: &Wish,
        now: Timestamp,
    ) -> (bool, String) {
        let Some(live) = &cell.live else {
            let text = "nothing was live before: there is nothing to go back to";
            return (false, text.to_owned());
        };
        match wish {
            Wish::Rollback { .. } => {
                let text =
                    format!("lift the hold on {live} that this leaves, and promote it again");
                return (false, text);
            }
            Wish::Reject | Wish::Cancel | Wish::Rerun => {
                let text =
                    format!("nothing to go back from: {live} stays until something else arrives");
                return (false, text);
            }
            Wish::Promote { .. } | Wish::Approve => {}
        }
        let to = match self.back_from_next(row, stage, live, now) {
            Ok(to) => to,
            Err(why) => return (false, format!("no way back by B: {why}")),
        };
        let (service, environment) = (&row.service, &cell.environment);
        let facts = row.facts.value();
        let ledger = self.ledger.as_ref();
        let took =
            facts.and_then(|facts| History::of(facts, ledger, service, environment).rollback);
        let took = match took {
            Some(spread) if spread.count == 1 => format!("; that took {}", words::span(spread.p50)),
            Some(spread) => format!(
                "; that took {} as a rule, at most {} nine times out of ten",
                words::span(spread.p50),
                words::span(spread.p90)
            ),
            None => "; how long that takes is not known yet".into(),
        };
        (true, format!("B rolls back to {to}{took}"))
    }

    /// What `B` goes back to from what would come next, or why it will not.
    fn back_from_next(
        &self,
        row: &Row,
        stage: &Stage,
        live: &Revision,
        now: Timestamp,
    ) -> Result<Revision, String> {
        let (service, environment) = (&row.service, &stage.environment);
        let to = match row.facts.value().zip(self.ledger.as_ref()) {
            Some((facts, ledger)) => rollback::after_next(facts, ledger, service, stage, now)?,
            None => live.clone(),
        };
        let judged = self.cell_towards(&service.name, environment, Some(&to), now);
        match judged.ok().as_ref().and_then(refused_by_forge) {
            Some(why) => Err(why),
            None => Ok(to),
        }
    }

    /// Whether `B` goes back from what would come next into a cell, as far as it is known.
    pub(crate) fn can_go_back(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> bool {
        let row = self.board.row(service);
        let found = row.and_then(|row| {
            let stage = row.service.stage(environment)?;
            let live = row.cell(environment)?.live.as_ref()?;
            self.back_from_next(row, stage, live, now).ok()
        });
        found.is_some()
    }

    /// Says whether this operator can change anything at all now, and why not.
    pub fn may_act(&self) -> Result<&Person, Refusal> {
        if self.offline {
            return Err(Refusal::new(
                RefusalKind::Usage,
                "offline: nothing can be promoted, approved or stopped",
            )
            .hint("start without --offline"));
        }
        self.may_record()
    }

    /// Says whether this operator can record anything in the journal. Holds need no more than this.
    pub fn may_record(&self) -> Result<&Person, Refusal> {
        if self.read_only {
            return Err(
                Refusal::new(RefusalKind::Usage, "read-only: nothing is changed")
                    .hint("start without --read-only"),
            );
        }
        match &self.journal {
            JournalState::Ready => {}
            JournalState::Unread => {
                return Err(Refusal::new(
                    RefusalKind::Journal,
                    "the journal has not been read yet",
                )
                .hint("try again in a moment"));
            }
            JournalState::Unreachable { why, hint, .. } => {
                let refusal = Refusal::new(RefusalKind::Journal, JournalFault::unreachable(why));
                return Err(match hint {
                    Some(hint) => refusal.hint(hint.clone()),
                    None => refusal,
                });
            }
        }
        self.operator.as_ref().ok_or_else(|| {
            let nobody = "nobody knows who you are";
            let mut faults = self
                .forges
                .values()
                .filter_map(|forge| forge.fault.as_ref());
            // Whoever had answered would have said it.
            if let Some(fault) = faults.next() {
                let why = format!("{nobody}: {}", fault.sentence());
                let refusal = Refusal::new(RefusalKind::Forge, why);
                return match &fault.hint {
                    Some(hint) => refusal.hint(hint.clone()),
                    None => refusal.hint("set `name` in [operator]"),
                };
            }
            let why = format!("{nobody}: the forge has not said, and the config has no name");
            Refusal::new(RefusalKind::Usage, why).hint("set `name` in [operator]")
        })
    }

    /// Makes an intent's id: short, unlikely to collide, and easy to find in a forge's lists.
    pub(crate) fn new_intent_id(&mut self) -> IntentId {
        IntentId::from(format!("gng-{}", self.random_name(10)))
    }

    pub(crate) fn random_name(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";
        (0..length)
            .filter_map(|_| LETTERS.get(self.random.usize(..LETTERS.len())))
            .map(|letter| char::from(*letter))
            .collect()
    }
}

/// Finds the stage and cell of an environment on a row's path.
pub(crate) fn place<'a>(
    row: &'a Row,
    environment: &EnvironmentName,
) -> Result<(&'a Stage, &'a Cell), Refusal> {
    let stage = row.service.stage(environment);
    stage
        .zip(row.cell(environment))
        .ok_or_else(|| no_environment(&row.service, environment))
}

/// Says that there is no such service, and what comes close.
pub(crate) fn unknown_service(engine: &Engine, service: &ServiceName) -> Refusal {
    let near = engine
        .policy
        .services
        .iter()
        .map(|known| known.name.as_str())
        .find(|known| known.starts_with(service.as_str()) || service.as_str().starts_with(known));
    let refusal = Refusal::new(RefusalKind::Usage, format!("there is no service {service}"));
    match near {
        Some(near) => refusal.hint(format!("did you mean {near}?")),
        None => refusal.hint("`gonogo status` lists the services"),
    }
}

fn no_facts(row: &Row, service: &ServiceName) -> Refusal {
    match &row.facts.fault {
        Some(fault) => {
            let refusal = Refusal::new(
                RefusalKind::Forge,
                format!("nothing is known of {service}: {}", fault.sentence()),
            );
            match &fault.hint {
                Some(hint) => refusal.hint(hint.clone()),
                None => refusal,
            }
        }
        None => Refusal::new(
            RefusalKind::Facts,
            format!("nothing is known of {service} yet"),
        ),
    }
}

pub(crate) fn stale(row: &Row, service: &ServiceName, now: Timestamp) -> Refusal {
    let age = words::span(row.facts.age(now).unwrap_or_default());
    let why = match &row.facts.fault {
        Some(fault) => format!("what is known of {service} is {age} old: {}", fault.why),
        None => format!("what is known of {service} is {age} old"),
    };
    Refusal::new(RefusalKind::Facts, why).hint("read it again: r on the board, or the same command")
}

/// Why the forge has no way to what a cell would go back to, and what there is instead.
fn refused_by_forge(cell: &Cell) -> Option<String> {
    let mut verdicts = cell.judgement.verdicts.iter();
    let verdict = verdicts.find(|verdict| verdict.gate == GateSpec::Forge.name())?;
    if verdict.state != gate::State::Closed {
        return None;
    }
    Some(match wish::opens(verdict) {
        Some(opens) => format!("{}; {opens}", verdict.why),
        None => verdict.why.clone(),
    })
}
