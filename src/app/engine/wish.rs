//! From a wish to an act: what exactly would be sent to the forge for it, or why nothing can be.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::{Act, StatusState};
use crate::domain::board::Row;
use crate::domain::cell::{self, Cell};
use crate::domain::deployment;
use crate::domain::facts::ServiceFacts;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::gate::{Go, Verdict};
use crate::domain::ids::{EnvironmentName, IntentId, ServiceName, Sha};
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, Stage, Via};
use crate::domain::promotion::Purpose;
use crate::domain::revision::Revision;

mod doors;

use doors::{enter, turn_away};

/// What a wish comes down to.
pub(super) struct Planned {
    pub purpose: Purpose,
    pub to: Revision,
    pub act: Act,
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site; a struct would only rename the arguments"
)]
pub(super) fn promotion(
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
    refuse_closed(cell, service, false, now)?;
    let act = order(row, stage, facts, via, &to, id)?;
    Ok(Planned {
        purpose: Purpose::Promotion,
        to,
        act,
    })
}

/// What is sent to the forge so that `to` comes into a stage.
fn order(
    row: &Row,
    stage: &Stage,
    facts: &ServiceFacts,
    via: &Via,
    to: &Revision,
    id: &IntentId,
) -> Result<Act, Refusal> {
    let (service, environment) = (&row.service.name, &stage.environment);
    Ok(match via {
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
            enter(run, environment, None)?
        }
        Via::Job { name } => {
            let run = cell::waiting_run(facts, environment, None).filter(|run| run.sha == to.sha);
            let run = run.ok_or_else(|| {
                let why = format!("no pipeline of {to} waits with {name}");
                Refusal::new(RefusalKind::NoGo, why)
            })?;
            enter(run, environment, Some(name))?
        }
        Via::Workflow {
            workflow,
            git_ref,
            inputs,
        } => {
            let fill = |template: &str| fill(template, environment, to, id);
            Act::Dispatch {
                workflow: workflow.clone(),
                git_ref: fill(git_ref),
                inputs: fill_each(inputs, fill),
            }
        }
        Via::Pipeline { git_ref, variables } => {
            let fill = |template: &str| fill(template, environment, to, id);
            Act::RunPipeline {
                git_ref: fill(git_ref),
                variables: fill_each(variables, fill),
            }
        }
        Via::Tag { name } => Act::CreateTag {
            tag: fill(name, environment, to, id),
            target: to.sha.clone(),
        },
        Via::Status { context } => Act::SetStatus {
            sha: to.sha.clone(),
            context: fill(context, environment, to, id),
            state: StatusState::Success,
            description: format!("{environment}: {}", to.label()),
            target_url: None,
        },
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
        Via::Checklist => Act::ByHand,
        Via::Forge => {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{environment} is deployed by the forge itself, not by gonogo"),
            ));
        }
    })
}

/// A draft release whose tag does not exist yet has no commit of its own: the adapter puts the one
/// that it would tag in `sha`.
fn is_of(release: Option<&Sha>, wanted: &Sha) -> bool {
    release == Some(wanted)
}

/// Refuses when a gate is not open, naming every one that is not. `back`: of going back.
fn refuse_closed(
    cell: &Cell,
    service: &ServiceName,
    back: bool,
    now: Timestamp,
) -> Result<(), Refusal> {
    let kind = match cell.judgement.go_at(now) {
        Go::Go => return Ok(()),
        Go::NoGo => RefusalKind::NoGo,
        Go::Unknown => RefusalKind::Facts,
    };
    let blocking: Vec<&Verdict> = cell.judgement.blocking(now).collect();
    let names: Vec<String> = blocking
        .iter()
        .map(|verdict| format!("{} ({})", verdict.gate, verdict.why_at(now)))
        .collect();
    let count = blocking.len();
    let gates = if count == 1 { "gate is" } else { "gates are" };
    let why = format!(
        "{count} {gates} not open for {service} > {}: {}",
        cell.environment,
        names.join("; ")
    );
    let refusal = Refusal::new(kind, why);
    // Under a freeze going back does not wait for its end: it takes a reason and a second person (P7).
    let frozen = |verdict: &Verdict| back && verdict.gate == GateSpec::Window.name();
    let hint = |verdict: &&Verdict| {
        if frozen(verdict) {
            return Some(format!(
                "`gonogo override grant {service} --to {} --gate window --rollback --reason …` lets \
                 it through, once a second person has confirmed it",
                cell.environment
            ));
        }
        opens(verdict)
    };
    let opens: Vec<String> = blocking.iter().filter_map(hint).collect();
    Err(if opens.is_empty() {
        refusal
    } else {
        refusal.hint(opens.join("; "))
    })
}

/// What would open a gate, as a sentence that stands alone.
pub(super) fn opens(verdict: &Verdict) -> Option<String> {
    let (gate, when) = (&verdict.gate, verdict.opens_when.as_ref()?);
    Some(match when.strip_prefix("nothing: ") {
        Some(why) => format!("{gate} does not open: {why}"),
        None => format!("{gate} opens when {when}"),
    })
}

