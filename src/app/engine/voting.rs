//! Votes: a role's go or no-go on one promotion, and taking a vote back, also one on a release.

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use super::known::required;
use super::planning::place;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::words;
use crate::domain::ids::{EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use crate::domain::scope;
use crate::domain::signoff::{Closings, Voice, Vote};

impl Engine {
    pub(super) fn vote(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        role: &RoleName,
        voice: Voice,
        note: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        self.known_role(role)?;
        if !self.policy.has_role(&operator, role) {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{operator} does not have the role {role}"),
            ));
        }
        if voice == Voice::NoGo {
            required(note, "a no-go's reason").map_err(|it| it.hint("say it with --note TEXT"))?;
        }
        let row = self
            .board
            .row(service)
            .ok_or_else(|| super::planning::unknown_service(self, service))?;
        let (stage, cell) = place(row, environment)?;
        let asked: Vec<&str> = stage.roles_asked().map(RoleName::as_str).collect();
        if !asked.contains(&role.as_str()) {
            let why = format!("no vote of {role} is asked for {service} > {environment}");
            return Err(
                Refusal::new(RefusalKind::Usage, why).hint(match asked.as_slice() {
                    [] => "`gonogo gate add` puts up a gate that a role opens".to_owned(),
                    asked => format!("asked for: {}", asked.join(", ")),
                }),
            );
        }
        let Some(candidate) = &cell.candidate else {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("nothing to vote on: {service} {environment} is level"),
            ));
        };
        let from = cell.live.as_ref();
        let vote = Vote {
            service: service.clone(),
            environment: environment.clone(),
            role: role.clone(),
            person: operator.clone(),
            voice,
            scope: scope::hash(service, environment, from, candidate),
            saw: format!(
                "{} > {candidate}",
                from.map_or("nothing", |revision| revision.label())
            ),
            note: note.trim().to_owned(),
            at: now,
        };
        let windows = &self.policy.windows;
        let closings = Closings::new(windows, service, environment, stage.at_close(), now);
        let until = closings.end_of_a_go().filter(|_| voice == Voice::Go);
        let until = until.map_or_else(String::new, |at| {
            format!(", until the window closes at {}", words::moment(at))
        });
        let text = format!(
            "voted {} as {role} on {service} {environment} {}{until}",
            voice.word(),
            vote.saw
        );
        let draft = Draft {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            revision: Some(candidate.sha.clone()),
            reason: (!vote.note.is_empty()).then(|| vote.note.clone()),
            ..self.draft(&operator, Event::VoteCast { vote }, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// The operator's own vote on a promotion into a cell.
    pub(crate) fn own_vote(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Option<&Vote> {
        let person = self.operator.clone()?;
        let key = (service.clone(), environment.clone(), person);
        self.ledger.as_ref()?.votes.get(&key)
    }

    /// Takes the operator's vote on a promotion back. It was cast, and that stays in the journal.
    pub(super) fn withdraw_vote(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(reason, "a reason")?;
        let vote = self.own_vote(service, environment).cloned();
        let vote = vote.ok_or_else(|| no_vote(&operator, &format!("{service} > {environment}")))?;
        let text = format!(
            "withdrew the {} as {} on {service} {environment}",
            vote.voice.word(),
            vote.role
        );
        let draft = Draft {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            reason: Some(reason),
            ..self.draft(&operator, voided(&operator, vote.role, vote.saw, None), now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// The same of a vote on a whole release.
    pub(super) fn withdraw_release_vote(
        &mut self,
        name: &ReleaseName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let environment = self.known_release(name)?.environment.clone();
        let reason = required(reason, "a reason")?;
        let key = (name.clone(), operator.clone());
        let ledger = self.ledger.as_ref();
        let vote = ledger.and_then(|ledger| ledger.release_votes.get(&key));
        let vote = vote
            .cloned()
            .ok_or_else(|| no_vote(&operator, name.as_str()))?;
        let text = format!(
            "withdrew the {} as {} on {name}",
            vote.voice.word(),
            vote.role
        );
        let event = voided(&operator, vote.role, vote.saw, Some(name.clone()));
        let draft = Draft {
            environment: Some(environment),
            reason: Some(reason),
            ..self.draft(&operator, event, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }
}

fn voided(person: &Person, role: RoleName, saw: String, release: Option<ReleaseName>) -> Event {
    Event::VoteVoided {
        role,
        person: person.clone(),
        now: saw.clone(),
        saw,
        release,
    }
}

fn no_vote(operator: &Person, on: &str) -> Refusal {
    let why = format!("there is no vote of {operator} on {on}");
    Refusal::new(RefusalKind::Usage, why)
}

#[cfg(test)]
mod tests;
