//! Votes: a role's go or no-go on one promotion.

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use super::known::required;
use super::planning::place;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::ids::{EnvironmentName, RoleName, ServiceName};
use crate::domain::scope;
use crate::domain::signoff::{Voice, Vote};

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
            required(note, "a no-go's reason")?;
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
        let text = format!(
            "voted {} as {role} on {service} {environment} {}",
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
}
