//! Orders about overrides (O1): granting one on what the gates say now, confirming it as the second
//! person, withdrawing it. What an override does to a gate lives in `gate/overridden.rs`.

use jiff::{SignedDuration, Timestamp};

use super::flow::{Note, Pending};
use super::known::{future, required};
use super::planning::{place, stale, unknown_service};
use super::{Engine, JournalState};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::Others;
use crate::domain::cell::Cell;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::{State, Verdict};
use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, OverrideId, Person, ServiceName};
use crate::domain::override_::{Bound, Override, OverrideRule, Standing, USUAL, takes_two};
use crate::domain::revision::Revision;

/// What somebody wants to override.
pub(super) struct Wanted {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    /// None means every gate that is not open and may be overridden.
    pub gates: Vec<String>,
    pub back: Option<Revision>,
    pub reason: String,
    pub until: Option<Timestamp>,
}

impl Engine {
    /// Grants an override of what the gates of a cell say at this moment.
    pub(super) fn grant(&mut self, wanted: Wanted, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(&wanted.reason, "a reason")?;
        let back = wanted.back.clone();
        let grant = self.granted(Wanted { reason, ..wanted }, now)?;
        let (id, names) = (&grant.id, grant.names());
        let (service, environment) = (&grant.service, &grant.environment);
        let cell = self.board.cell(service, environment);
        let candidate = cell.and_then(|cell| cell.candidate.as_ref());
        let mut known = back.iter().chain(candidate);
        let named = known.find(|known| known.sha == grant.revision);
        let revision = named.map_or_else(|| grant.revision.short().to_owned(), ToString::to_string);
        let mut text =
            format!("overrode {names} on {service} {environment} for {revision}, for one use");
        if grant.second_person {
            text = format!("{text}; it waits for a second person: `gonogo override confirm {id}`");
        }
        let (cover, reason) = (cover(&grant), grant.reason.clone());
        let event = Event::OverrideGranted { grant };
        let draft = self.covered(&operator, &cover, &reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// What an override of what the gates of a cell say at this moment would be.
    fn granted(&mut self, wanted: Wanted, now: Timestamp) -> Result<Override, Refusal> {
        let operator = self.may_record()?.clone();
        future(wanted.until, now)?;
        let (service, environment) = (&wanted.service, &wanted.environment);
        let rule = self.policy.override_rule(environment);
        entitled(&rule, &operator, self)?;
        let until = match wanted.until {
            None => now + USUAL.min(rule.max),
            Some(until) if until.duration_since(now) > rule.max => {
                let most = span(rule.max);
                return Err(Refusal::new(
                    RefusalKind::Usage,
                    format!("an override of {environment} is in force for {most} at the most"),
                ));
            }
            Some(until) => until,
        };
        let cell = self.cell_towards(service, environment, wanted.back.as_ref(), now)?;
        let Some(revision) = &cell.candidate else {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("nothing to override: {service} {environment} is level"),
            ));
        };
        let gates = choose(&cell, &rule, &wanted.gates, now)?;
        self.refuse_twin(&cell, &gates, wanted.back.is_some(), now)?;
        let names: Vec<&str> = gates.iter().map(|gate| gate.gate.as_str()).collect();
        let second_person = rule.second_person
            || (wanted.back.is_some() && names.iter().any(|name| takes_two(name)));
        let id = OverrideId::from(format!("o-{}", self.random_name(5)));
        Ok(Override {
            id,
            service: service.clone(),
            environment: environment.clone(),
            revision: revision.sha.clone(),
            gates,
            reason: wanted.reason.clone(),
            owner: operator,
            since: now,
            until,
            second_person,
            confirmed: None,
            used: None,
        })
    }

