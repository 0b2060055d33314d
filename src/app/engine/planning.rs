//! Planning: from what an operator wants to a complete plan, or a refusal that says why not.
//! Nothing is sent or recorded here.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Engine, JournalState};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Act;
use crate::domain::board::Row;
use crate::domain::cell::{self, Cell};
use crate::domain::facts::ServiceFacts;
use crate::domain::gate::{Go, Verdict};
use crate::domain::ids::{EnvironmentName, IntentId, Person, ServiceName, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::domain::policy::{Mode, Stage, Via};
use crate::domain::promotion::{Intent, Purpose};
use crate::domain::revision::Revision;

/// What an operator wants of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Promote the candidate by the stage's own way; `revision` insists on one.
    Promote { revision: Option<String> },
    /// Promote by approving what waits on the forge, whatever the stage's own way is.
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
        let planned = match wish {
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
                let via = Via::Approval { workflow: None };
                promotion(row, stage, cell, facts, &via, None, &id, now)?
            }
            Wish::Reject => rejection(cell, facts, environment)?,
            Wish::Cancel => cancellation(self, row, cell, facts)?,
            Wish::Rerun => rerun(cell, facts, service)?,
        };
        let verb = match wish {
            Wish::Promote { .. } => "promote",
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
        let mode = self
            .policy
            .environments
            .get(environment)
            .map_or(Mode::Confirm, |known| known.mode);
        let protected = self
            .policy
            .environments
            .get(environment)
            .is_some_and(|known| known.protected);
        if mode == Mode::Checklist && planned.purpose == Purpose::Promotion {
            return Err(Refusal::new(
                RefusalKind::Usage,
                format!("{environment} is released by hand: its mode is checklist"),
            ));
        }
        Ok(Plan {
            call: planned.act.call(facts.repo.as_str()),
            if_bad: if_bad(cell),
            warnings: warnings(row, cell),
            command: format!("gonogo {verb} {service} {preposition} {environment}"),
            protected,
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
            },
        })
    }

    /// Says whether this operator can change anything at all now, and why not.
    pub fn may_act(&self) -> Result<&Person, Refusal> {
        if self.offline {
            return Err(
                Refusal::new(RefusalKind::Forge, "offline: nothing can be sent")
                    .hint("start without --offline"),
            );
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
            JournalState::Unreachable { why, hint } => {
                let refusal = Refusal::new(
                    RefusalKind::Journal,
                    format!("the journal is unreachable: {why}"),
                );
                return Err(match hint {
                    Some(hint) => refusal.hint(hint.clone()),
                    None => refusal,
                });
            }
        }
        self.operator.as_ref().ok_or_else(|| {
            Refusal::new(
                RefusalKind::Usage,
                "nobody knows who you are: the forge has not said, and the config has no name",
            )
            .hint("set `name` in [operator]")
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
    stage.zip(row.cell(environment)).ok_or_else(|| {
        let path: Vec<&str> = row
            .service
            .path
            .iter()
            .map(|stage| stage.environment.as_str())
            .collect();
        Refusal::new(
            RefusalKind::Usage,
            format!("{} has no environment {environment}", row.service.name),
        )
        .hint(format!("its path is {}", path.join(", ")))
    })
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
                format!("nothing is known of {service}: {fault}"),
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

fn stale(row: &Row, service: &ServiceName, now: Timestamp) -> Refusal {
    let age = row.facts.age(now).unwrap_or_default();
    let why = match &row.facts.fault {
        Some(fault) => format!(
            "what is known of {service} is {} s old: {}",
            age.as_secs(),
            fault.why
        ),
        None => format!("what is known of {service} is {} s old", age.as_secs()),
    };
    Refusal::new(RefusalKind::Facts, why).hint("r reads it again")
}

/// What a wish comes down to.
struct Planned {
    purpose: Purpose,
    to: Revision,
    act: Act,
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site; a struct would only rename the arguments"
)]
fn promotion(
    row: &Row,
    stage: &Stage,
    cell: &Cell,
    facts: &ServiceFacts,
    via: &Via,
    insisted: Option<&str>,
    id: &IntentId,
    now: Timestamp,
) -> Result<Planned, Refusal> {
    let service = &row.service.name;
    let environment = &stage.environment;
    let Some(to) = cell.candidate.clone() else {
        let live = cell.live.as_ref().map_or("nothing", Revision::label);
        return Err(Refusal::new(
            RefusalKind::NoGo,
            format!("nothing to promote: {service} {environment} has {live} already"),
        ));
    };
    if let Some(insisted) = insisted {
        let matches = to.version.as_deref() == Some(insisted)
            || (insisted.len() >= 7 && to.sha.as_str().starts_with(insisted));
        if !matches {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "the candidate for {environment} is {to} ({}), not {insisted}",
                    to.sha.short()
                ),
            ));
        }
    }
    refuse_closed(cell, service, now)?;
    let act = match via {
        Via::Approval { workflow } => {
            let run =
                cell::waiting_run(facts, environment, workflow.as_deref()).ok_or_else(|| {
                    Refusal::new(
                        RefusalKind::NoGo,
                        format!("no run of {service} waits for approval of {environment}"),
                    )
                })?;
            if run.sha != to.sha {
                return Err(Refusal::new(
                    RefusalKind::NoGo,
                    format!(
                        "what waits for {environment} is {}, not {to}",
                        run.sha.short()
                    ),
                ));
            }
            Act::Approve {
                run: run.id,
                environments: waiting_for(run, environment),
                comment: String::new(),
            }
        }
        Via::Workflow {
            workflow,
            git_ref,
            inputs,
        } => {
            let fill = |template: &str| fill(template, environment, &to, id);
            let inputs: BTreeMap<String, String> = inputs
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect();
            Act::Dispatch {
                workflow: workflow.clone(),
                git_ref: fill(git_ref),
                inputs,
            }
        }
        Via::Deployment => Act::CreateDeployment {
            sha: to.sha.clone(),
            environment: environment.clone(),
            description: String::new(),
        },
        Via::PullRequest { base, head, method } => {
            let found = facts.pull_requests.iter().find(|request| {
                request.base_ref == *base && request.head_ref == *head && request.head == to.sha
            });
            let request = found.ok_or_else(|| {
                Refusal::new(
                    RefusalKind::NoGo,
                    format!("no open pull request brings {to} from {head} into {base}"),
                )
            })?;
            Act::MergePullRequest {
                number: request.number,
                head: request.head.clone(),
                method: *method,
            }
        }
        Via::Release => {
            let found = facts
                .releases
                .iter()
                .find(|release| release.draft && is_of(release.sha.as_ref(), &to.sha));
            let release = found.ok_or_else(|| {
                Refusal::new(
                    RefusalKind::NoGo,
                    format!("there is no draft release of {to} to publish"),
                )
            })?;
            Act::PublishRelease {
                release: release.id,
                tag: release.tag.clone(),
                target: to.sha.clone(),
                prerelease: release.prerelease,
            }
        }
        Via::Forge => {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{environment} is deployed by the forge itself, not by gonogo"),
            ));
        }
    };
    Ok(Planned {
        purpose: Purpose::Promotion,
        to,
        act,
    })
}

