//! Releases as orders: voting on one, starting it, handing it over, ending it. What a started one
//! does next lives in `release/drive.rs`; the rules in `domain/release`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use super::known::required;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::{Go, words};
use crate::domain::ids::{
    Digest, EnvironmentName, Person, ReleaseName, ReleaseRunId, RoleName, ServiceName,
};
use crate::domain::ledger::Ledger;
use crate::domain::release::agenda::Move;
use crate::domain::release::decision::{Decision, difference};
use crate::domain::release::prognosis::{self, Estimate, Prognosis};
use crate::domain::release::run::{Ending, Run};
use crate::domain::release::{Release, estimate};
use crate::domain::signoff::{Closings, ReleaseVote, Voice};

mod back;
mod drive;
mod members;
mod progress;

pub(super) use members::Change;

#[cfg(test)]
mod tests;

/// What this engine remembers of the runs that it drives: when a promotion that did not come about
/// is tried again. Nothing is ever sent twice by it, for only what was never sent is tried.
#[derive(Debug, Default)]
pub(crate) struct Driving {
    waits: BTreeMap<(ReleaseRunId, ServiceName), drive::Wait>,
}

impl Engine {
    /// How a release stands before those who decide on it.
    pub fn decision<'a>(&'a self, release: &'a Release, now: Timestamp) -> Decision<'a> {
        let basis = self.basis(now);
        Decision::of(release, &self.board, basis.ledger, &self.policy, now)
    }

    /// What a release would do, when, and whether it fits.
    pub fn prognosis(&self, release: &Release, now: Timestamp) -> Prognosis {
        let basis = self.basis(now);
        prognosis::of(release, &self.board, basis, |service| {
            self.takes(service, &release.environment)
        })
    }

    /// How long a promotion of a service takes as a rule.
    pub fn takes(&self, service: &ServiceName, environment: &EnvironmentName) -> Estimate {
        let facts = self.board.row(service).and_then(|row| row.facts.value());
        let known = self.policy.service(service);
        known.map_or_else(Estimate::default, |known| {
            estimate::of(known, environment, facts, self.ledger.as_ref())
        })
    }

    /// The run of a release that goes on, else the one that ended last.
    pub fn last_run(&self, release: &ReleaseName) -> Option<&Run> {
        self.ledger.as_ref()?.last_run(release)
    }

    /// Says whether the gonogo that drives a run is there; `None` if that cannot be told.
    pub fn driver_is_seen(&self, run: &Run) -> Option<bool> {
        if run.driver == self.instance {
            return Some(true);
        }
        let others = self.neighbours.as_ref()?;
        Some(others.contains(&run.driver))
    }

    /// The services of the runs that go on: they are looked at often.
    pub(crate) fn released_services(&self) -> impl Iterator<Item = ServiceName> {
        let runs = self.ledger.iter().flat_map(Ledger::open_runs);
        runs.flat_map(|run| &run.moves)
            .map(|moved| moved.service.clone())
    }