    /// Confirms an override as the second person.
    pub(super) fn confirm_override(
        &mut self,
        id: &OverrideId,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let one = self.known_override(id, now)?;
        let rule = self.policy.override_rule(&one.environment);
        entitled(&rule, &operator, self)?;
        if one.owner == operator {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{operator} granted override {id}: the second person is somebody else"),
            ));
        }
        if let Some(confirmed) = &one.confirmed {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} has confirmed override {id} already", confirmed.by),
            ));
        }
        let (service, environment) = (&one.service, &one.environment);
        let text = format!(
            "confirmed {}'s override of {} on {service} {environment}",
            one.owner,
            one.names()
        );
        let cover = cover(&one);
        let event = Event::OverrideConfirmed {
            id: id.clone(),
            cover: cover.clone(),
        };
        let draft = self.covered(&operator, &cover, &one.reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// Takes an override back that was not used.
    pub(super) fn withdraw_override(
        &mut self,
        id: &OverrideId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(reason, "a reason")?;
        let one = self.known_override(id, now)?;
        let text = format!(
            "withdrew {}'s override of {} on {} {}",
            one.owner,
            one.names(),
            one.service,
            one.environment
        );
        let cover = cover(&one);
        let event = Event::OverrideWithdrawn {
            id: id.clone(),
            cover: cover.clone(),
        };
        let draft = self.covered(&operator, &cover, &reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// The cell as a promotion of its candidate sees it, or as going back to a revision does.
    pub(crate) fn cell_towards(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        back: Option<&Revision>,
        now: Timestamp,
    ) -> Result<Cell, Refusal> {
        let row = self
            .board
            .row(service)
            .ok_or_else(|| unknown_service(self, service))?;
        let (stage, known) = place(row, environment)?;
        if row.facts.is_stale(now, self.policy.max_age) {
            return Err(stale(row, service, now));
        }
        let Some(back) = back else {
            return Ok(known.clone());
        };
        let others = Others(&self.board);
        let sources = row.sources(None, &others, self.basis(now));
        Ok(Cell::judge_back(sources, stage, back, now))
    }

    /// H6 in spirit: whoever overrides the same again sees whose word it was, and why.
    fn refuse_twin(
        &self,
        cell: &Cell,
        gates: &[Bound],
        back: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let revision = cell.candidate.as_ref().map(|candidate| &candidate.sha);
        let twin = self
            .ledger
            .iter()
            .flat_map(|ledger| ledger.overrides.values())
            .filter(|one| one.environment == cell.environment && Some(&one.revision) == revision)
            .find(|one| {
                let standing = one.standing(&self.policy, back, now);
                let alive = matches!(standing, Standing::InForce | Standing::Unconfirmed);
                let covers = gates.iter().all(|gate| one.gate(&gate.gate) == Some(gate));
                alive && covers
            });
        match twin {
            None => Ok(()),
            Some(one) => Err(Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "{} has overridden {} already: {} (override {}, {})",
                    one.owner,
                    one.names(),
                    one.reason,
                    one.id,
                    one.standing(&self.policy, back, now).word()
                ),
            )
            .hint(format!("confirm it, use it, or withdraw {}", one.id))),
        }
    }

    /// An override that can still be confirmed or withdrawn.
    fn known_override(&self, id: &OverrideId, now: Timestamp) -> Result<Override, Refusal> {
        let ledger = self.ledger.as_ref();
        let found = ledger.and_then(|ledger| ledger.overrides.get(id));
        let Some(one) = found else {
            return Err(
                Refusal::new(RefusalKind::Usage, format!("there is no override {id}"))
                    .hint("`gonogo override list` lists them"),
            );
        };
        if let Some(intent) = &one.used {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("override {id} was for one use: {intent} used it"),
            ));
        }
        if now >= one.until {
            return Err(
                Refusal::new(RefusalKind::NoGo, format!("override {id} has expired"))
                    .hint("grant another, on what the gates say now"),
            );
        }
        Ok(one.clone())
    }

    /// Notes each override's use in the journal once, for who reads it.
    pub(super) fn note_uses(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.read_only || self.journal != JournalState::Ready {
            return Vec::new();
        }
        let (Some(ledger), Some(operator)) = (&self.ledger, self.operator.clone()) else {
            return Vec::new();
        };
        let used: Vec<_> = ledger
            .overrides
            .values()
            .filter(|one| !ledger.uses_noted.contains(&one.id))
            .filter_map(|one| Some((one.clone(), one.used.clone()?)))
            .filter(|(one, _)| !self.is_noting(&Note::Use(one.id.clone())))
            .collect();
        used.into_iter()
            .map(|(one, intent)| {
                let event = Event::OverrideUsed {
                    id: one.id.clone(),
                    intent,
                };
                let draft = Draft {
                    service: Some(one.service),
                    environment: Some(one.environment),
                    revision: Some(one.revision),
                    reason: Some(one.reason),
                    ..self.draft(&operator, event, now)
                };
                self.append(Pending::Note(Note::Use(one.id)), draft, Precondition::None)
            })
            .collect()
    }
}