/// A draft release whose tag does not exist yet has no commit of its own; GitHub names the target
/// only then, and the adapter puts it in `sha`.
fn is_of(release: Option<&Sha>, wanted: &Sha) -> bool {
    release == Some(wanted)
}

/// Refuses when a gate is not open, naming every one that is not.
fn refuse_closed(cell: &Cell, service: &ServiceName, now: Timestamp) -> Result<(), Refusal> {
    let kind = match cell.judgement.go_at(now) {
        Go::Go => return Ok(()),
        Go::NoGo => RefusalKind::NoGo,
        Go::Unknown => RefusalKind::Facts,
    };
    let blocking: Vec<&Verdict> = cell.judgement.blocking(now).collect();
    let names: Vec<String> = blocking
        .iter()
        .map(|verdict| format!("{} ({})", verdict.gate, verdict.why))
        .collect();
    let count = blocking.len();
    let gates = if count == 1 { "gate is" } else { "gates are" };
    let why = format!(
        "{count} {gates} not open for {service} > {}: {}",
        cell.environment,
        names.join("; ")
    );
    let refusal = Refusal::new(kind, why);
    Err(
        match blocking
            .iter()
            .find_map(|verdict| verdict.opens_when.clone())
        {
            Some(when) => refusal.hint(when),
            None => refusal,
        },
    )
}

