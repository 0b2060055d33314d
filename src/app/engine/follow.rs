//! Following: what was accepted is watched on the forge until it succeeded, failed or was stopped.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::app::effect::Effect;
use crate::domain::act::Act;
use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{JobId, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::origin::{brings, is_ours};
use crate::domain::phase::Phase;
use crate::domain::promotion::{Promotion, Purpose, State, Step};

impl Engine {
    /// Looks at what a service's open intents have come to, after new facts.
    pub(crate) fn follow(&mut self, service: &ServiceName, now: Timestamp) -> Vec<Effect> {
        let Some(facts) = self.board.row(service).and_then(|row| row.facts.value()) else {
            return Vec::new();
        };
        let steps: Vec<(Promotion, Step)> = self
            .ledger
            .iter()
            .flat_map(Ledger::open)
            .filter(|promotion| promotion.intent.service == *service)
            .filter(|promotion| matches!(promotion.state, State::Accepted | State::Running))
            .filter_map(|promotion| {
                let by_hand = self.ended_by_hand(promotion);
                let step = by_hand.or_else(|| progress(promotion, facts))?;
                Some((promotion.clone(), step))
            })
            .collect();
        let mut effects = Vec::new();
        for (promotion, step) in steps {
            let Some(plan) = self.plan_of(&promotion) else {
                continue;
            };
            let text = format!(
                "{} {} {} {}: {}",
                plan.intent.purpose,
                plan.service(),
                plan.environment(),
                plan.matter(),
                step.word()
            );
            effects.extend(self.record_step(&plan.intent, step, now, Some(text)));
        }
        effects
    }
}

/// Returns the next step of an accepted intent that the facts show, if any.
fn progress(promotion: &Promotion, facts: &ServiceFacts) -> Option<Step> {
    match (promotion.intent.purpose, &promotion.intent.act) {
        (Purpose::Cancellation, Act::CancelJob { job, .. }) => {
            return job_is_over(*job, facts).then_some(Step::Succeeded);
        }
        (Purpose::Rerun, Act::RetryJob { .. }) => return back_at_the_door(promotion, facts),
        _ => {}
    }
    match promotion.intent.purpose {
        Purpose::Promotion => deployed(promotion, facts),
        Purpose::Cancellation | Purpose::Rejection => {
            let run = promotion.intent.act.run()?;
            let found = facts.runs.iter().find(|known| known.id == run);
            // A run that is not among the recent ones any more has ended.
            found
                .is_none_or(|run| !run.phase.is_in_flight() && run.waiting.is_empty())
                .then_some(Step::Succeeded)
        }
        Purpose::Rerun => {
            let run = promotion.intent.act.run()?;
            match &facts.runs.iter().find(|known| known.id == run)?.phase {
                Phase::Succeeded => Some(Step::Succeeded),
                Phase::Failed => {
                    let since = promotion.sent_at? + SignedDuration::from_secs(30);
                    let run = facts.runs.iter().find(|known| known.id == run)?;
                    (run.updated_at > since).then(|| Step::Failed {
                        why: "the run failed again".into(),
                    })
                }
                Phase::Cancelled => Some(Step::Cancelled {
                    why: "the run was cancelled".into(),
                }),
                Phase::Queued
                | Phase::Running
                | Phase::Gated
                | Phase::Skipped
                | Phase::Superseded
                | Phase::Unknown(_) => None,
            }
        }
        // The forge's answer was the whole outcome.
        Purpose::Status | Purpose::Brake | Purpose::Unbrake => Some(Step::Succeeded),
    }
}

/// One that is not among the recent ones any more has ended.
fn job_is_over(job: JobId, facts: &ServiceFacts) -> bool {
    let mut deployments = facts.deployments.iter();
    let of_job = |known: &&Deployment| known.made_by.as_ref().is_some_and(|it| it.job == job);
    deployments
        .find(of_job)
        .is_none_or(|known| !known.phase.is_in_flight())
}

/// A job that asks for approval again when it is run again has done what it was to do when it waits.
fn back_at_the_door(promotion: &Promotion, facts: &ServiceFacts) -> Option<Step> {
    let made = promotion.handle.as_ref()?.job?;
    let mut deployments = facts.deployments.iter();
    let ours = deployments.find(|known| known.made_by.as_ref().is_some_and(|it| it.job == made))?;
    match &ours.phase {
        Phase::Gated | Phase::Succeeded | Phase::Superseded => Some(Step::Succeeded),
        Phase::Failed => Some(Step::Failed {
            why: "the job failed".into(),
        }),
        Phase::Cancelled | Phase::Skipped => Some(Step::Cancelled {
            why: "the job was cancelled".into(),
        }),
        Phase::Queued | Phase::Running | Phase::Unknown(_) => None,
    }
}

fn deployed(promotion: &Promotion, facts: &ServiceFacts) -> Option<Step> {
    let intent = &promotion.intent;
    let live = deployment::live(&facts.deployments, &intent.environment);
    if live.is_some_and(|live| brings(promotion, &live.sha))
        && intent.from.as_ref() != Some(&intent.to)
    {
        return Some(Step::Succeeded);
    }
    let ours = facts
        .deployments
        .iter()
        .filter(|deployment| deployment.environment == intent.environment)
        .filter(|deployment| is_ours(promotion, deployment))
        .max_by_key(|deployment| (deployment.created_at, deployment.id));
    let handle = promotion.handle.clone().unwrap_or_default();
    let run = handle
        .run
        .and_then(|id| facts.runs.iter().find(|run| run.id == id));
    let running = |handle| (promotion.state == State::Accepted).then_some(Step::Running { handle });
    if let Some(deployment) = ours {
        match &deployment.phase {
            // A run that somebody stopped leaves a failed deployment behind.
            Phase::Failed if run.is_some_and(|run| run.phase == Phase::Cancelled) => {
                return Some(Step::Cancelled {
                    why: "the run was cancelled".into(),
                });
            }
            Phase::Failed => {
                let why = deployment
                    .description
                    .clone()
                    .unwrap_or_else(|| "the deployment failed".into());
                return Some(Step::Failed { why });
            }
            Phase::Cancelled => {
                return Some(Step::Cancelled {
                    why: "the deployment was cancelled".into(),
                });
            }
            Phase::Running => {
                let handle = crate::domain::act::Handle {
                    deployment: Some(deployment.id),
                    ..handle
                };
                return running(handle);
            }
            // Its run may be on its way there already, but nothing goes in yet.
            Phase::Queued => return None,
            Phase::Succeeded | Phase::Superseded => return Some(Step::Succeeded),
            Phase::Gated | Phase::Skipped | Phase::Unknown(_) => {}
        }
    }
    match run.map(|run| &run.phase) {
        Some(Phase::Failed) => Some(Step::Failed {
            why: "the run failed before it deployed".into(),
        }),
        Some(Phase::Cancelled) => Some(Step::Cancelled {
            why: "the run was cancelled".into(),
        }),
        Some(Phase::Running) => running(handle),
        Some(
            Phase::Queued
            | Phase::Gated
            | Phase::Succeeded
            | Phase::Skipped
            | Phase::Superseded
            | Phase::Unknown(_),
        )
        | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Handle;
    use crate::domain::gate::fixture::{WANTED, World, deployment};

    #[test]
    fn what_the_forge_has_taken_and_not_begun_is_not_said_to_run() {
        for (phase, said) in [(Phase::Queued, None), (Phase::Running, Some("running"))] {
            let mut world = World::new(Vec::new());
            let owner = "here".into();
            let handle = Handle::default();
            world.promotion(
                "production",
                &[Step::Sending { owner }, Step::Accepted { handle }],
            );
            let known = deployment(99, "production", WANTED, phase, 1);
            world.known().deployments.push(known);
            let ledger = world.ledger.as_ref().expect("a ledger");
            let promotion = ledger.open().next().expect("a promotion");
            let step = progress(promotion, world.facts.value().expect("facts"));
            assert_eq!(step.as_ref().map(Step::word), said);
        }
    }
}
