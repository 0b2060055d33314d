//! Facts: what one read of a forge tells of one service. Policy and judgement do not live here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::deployment::{self, Deployment};
use super::few::Few;
use super::ids::{EnvironmentId, EnvironmentName, Person, ReleaseId, RepoPath, Sha};
use super::phase::Phase;
use super::pipeline::{Checks, Run};
use super::policy::Via;
use super::pull_request::PullRequest;

mod pointed;

/// What the token's user may do in a repository, by the forge's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Permission {
    Unknown,
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

/// Everything the board knows of one service's repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// The path as the forge spells it now; it differs from the configured one after a rename.
    pub repo: RepoPath,
    pub url: String,
    pub archived: bool,
    pub permission: Permission,
    pub default_branch: Option<String>,
    /// Head of the branch that the service is released from.
    pub head: Option<Head>,
    /// Checks of the revisions that matter: the head, and what stands in each environment.
    pub checks: Few<Sha, Checks>,
    pub environments: Vec<ForgeEnvironment>,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// Newest first: recent runs of the head, and every run that waits for approval.
    pub runs: Vec<Run>,
    pub open_pull_requests: u64,
    pub pull_requests: Vec<PullRequest>,
    pub releases: Vec<Release>,
    /// What is open with a label that blocks, by the label that was asked for. A label that is not
    /// here was not asked for, or what has it could not be read.
    pub labelled: BTreeMap<String, Labelled>,
    /// What could not be read, in words; the rest is good ("checks: not readable with this token").
    pub gaps: Vec<String>,
    /// What the forge hides of it from this token, as far as one read tells.
    #[serde(default)]
    pub hidden: Vec<Capability>,
}

/// The head of a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub sha: Sha,
    pub headline: String,
    pub author: Option<Person>,
    pub at: Option<Timestamp>,
}

/// An environment of the forge and what it asks of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgeEnvironment {
    pub name: EnvironmentName,
    pub id: Option<EnvironmentId>,
    pub required_reviewers: bool,
    pub prevent_self_review: bool,
    pub wait_timer: SignedDuration,
    pub branch_policy: bool,
}

/// A release of the forge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub id: Option<ReleaseId>,
    pub tag: String,
    pub name: Option<String>,
    pub draft: bool,
    pub prerelease: bool,
    /// The tagged commit, if the tag exists.
    pub sha: Option<Sha>,
    pub created_at: Timestamp,
    pub published_at: Option<Timestamp>,
    pub url: String,
}

/// The open issues and pull requests with one label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// How many there are; `shown` may hold fewer.
    pub total: u64,
    pub shown: Vec<Blocker>,
}

/// An open issue or pull request with a label that blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Issues and pull requests of a repository share their numbers.
    pub number: u64,
    pub is_pull_request: bool,
    pub title: String,
    pub author: Option<Person>,
    pub url: String,
    pub labels: Vec<String>,
}

/// The cheap read: enough to see that a service changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pulse {
    pub head: Option<Sha>,
    pub checks: Option<Phase>,
    /// `(id, environment, raw state, changed at)` of the newest deployments.
    pub deployments: Vec<(u64, String, String, Option<Timestamp>)>,
    /// How many pull requests are open; `None` where that was left out.
    pub pull_requests: Option<u64>,
    /// When the open pull request that changed last did, where the forge's cheap read tells.
    pub pull_requests_at: Option<Timestamp>,
    /// How many are open with each label that was asked for.
    pub labelled: Vec<(String, u64)>,
    pub latest_release: Option<String>,
    pub pushed_at: Option<Timestamp>,
}

impl ServiceFacts {
    /// Returns the version (release tag) that names `sha`, if one does.
    pub fn version_of(&self, sha: &Sha) -> Option<&str> {
        self.releases
            .iter()
            .filter(|release| !release.draft)
            .find(|release| release.sha.as_ref() == Some(sha))
            .map(|release| release.tag.as_str())
    }

    /// Says whether the forge asks for a review before anything comes into an environment.
    pub fn asks_for_review(&self, environment: &EnvironmentName) -> bool {
        let mut known = self.environments.iter();
        known.any(|known| known.name == *environment && known.required_reviewers)
    }

    /// Returns the open pull request that promotes by this way: the newest from its head into its base.
    pub fn promoting(&self, via: &Via) -> Option<&PullRequest> {
        let Via::PullRequest { base, head, .. } = via else {
            return None;
        };
        let requests = self.pull_requests.iter();
        requests
            .filter(|request| request.base_ref == *base && request.head_ref == *head)
            .max_by_key(|request| request.number)
    }

    /// Says whether a pulse and these facts can be of one state: a pulse that knows more confirms
    /// nothing. Of deployments, those into `environments` count: no others are read.
    pub fn agrees_with(&self, pulse: &Pulse, environments: &[&EnvironmentName]) -> bool {
        let head = self.head.as_ref().map(|head| &head.sha);
        let checks = head.and_then(|sha| self.checks.get(sha));
        let behind = pulse.deployments.iter().any(|(id, into, _, changed_at)| {
            let mut known = self.deployments.iter();
            match known.find(|known| known.id.0 == *id) {
                Some(known) => Some(known.changed_at) < *changed_at,
                None => environments.iter().any(|known| known.as_str() == into),
            }
        });
        head == pulse.head.as_ref()
            && checks.is_none_or(|checks| checks.phase == pulse.checks)
            && pulse
                .pull_requests
                .is_none_or(|open| open == self.open_pull_requests)
            && !behind
    }

    /// Says whether these facts are of an earlier state than `known`, whenever they were asked for: a
    /// forge may answer from a replica that lags behind. Some deployment has not come as far yet, or
    /// what is live in one of `environments` has not been heard of.
    pub fn lags_behind(&self, known: &Self, environments: &[&EnvironmentName]) -> bool {
        let mut both = self.deployments.iter().filter_map(|deployment| {
            let mut before = known.deployments.iter();
            Some((
                deployment,
                before.find(|before| before.id == deployment.id)?,
            ))
        });
        let age = |deployment: &Deployment| (deployment.created_at, deployment.id);
        both.any(|(now, before)| now.changed_at < before.changed_at)
            || environments.iter().any(|environment| {
                let live = deployment::live(&known.deployments, environment);
                let newest = deployment::newest(&self.deployments, environment);
                live.is_some_and(|live| {
                    // One that is known by its end alone turns out to have begun earlier: it is heard
                    // of all the same.
                    let heard = self.deployments.iter().any(|one| one.id == live.id);
                    !heard && newest.is_none_or(|newest| age(newest) < age(live))
                })
            })
    }
}
