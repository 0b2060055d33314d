//! `checklist`: each manual task is attested, by somebody who may, for exactly this scope.

use super::{Case, State, Verdict, no_journal, since, words};
use crate::domain::attestation::Attestation;
use crate::domain::ids::{EnvironmentName, Person, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::{Policy, Task};
use crate::domain::revision::Revision;
use crate::domain::scope;

const GATE: &str = "checklist";

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    Open,
    Done(&'a Attestation),
    /// It was attested, but that does not count, and why.
    Void(&'a Attestation, String),
}

/// A promotion, as far as attestations are bound to it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub policy: &'a Policy,
    pub service: &'a ServiceName,
    pub environment: &'a EnvironmentName,
    pub live: Option<&'a Revision>,
    pub candidate: &'a Revision,
}

impl Subject<'_> {
    /// `4.3.9 > 4.4.0`.
    pub fn movement(&self) -> String {
        let live = self.live.map_or("nothing", Revision::label);
        format!("{live} > {}", self.candidate)
    }

    /// How a task stands. Membership is asked again, whenever it is judged.
    pub fn standing<'l>(&self, ledger: &'l Ledger, task: &Task) -> Standing<'l> {
        let Some(done) = ledger.task(self.service, self.environment, &task.name) else {
            return Standing::Open;
        };
        let bound = scope::hash(self.service, self.environment, self.live, self.candidate);
        if done.scope != bound {
            let why = format!("done for {}, now {}", done.saw, self.movement());
            return Standing::Void(done, why);
        }
        match &task.role {
            Some(role) if !self.policy.has_role(&done.person, role) => {
                Standing::Void(done, format!("{} is not in role {role}", done.person))
            }
            Some(_) | None => Standing::Done(done),
        }
    }
}

pub fn judge(case: &Case<'_>, tasks: &[Task]) -> Verdict {
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let Some((_, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let subject = Subject {
        policy: case.policy,
        service: &case.service.name,
        environment: case.environment(),
        live: case.live,
        candidate,
    };
    let standings: Vec<(&Task, Standing<'_>)> = tasks
        .iter()
        .map(|task| (task, subject.standing(ledger, task)))
        .collect();
    let missing: Vec<&Task> = standings
        .iter()
        .filter(|(_, standing)| !matches!(standing, Standing::Done(_)))
        .map(|(task, _)| *task)
        .collect();
    let all = tasks.len();
    let done = all - missing.len();
    let verdict = if missing.is_empty() {
        let by = standings
            .iter()
            .filter_map(|(task, standing)| match standing {
                Standing::Done(done) => Some(format!("{} ({})", task.name, done.person)),
                Standing::Open | Standing::Void(..) => None,
            });
        let why = format!("{done} of {all} done: {}", words::list(by));
        let attested = standings.iter().map(|(_, standing)| match standing {
            Standing::Done(done) => Some(done.at),
            Standing::Open | Standing::Void(..) => None,
        });
        Verdict::new(GATE, State::Open, why).since(since::last(attested))
    } else {
        let names = words::list(missing.iter().map(|task| &task.name));
        let why = format!("{done} of {all} done, waits for {names}");
        Verdict::new(GATE, State::Closed, why)
            .opens_when(format!("somebody attests {names}"))
            .who(who(&missing, case.policy))
    };
    standings
        .iter()
        .fold(verdict, |verdict, (task, standing)| {
            let (value, at) = match standing {
                Standing::Open => ("not done".to_owned(), None),
                Standing::Done(done) if done.note.is_empty() => {
                    (format!("done by {}", done.person), Some(done.at))
                }
                Standing::Done(done) => (
                    format!("done by {}: {}", done.person, done.note),
                    Some(done.at),
                ),
                Standing::Void(done, why) => (
                    format!("done by {}, void: {why}", done.person),
                    Some(done.at),
                ),
            };
            verdict.evidence(format!("{}: {}", task.name, task.text), value, None, at)
        })
        .valid_until(case.valid_until())
}

/// `sre: carol, dee; any operator`.
fn who(missing: &[&Task], policy: &Policy) -> String {
    let mut who: Vec<String> = Vec::new();
    for task in missing {
        let one = match &task.role {
            None => "any operator".to_owned(),
            Some(role) => {
                let members = policy.roles.get(role).into_iter().flatten();
                let members: Vec<&str> = members.map(Person::as_str).collect();
                if members.is_empty() {
                    format!("{role}: nobody has this role")
                } else {
                    format!("{role}: {}", members.join(", "))
                }
            }
        };
        if !who.contains(&one) {
            who.push(one);
        }
    }
    who.join("; ")
}