/// Goes back to `cell`'s candidate, which the caller chose and judged (P7).
pub(super) fn rollback(
    row: &Row,
    stage: &Stage,
    cell: &Cell,
    facts: &ServiceFacts,
    id: &IntentId,
    now: Timestamp,
) -> Result<Planned, Refusal> {
    let (service, environment) = (&row.service.name, &stage.environment);
    refuse_closed(cell, service, true, now)?;
    let to = cell.candidate.clone().ok_or_else(|| {
        Refusal::new(
            RefusalKind::NoGo,
            format!("there is nothing to go back to in {service} {environment}"),
        )
    })?;
    let promotion = |act| Planned {
        purpose: Purpose::Promotion,
        to: to.clone(),
        act,
    };
    match &stage.via {
        Via::Deployment
        | Via::Workflow { .. }
        | Via::Pipeline { .. }
        | Via::Tag { .. }
        | Via::Release
        | Via::Checklist => {
            let act = order(row, stage, facts, &stage.via, &to, id)?;
            Ok(promotion(act))
        }
        // The run's second life asks for approval as its first did: then it is promoted, and until
        // then it is a run like any other.
        Via::Approval { .. } | Via::Job { .. } => {
            let (workflow, job) = match &stage.via {
                Via::Approval { workflow } => (workflow.as_deref(), None),
                Via::Job { name } => (None, Some(name.as_str())),
                _ => (None, None),
            };
            if let Some(run) = cell::run_at_the_door(facts, environment, &to.sha) {
                return Ok(promotion(enter(run, environment, job)?));
            }
            // There, a pipeline is not run again whole: the job that deployed is.
            if row.service.kind == ForgeKind::GitLab {
                let again = deployment::to_repeat(&facts.deployments, environment, &to.sha, job);
                let again = again.ok_or_else(|| no_way_back(cell))?;
                let act = Act::RetryJob {
                    run: again.run,
                    job: again.job,
                    name: again.name.clone(),
                };
                // Where it has to be approved once more, it is not there yet when it has been started.
                let purpose = if facts.asks_for_review(environment) {
                    Purpose::Rerun
                } else {
                    Purpose::Promotion
                };
                return Ok(Planned { purpose, to, act });
            }
            let run = cell::run_to_repeat(facts, &to.sha, workflow);
            let run = run.ok_or_else(|| no_way_back(cell))?.id;
            Ok(Planned {
                purpose: Purpose::Rerun,
                act: Act::Rerun {
                    run,
                    failed_only: false,
                },
                to,
            })
        }
        Via::PullRequest { .. } | Via::Status { .. } | Via::Forge => Err(no_way_back(cell)),
    }
}

/// The forge gate says why, and what to do instead; it is closed for these ways.
fn no_way_back(cell: &Cell) -> Refusal {
    let verdict = cell
        .judgement
        .verdicts
        .iter()
        .find(|verdict| verdict.gate == "forge");
    let why = verdict.map_or("there is no way back", |verdict| verdict.why.as_str());
    let refusal = Refusal::new(RefusalKind::NoGo, why);
    match verdict.and_then(opens) {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// The way by which what waits for a person is let in: a run at the door of the environment, else the
/// pull request, where merging it is what promotes.
pub(super) fn approval(stage: &Stage, facts: &ServiceFacts) -> Via {
    let run = cell::waiting_run(facts, &stage.environment, None);
    match &stage.via {
        via @ Via::PullRequest { .. } if run.is_none() => via.clone(),
        _ => Via::Approval { workflow: None },
    }
}

pub(super) fn rejection(
    stage: &Stage,
    cell: &Cell,
    facts: &ServiceFacts,
) -> Result<Planned, Refusal> {
    let environment = &stage.environment;
    let run = cell::waiting_run(facts, environment, None).ok_or_else(|| {
        let why = format!("no run waits for approval of {environment}");
        let refusal = Refusal::new(RefusalKind::NoGo, why);
        match facts.promoting(&stage.via) {
            Some(request) => refusal.hint(format!(
                "#{} waits: ask for changes or close it on the forge; o opens it",
                request.number
            )),
            None => refusal,
        }
    })?;
    let act = turn_away(run, environment)?;
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

pub(super) fn rerun(row: &Row, cell: &Cell, facts: &ServiceFacts) -> Result<Planned, Refusal> {
    let service = &row.service.name;
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
            // Forgejo has no call for that alone.
            failed_only: row.service.kind != ForgeKind::Forgejo,
        },
    })
}

fn fill_each(
    fields: &BTreeMap<String, String>,
    fill: impl Fn(&str) -> String,
) -> BTreeMap<String, String> {
    let filled = fields.iter();
    filled
        .map(|(name, value)| (name.clone(), fill(value)))
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

#[cfg(test)]
mod tests;