fn cover(one: &Override) -> Cover {
    Cover {
        service: Some(one.service.clone()),
        environment: Some(one.environment.clone()),
        revision: Some(one.revision.clone()),
    }
}

fn entitled(rule: &OverrideRule, operator: &Person, engine: &Engine) -> Result<(), Refusal> {
    if rule.forbidden {
        return Err(Refusal::new(
            RefusalKind::NoGo,
            "the policy lets nobody override a gate",
        ));
    }
    if rule.entitles(operator, &engine.policy) {
        return Ok(());
    }
    let roles: Vec<String> = rule.roles.iter().map(ToString::to_string).collect();
    Err(Refusal::new(
        RefusalKind::NoGo,
        format!(
            "{operator} may not override: only {} may",
            roles.join(" or ")
        ),
    ))
}

/// Returns the gates to be overridden, bound to what they say now.
fn choose(
    cell: &Cell,
    rule: &OverrideRule,
    names: &[String],
    now: Timestamp,
) -> Result<Vec<Bound>, Refusal> {
    let bound = |verdict: &Verdict| Bound {
        gate: verdict.gate.clone(),
        values: verdict.values(),
        said: format!("{}: {}", verdict.state, verdict.why),
    };
    let closed = |verdict: &Verdict| !verdict.state_at(now).passes();
    if names.is_empty() {
        let mut gates = Vec::new();
        for verdict in cell
            .judgement
            .verdicts
            .iter()
            .filter(|verdict| closed(verdict))
        {
            if let Some(why) = rule.refuses(&verdict.gate) {
                let why = format!("{} is not open ({}), and {why}", verdict.gate, verdict.why);
                return Err(Refusal::new(RefusalKind::NoGo, why));
            }
            gates.push(bound(verdict));
        }
        if gates.is_empty() {
            return Err(Refusal::new(RefusalKind::NoGo, "every gate is open"));
        }
        return Ok(gates);
    }
    let mut gates = Vec::new();
    for name in names {
        let verdict = cell
            .judgement
            .verdicts
            .iter()
            .find(|verdict| verdict.gate == *name);
        let Some(verdict) = verdict else {
            let known: Vec<&str> = cell
                .judgement
                .verdicts
                .iter()
                .map(|verdict| verdict.gate.as_str())
                .collect();
            return Err(
                Refusal::new(RefusalKind::Usage, format!("there is no gate {name} here"))
                    .hint(format!("the gates are {}", known.join(", "))),
            );
        };
        if let Some(why) = rule.refuses(name) {
            return Err(Refusal::new(RefusalKind::NoGo, why));
        }
        // Past its validity nobody knows what it says, so there is nothing to be bound to.
        if !closed(verdict) || verdict.state_at(now) != verdict.state {
            let why = match verdict.state {
                State::Overridden => format!("{name} is overridden already"),
                _ => format!("{name} is open: {}", verdict.why),
            };
            return Err(Refusal::new(RefusalKind::NoGo, why));
        }
        gates.push(bound(verdict));
    }
    Ok(gates)
}

fn span(span: SignedDuration) -> String {
    format!("{span:#}")
}

mod supposed;
#[cfg(test)]
mod tests;