fn rejection(
    cell: &Cell,
    facts: &ServiceFacts,
    environment: &EnvironmentName,
) -> Result<Planned, Refusal> {
    let run = cell::waiting_run(facts, environment, None).ok_or_else(|| {
        Refusal::new(
            RefusalKind::NoGo,
            format!("no run waits for approval of {environment}"),
        )
    })?;
    let act = Act::Reject {
        run: run.id,
        environments: waiting_for(run, environment),
        comment: String::new(),
    };
    let to = cell
        .candidate
        .clone()
        .filter(|candidate| candidate.sha == run.sha);
    let to = to.unwrap_or_else(|| cell::named(Some(facts), &run.sha));
    Ok(Planned {
        purpose: Purpose::Rejection,
        to,
        act,
    })
}

fn cancellation(
    engine: &Engine,
    row: &Row,
    cell: &Cell,
    facts: &ServiceFacts,
) -> Result<Planned, Refusal> {
    let nothing = || {
        Refusal::new(
            RefusalKind::NoGo,
            format!(
                "nothing is under way into {} {}",
                row.service.name, cell.environment
            ),
        )
    };
    let flight = cell.in_flight.as_ref().ok_or_else(nothing)?;
    let ours = flight
        .intent
        .as_ref()
        .and_then(|id| engine.ledger.as_ref()?.promotions.get(id))
        .and_then(|promotion| promotion.handle.as_ref()?.run);
    let run = ours.or(flight.run).or_else(|| {
        let under_way = facts
            .runs
            .iter()
            .filter(|run| run.sha == flight.revision.sha && run.phase.is_in_flight());
        under_way.max_by_key(|run| run.created_at).map(|run| run.id)
    });
    let run = run.ok_or_else(|| {
        Refusal::new(
            RefusalKind::Forge,
            "the deployment under way has no run that could be cancelled".to_owned(),
        )
    })?;
    Ok(Planned {
        purpose: Purpose::Cancellation,
        to: flight.revision.clone(),
        act: Act::Cancel { run },
    })
}

fn rerun(cell: &Cell, facts: &ServiceFacts, service: &ServiceName) -> Result<Planned, Refusal> {
    let revision = cell
        .failed
        .as_ref()
        .or(cell.candidate.as_ref())
        .or(cell.live.as_ref());
    let failed = revision.and_then(|revision| {
        let runs = facts
            .runs
            .iter()
            .filter(|run| run.sha == revision.sha && run.phase == Phase::Failed);
        runs.max_by_key(|run| run.created_at)
            .map(|run| (revision.clone(), run))
    });
    let (to, run) = failed.ok_or_else(|| {
        Refusal::new(
            RefusalKind::NoGo,
            format!("no run of {service} {} has failed", cell.environment),
        )
    })?;
    Ok(Planned {
        purpose: Purpose::Rerun,
        to,
        act: Act::Rerun {
            run: run.id,
            failed_only: true,
        },
    })
}

fn waiting_for(run: &Run, environment: &EnvironmentName) -> Vec<crate::domain::ids::EnvironmentId> {
    run.waiting
        .iter()
        .filter(|waiting| waiting.environment == *environment)
        .map(|waiting| waiting.environment_id)
        .collect()
}

/// Fills the placeholders of a workflow's inputs and ref.
fn fill(template: &str, environment: &EnvironmentName, to: &Revision, id: &IntentId) -> String {
    template
        .replace("{environment}", environment.as_str())
        .replace("{revision}", to.sha.as_str())
        .replace("{version}", to.label())
        .replace("{key}", id.as_str())
}

fn if_bad(cell: &Cell) -> String {
    match &cell.live {
        Some(live) => format!("{live} was live before; promote it again to go back"),
        None => "nothing was live before: there is nothing to go back to".into(),
    }
}

fn warnings(row: &Row, cell: &Cell) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(scope) = row.scope_of(cell).and_then(|fact| fact.value()) {
        match &scope.relation {
            crate::domain::scope::Relation::Behind => {
                warnings.push("this goes back: what is live is newer".into());
            }
            crate::domain::scope::Relation::Diverged => {
                warnings.push("what is live has commits that the candidate lacks".into());
            }
            crate::domain::scope::Relation::Ahead
            | crate::domain::scope::Relation::Identical
            | crate::domain::scope::Relation::Unknown(_) => {}
        }
        for request in &scope.pull_requests {
            for label in request
                .labels
                .iter()
                .filter(|label| label.contains("migration"))
            {
                warnings.push(format!("#{} is labelled {label}", request.number));
            }
        }
    }
    if let Some(facts) = row.facts.value() {
        warnings.extend(facts.gaps.iter().cloned());
    }
    warnings
}
