//! Deployments as a forge records them, and which of them is live. A promotion, which is ours,
//! lives in `promotion.rs`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, EnvironmentName, IntentId, JobId, Person, RunId, Sha};
use super::phase::Phase;
use super::pipeline::Run;

/// One deployment record of a forge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub id: DeploymentId,
    pub environment: EnvironmentName,
    pub sha: Sha,
    /// The branch or tag it was made from.
    pub git_ref: Option<String>,
    pub phase: Phase,
    /// The forge's own word, for the details pane.
    pub raw: String,
    pub created_at: Timestamp,
    /// When its phase last changed, by the forge's clock.
    pub changed_at: Timestamp,
    pub creator: Option<Person>,
    pub description: Option<String>,
    pub url: Option<String>,
    /// Our correlation key, if the deployment carries one.
    pub key: Option<IntentId>,
    /// What it declares of its environment, flattened (`runtime.java` → `21`), where that was asked
    /// for and the forge keeps some. Our own key is no part of it.
    pub payload: Option<BTreeMap<String, String>>,
    /// The job that makes it, where a forge deploys by jobs and tells which.
    #[serde(default)]
    pub made_by: Option<Maker>,
    /// When it began to run, where the forge tells that apart from when it was made: it may have waited
    /// long to be let in.
    #[serde(default)]
    pub began_at: Option<Timestamp>,
    /// When it came up, where the forge tells that also after something has replaced it.
    #[serde(default)]
    pub live_at: Option<Timestamp>,
}

/// The job by which a forge makes a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    pub run: RunId,
    pub job: JobId,
    pub name: String,
}

impl Deployment {
    /// When it began to run, as well as the forge tells.
    pub fn began(&self) -> Timestamp {
        self.began_at.unwrap_or(self.created_at)
    }

    /// When it came up, if it did. One that was replaced changed when its successor came, and few
    /// forges tell more of it.
    pub fn live_since(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Succeeded => Some(self.live_at.unwrap_or(self.changed_at)),
            Phase::Superseded => self.live_at,
            Phase::Queued
            | Phase::Running
            | Phase::Gated
            | Phase::Failed
            | Phase::Cancelled
            | Phase::Skipped
            | Phase::Unknown(_) => None,
        }
    }

    /// Since when it is as it is: since it came up, else since it last changed.
    pub fn since(&self) -> Timestamp {
        self.live_since().unwrap_or(self.changed_at)
    }

    /// How long it took to come up, or to fail. Made in one instant, it was told of and not watched:
    /// that says nothing.
    pub fn took(&self) -> Option<SignedDuration> {
        let ended = match self.phase {
            Phase::Succeeded | Phase::Superseded => self.live_since(),
            Phase::Failed | Phase::Cancelled | Phase::Skipped | Phase::Unknown(_) => {
                Some(self.changed_at)
            }
            Phase::Queued | Phase::Running | Phase::Gated => None,
        };
        let took = ended?.duration_since(self.began());
        took.is_positive().then_some(took)
    }

    /// The run that makes it: the forge tells which, or its page is below the run's.
    pub fn run(&self, runs: &[Run]) -> Option<RunId> {
        let told = self.made_by.as_ref().map(|maker| maker.run);
        told.or_else(|| {
            let page = self.url.as_deref()?;
            let makes = |run: &&Run| {
                let below = page.strip_prefix(run.url.as_str());
                !run.url.is_empty() && below.is_some_and(|it| it.is_empty() || it.starts_with('/'))
            };
            runs.iter().find(makes).map(|run| run.id)
        })
    }
}

/// Returns the live deployment of `environment`: of all that are up or were once up, the newest
/// whose phase is `Succeeded`.
///
/// `deployments` may come in any order. Compared by the forge's own creation time, so that a late
/// answer never turns the clock back. Source: "Which sha is live" follows GitHub's own rule, the
/// newest deployment whose latest status is `success`.
pub fn live<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
) -> Option<&'a Deployment> {
    newest_of(deployments, environment, |deployment| {
        deployment.phase == Phase::Succeeded
    })
}

/// Returns the newest deployment of `environment`, whatever became of it.
pub fn newest<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
) -> Option<&'a Deployment> {
    newest_of(deployments, environment, |_| true)
}

/// Returns the newest deployment of `environment` that has touched it: one that only waits to be let
/// in has not.
pub fn newest_entered<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
) -> Option<&'a Deployment> {
    newest_of(deployments, environment, |deployment| {
        deployment.phase != Phase::Gated
    })
}

/// Returns the newest deployment that is being made into `environment` and is newer than what is
/// live, whatever came after it: a newer one that only waits, or that failed, does not end it.
pub fn under_way<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
) -> Option<&'a Deployment> {
    let live = live(deployments, environment).map(age);
    newest_of(deployments, environment, |deployment| {
        matches!(deployment.phase, Phase::Queued | Phase::Running)
            && live.is_none_or(|live| age(deployment) > live)
    })
}

/// Returns the job that brought a revision into `environment` last, to be run again: each time makes a
/// job of its own, and only the newest can be.
///
/// `named` insists on a job of that name.
pub fn to_repeat<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
    sha: &Sha,
    named: Option<&str>,
) -> Option<&'a Maker> {
    let known = deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment && deployment.sha == *sha);
    let made = known.filter_map(|deployment| Some((deployment, deployment.made_by.as_ref()?)));
    made.filter(|(_, maker)| named.is_none_or(|named| maker.name == named))
        .max_by_key(|(deployment, _)| deployment.id)
        .filter(|(deployment, _)| !deployment.phase.is_in_flight())
        .map(|(_, maker)| maker)
}

/// By the forge's own creation time; of one instant, by number.
fn age(deployment: &Deployment) -> (Timestamp, DeploymentId) {
    (deployment.created_at, deployment.id)
}

fn newest_of<'a>(
    deployments: &'a [Deployment],
    environment: &EnvironmentName,
    counts: impl Fn(&Deployment) -> bool,
) -> Option<&'a Deployment> {
    deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment && counts(deployment))
        .max_by_key(|deployment| age(deployment))
}