    pub(crate) fn vote_release(
        &mut self,
        name: &ReleaseName,
        vote: Cast,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let Cast {
            role,
            voice,
            note,
            seen,
        } = vote;
        let operator = self.may_record()?.clone();
        let release = self.known_release(name)?.clone();
        self.known_role(&role)?;
        if !release.roles.contains(&role) {
            let asked: Vec<&str> = release.roles.iter().map(RoleName::as_str).collect();
            let refusal = Refusal::new(
                RefusalKind::Usage,
                format!("{name} does not ask for the role {role}"),
            );
            return Err(match asked.as_slice() {
                [] => refusal.hint("it asks for none"),
                asked => refusal.hint(format!("it asks for {}", asked.join(", "))),
            });
        }
        if !self.policy.has_role(&operator, &role) {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{operator} does not have the role {role}"),
            ));
        }
        if voice == Voice::NoGo {
            required(&note, "a no-go's reason").map_err(|it| it.hint("say it with --note TEXT"))?;
        }
        self.was_read(&release)?;
        let decision = self.decision(&release, now);
        same(&decision, &seen)?;
        let vote = ReleaseVote {
            release: name.clone(),
            role,
            person: operator.clone(),
            voice,
            scope: decision.bound.clone(),
            saw: decision.words.clone(),
            note: crate::domain::text::clean(&note),
            at: now,
        };
        let until = Closings::of_release(&release, &self.policy.windows, now)
            .and_then(|closings| closings.end_of_a_go())
            .filter(|_| voice == Voice::Go);
        let until = until.map_or_else(String::new, |at| {
            format!(", until its window closes at {}", words::moment(at))
        });
        let text = format!(
            "voted {} as {} on {name}: {}{until}",
            voice.word(),
            vote.role,
            vote.saw
        );
        let reason = (!vote.note.is_empty()).then(|| vote.note.clone());
        let event = Event::ReleaseVoteCast { vote };
        let draft = self.release_draft(&release, &operator, reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    pub(crate) fn start_release(
        &mut self,
        name: &ReleaseName,
        seen: &Digest,
        reason: &str,
        skip: &[ServiceName],
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_act()?.clone();
        let release = self.known_release(name)?.clone();
        let reason = required(reason, "a reason")?;
        let decision = self.decision(&release, now);
        if let Some(run) = decision.run {
            let refusal = Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "{name} runs already: {} started it at {}",
                    run.by, run.started_at
                ),
            );
            return Err(refusal.hint(format!("gonogo release resume {name}")));
        }
        same(&decision, seen)?;
        may_start(&release, &decision, skip)?;
        let moves: Vec<Move> = decision.agenda.moves().cloned().collect();
        let digest = decision.bound.clone();
        let id = ReleaseRunId::from(format!("r-{}", self.random_name(6)));
        let waves = moves
            .iter()
            .map(|moved| moved.wave)
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        let text = format!(
            "started {name}: {} to move in {waves} {}",
            moves.len(),
            if waves == 1 { "wave" } else { "waves" }
        );
        let run = Run {
            id,
            release: name.clone(),
            digest,
            moves,
            dropped: Vec::new(),
            by: operator.clone(),
            driver: self.instance.clone(),
            started_at: now,
            ended: None,
        };
        let event = Event::ReleaseStarted { run };
        let draft = self.release_draft(&release, &operator, Some(reason), event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// Takes over the driving of a run: after a crash, or from another board.
    pub(crate) fn resume_release(
        &mut self,
        name: &ReleaseName,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_act()?.clone();
        let release = self.known_release(name)?.clone();
        let run = self.open_run(name)?.clone();
        if run.driver == self.instance {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{name} is driven from here already"),
            ));
        }
        let text = format!("{name} goes on from here");
        let event = Event::ReleaseResumed {
            id: run.id,
            release: name.clone(),
            driver: self.instance.clone(),
        };
        let draft = self.release_draft(&release, &operator, None, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// Ends a run: nothing more is started, what is on its way comes to its end.
    pub(crate) fn cancel_release(
        &mut self,
        name: &ReleaseName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(reason, "a reason")?;
        let run = self.open_run(name)?.clone();
        let on_its_way = self.on_its_way(&run).join(", ");
        let text = if on_its_way.is_empty() {
            format!("cancelled {name}; what is done stays")
        } else {
            format!("cancelled {name}; what is done stays, and on its way: {on_its_way}")
        };
        let event = Event::ReleaseEnded {
            id: run.id.clone(),
            release: name.clone(),
            how: Ending::Cancelled {
                why: reason.clone(),
            },
        };
        let draft = Draft {
            environment: run.moves.first().map(|moved| moved.environment.clone()),
            reason: Some(reason),
            ..self.draft(&operator, event, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    fn release_draft(
        &self,
        release: &Release,
        operator: &Person,
        reason: Option<String>,
        event: Event,
        now: Timestamp,
    ) -> Draft {
        Draft {
            environment: Some(release.environment.clone()),
            reason,
            ..self.draft(operator, event, now)
        }
    }

    pub(crate) fn known_release(&self, name: &ReleaseName) -> Result<&Release, Refusal> {
        self.policy.release(name).ok_or_else(|| {
            let known: Vec<&str> = self
                .policy
                .releases
                .iter()
                .map(|release| release.name.as_str())
                .collect();
            let refusal = Refusal::new(RefusalKind::Usage, format!("there is no release {name}"));
            match known.as_slice() {
                [] => refusal.hint(format!("add [release.\"{name}\"] to the config")),
                known => refusal.hint(format!("the releases are {}", known.join(", "))),
            }
        })
    }

    fn open_run(&self, name: &ReleaseName) -> Result<&Run, Refusal> {
        let ledger = self.ledger.as_ref();
        ledger
            .and_then(|ledger| ledger.open_run(name))
            .ok_or_else(|| {
                Refusal::new(RefusalKind::NoGo, format!("no run of {name} goes on"))
                    .hint(format!("gonogo release run {name}"))
            })
    }

    /// A vote on what nobody has read would bind to nothing.
    fn was_read(&self, release: &Release) -> Result<(), Refusal> {
        let unread: Vec<&str> = release
            .kept(self.ledger.as_ref())
            .filter(|item| {
                let row = self.board.row(&item.service);
                row.is_none_or(|row| row.facts.value().is_none())
            })
            .map(|item| item.service.as_str())
            .collect();
        if unread.is_empty() {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalKind::Facts,
            format!("nothing is known yet of {}", unread.join(", ")),
        ))
    }
}

/// A vote before it is cast.
pub(crate) struct Cast {
    pub role: RoleName,
    pub voice: Voice,
    pub note: String,
    /// What the voter saw.
    pub seen: Digest,
}

/// Says whether a release is still what the operator saw (P3, S1).
fn same(decision: &Decision<'_>, seen: &Digest) -> Result<(), Refusal> {
    if decision.bound == *seen {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalKind::NoGo,
        format!(
            "what would ship has changed since you looked; it is now: {}",
            decision.words
        ),
    )
    .hint("look at it again"))
}

/// Says whether a release may start: every role says go, nobody says no-go, and nothing is stuck
/// but what is skipped on purpose.
pub fn may_start(
    release: &Release,
    decision: &Decision<'_>,
    skip: &[ServiceName],
) -> Result<(), Refusal> {
    let name = &release.name;
    if let Some(wrong) = skip
        .iter()
        .find(|service| !decision.stuck.contains(service))
    {
        return Err(Refusal::new(
            RefusalKind::Usage,
            format!("{wrong} cannot be skipped: it is not stuck"),
        )
        .hint(format!(
            "to ship without it: gonogo release drop {name} {wrong}; the votes are cast anew"
        )));
    }
    if decision.go == Go::Unknown {
        let why = format!("{name} is unknown: {}", decision.why.join("; "));
        return Err(Refusal::new(RefusalKind::Facts, why));
    }
    let votes = decision.against(release);
    if !votes.is_empty() {
        let void = voided(decision);
        let refusal = Refusal::new(
            RefusalKind::NoGo,
            format!("{name} is no-go: {}", votes.join("; ")),
        );
        return Err(match void {
            Some(void) => refusal.hint(void),
            None => refusal.hint(format!("gonogo vote go {name} --as ROLE")),
        });
    }
    let left: Vec<&str> = decision
        .stuck
        .iter()
        .filter(|service| !skip.contains(service))
        .map(ServiceName::as_str)
        .collect();
    if !left.is_empty() {
        let why: Vec<&str> = decision.why.iter().map(String::as_str).collect();
        return Err(Refusal::new(
            RefusalKind::NoGo,
            format!("{name} is no-go: {}", why.join("; ")),
        )
        .hint(format!("ship without: --skip {}", left.join(" --skip "))));
    }
    if decision.agenda.moves().next().is_none() {
        return Err(Refusal::new(
            RefusalKind::NoGo,
            format!("{name} has nothing to ship: everything is live already"),
        ));
    }
    Ok(())
}

/// Names the votes that a change made void, with the difference.
fn voided(decision: &Decision<'_>) -> Option<String> {
    let void: Vec<String> = decision
        .tally
        .ballots
        .iter()
        .filter(|(_, standing)| *standing == crate::domain::signoff::Standing::Void)
        .map(|(ballot, _)| {
            let difference = difference(ballot.saw, &decision.words);
            format!(
                "{}'s vote as {} is void: {}",
                ballot.person,
                ballot.role,
                difference.join(" ")
            )
        })
        .collect();
    (!void.is_empty()).then(|| void.join("; "))
}
