//! A forge of an evening, in memory: repositories whose deployments, runs and checks move with
//! time, a record of every write, and reads that may lag behind. What acts do lives in
//! `forge/acts.rs`, what happens by itself in `forge/moves.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::chance::Chance;
use super::hosts::{Host, Hosts, is_keyless};
use super::policy::SERVICES;
use crate::domain::act::{Act, Handle};
use crate::domain::brake::Mark;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Head, Permission, Pulse, ServiceFacts};
use crate::domain::few::Few;
use crate::domain::ids::{
    DeploymentId, EnvironmentName, ForgeName, IntentId, Person, PullRequestNumber, RepoPath, RunId,
    Sha,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks};
use crate::domain::policy::{Policy, Stage};
use crate::domain::pull_request::Review;
use crate::domain::scope::{Commit, Relation, Scope, ScopedPullRequest};

mod acts;
mod again;
mod marks;
mod moves;
mod people;

use marks::Marks;

/// One forge.
#[derive(Debug)]
pub struct Forge {
    pub host: Host,
    pub repos: BTreeMap<RepoPath, Repo>,
    pub down_until: Option<Timestamp>,
    /// Every write that happened, in order: the forge's own record.
    pub writes: Vec<Write>,
}

/// A write that happened.
#[derive(Clone, Debug)]
pub struct Write {
    pub at: Timestamp,
    pub key: IntentId,
    pub act: Act,
    pub handle: Handle,
}

/// One repository.
#[derive(Debug)]
pub struct Repo {
    host: Host,
    pub truth: ServiceFacts,
    pub marks: Marks,
    tags: BTreeMap<String, (Sha, Timestamp)>,
    /// The branch, oldest first.
    commits: Vec<Sha>,
    /// What a merge made, and of what.
    merged: BTreeMap<Sha, Sha>,
    /// Who approved the change that brought a commit.
    approvals: BTreeMap<Sha, Vec<Review>>,
    path: Vec<Stage>,
    /// Which write a deployment stems from; `None` if somebody made it past gonogo. The forge tells
    /// nobody.
    pub made_by: BTreeMap<DeploymentId, Option<IntentId>>,
    /// What a run was let into, or waits for.
    door: BTreeMap<RunId, EnvironmentName>,
    /// The last deployment that a run has made, and for whom.
    last_of: BTreeMap<RunId, DeploymentId>,
    coming: Vec<(Timestamp, Change)>,
    history: Vec<(Timestamp, Arc<ServiceFacts>)>,
    ids: u64,
}

/// What will happen by itself.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    Deployment(DeploymentId, Phase),
    Run(RunId, Phase),
    Check(Sha, usize, Phase),
    /// A run or merge comes to its deployment.
    Deploy {
        environment: EnvironmentName,
        sha: Sha,
        key: Option<IntentId>,
        /// The write that it stems from, whether or not the forge shows its key.
        cause: Option<IntentId>,
        run: Option<RunId>,
    },
}

impl Forge {
    /// The forges of a policy, by name.
    pub fn all(
        chance: &mut Chance,
        policy: &Policy,
        hosts: &Hosts,
        now: Timestamp,
    ) -> BTreeMap<ForgeName, Self> {
        let mut forges: BTreeMap<ForgeName, Self> = BTreeMap::new();
        for service in &policy.services {
            let place = SERVICES
                .iter()
                .position(|name| *name == service.name.as_str());
            let host = hosts[place.unwrap_or(0)];
            let forge = forges.entry(service.forge.clone()).or_insert_with(|| Self {
                host,
                repos: BTreeMap::new(),
                down_until: None,
                writes: Vec::new(),
            });
            let repo = Repo::new(chance, host, &service.repo, service.path.clone(), now);
            forge.repos.insert(service.repo.clone(), repo);
        }
        forges
    }

    pub fn is_down(&self, now: Timestamp) -> bool {
        self.down_until.is_some_and(|until| now < until)
    }

    /// Looks for what an act has done, as of `at`: by its key, or where it carries none by what is
    /// there.
    pub fn find(
        &self,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        at: Timestamp,
        now: Timestamp,
    ) -> Option<Handle> {
        if is_keyless(act) {
            return self.repos.get(repo)?.find(act, at, now);
        }
        let found = self
            .writes
            .iter()
            .find(|write| write.key == *key && write.at <= at);
        found.map(|write| write.handle.clone())
    }
}

impl Repo {
    fn new(
        chance: &mut Chance,
        host: Host,
        repo: &RepoPath,
        path: Vec<Stage>,
        now: Timestamp,
    ) -> Self {
        let truth = ServiceFacts {
            repo: repo.clone(),
            url: format!("https://forge.example/{repo}"),
            archived: false,
            permission: Permission::Write,
            default_branch: Some("main".to_owned()),
            head: None,
            checks: Few::new(),
            environments: Vec::new(),
            deployments: Vec::new(),
            runs: Vec::new(),
            open_pull_requests: 0,
            pull_requests: Vec::new(),
            releases: Vec::new(),
            gaps: Vec::new(),
            hidden: Vec::new(),
            labelled: BTreeMap::new(),
        };
        let mut repo = Self {
            host,
            truth,
            marks: Marks::default(),
            tags: BTreeMap::new(),
            commits: Vec::new(),
            merged: BTreeMap::new(),
            approvals: BTreeMap::new(),
            path,
            made_by: BTreeMap::new(),
            door: BTreeMap::new(),
            last_of: BTreeMap::new(),
            coming: Vec::new(),
            history: Vec::new(),
            ids: 100,
        };
        // Each environment has what the one before it had one push ago.
        let begun = now - SignedDuration::from_hours(2);
        let stages = repo.path.clone();
        for pushed in 0..=stages.len() + 1 {
            let at = begun + SignedDuration::from_mins(10 * i64::try_from(pushed).unwrap_or(0));
            repo.push(chance, at);
            let shas = repo.commits.clone();
            for (place, stage) in stages.iter().enumerate().take(pushed) {
                let sha = shas[shas.len() - 2 - place].clone();
                repo.deployed_before(&stage.environment, sha, at);
            }
        }
        let all_green = repo.coming.iter_mut();
        for (at, change) in all_green {
            if let Change::Check(_, _, phase) = change {
                *at = begun;
                *phase = Phase::Succeeded;
            }
        }
        repo.advance(chance, now);
        // What came last has been verified in the first environment in half of the evenings.
        if chance.percent(50) {
            let sha = repo.commits[repo.commits.len() - 1].clone();
            let environment = stages[0].environment.clone();
            repo.deployed_before(
                &environment,
                sha.clone(),
                now - SignedDuration::from_mins(5),
            );
            repo.arrived(chance, &environment, &sha, now);
        }
        repo.keep(now - SignedDuration::from_mins(3));
        repo
    }

    /// Looks for what a keyless act has done.
    fn find(&self, act: &Act, at: Timestamp, now: Timestamp) -> Option<Handle> {
        if let Act::CreateTag { tag, target } = act {
            let found = self.tags.get(tag);
            let found = found.filter(|(sha, made)| sha == target && *made <= at);
            return found.map(|(sha, _)| Handle {
                sha: Some(sha.clone()),
                ..Handle::default()
            });
        }
        self.marks.find(act, at, now).map(|freeze| Handle {
            freeze,
            ..Handle::default()
        })
    }

    /// Says whether what a keyless act does was ever so, whoever did it.
    pub fn bore(&self, act: &Act) -> bool {
        if let Act::CreateTag { tag, target } = act {
            return self.tags.get(tag).is_some_and(|(sha, _)| sha == target);
        }
        let ever = Mark::of(act).map(|mark| self.marks.ever(&mark));
        let (there, gone) = ever.unwrap_or_default();
        match act {
            Act::AddLabel { .. } | Act::Freeze { .. } => there,
            Act::RemoveLabel { .. } | Act::Unfreeze { .. } => gone,
            _ => false,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Keeps the picture that reads from now on give.
    fn keep(&mut self, now: Timestamp) {
        if self
            .history
            .last()
            .is_none_or(|(_, known)| **known != self.truth)
        {
            self.history.push((now, Arc::new(self.truth.clone())));
        }
    }

    /// What a read that lags behind until `at` tells.
    pub fn facts(&self, at: Timestamp) -> Arc<ServiceFacts> {
        let known = self.history.iter().rfind(|(from, _)| *from <= at);
        let (_, facts) = known.unwrap_or(&self.history[0]);
        Arc::clone(facts)
    }

    /// The commits between two revisions, as the forge tells them.
    pub fn scope(&self, base: &Sha, head: &Sha, named_checks: bool) -> Scope {
        let place = |sha: &Sha| {
            let sha = self.merged.get(sha).unwrap_or(sha);
            self.commits.iter().position(|known| known == sha)
        };
        let (from, to) = (place(base), place(head));
        let (relation, between) = match (from, to) {
            _ if base == head => (Relation::Identical, &self.commits[..0]),
            (Some(from), Some(to)) if from < to => (Relation::Ahead, &self.commits[from + 1..=to]),
            (Some(_), Some(_)) => (Relation::Behind, &self.commits[..0]),
            _ => (
                Relation::Unknown("no such commit".to_owned()),
                &self.commits[..0],
            ),
        };
        let number = |sha: &Sha| {
            let place = self.commits.iter().position(|known| known == sha);
            PullRequestNumber(1_000 + place.unwrap_or(0) as u64)
        };
        Scope {
            base: base.clone(),
            head: head.clone(),
            relation,
            total: between.len() as u64,
            commits: between
                .iter()
                .rev()
                .map(|sha| Commit {
                    sha: sha.clone(),
                    headline: "change".to_owned(),
                    message: String::new(),
                    author: Some(Person::from("eve")),
                    has_account: true,
                    is_forge_merge: false,
                    at: None,
                    pull_requests: vec![number(sha)],
                    checks: self.truth.checks.get(sha).cloned().filter(|_| named_checks),
                })
                .collect(),
            pull_requests: between
                .iter()
                .map(|sha| ScopedPullRequest {
                    number: number(sha),
                    title: "change".to_owned(),
                    body: String::new(),
                    branch: None,
                    merged_by: None,
                    author: Some(Person::from("eve")),
                    url: "https://forge.example/pull".to_owned(),
                    labels: Vec::new(),
                    additions: None,
                    deletions: None,
                    reviews: self.approvals.get(sha).cloned().unwrap_or_default(),
                })
                .collect(),
            complete: true,
            files: None,
            url: None,
        }
    }

    /// Says whether `sha` brings `wanted`: it is it, or the merge of it.
    pub fn brings(&self, sha: &Sha, wanted: &Sha) -> bool {
        sha == wanted || self.merged.get(sha) == Some(wanted)
    }
}

/// The cheap read of the same picture.
pub fn pulse(facts: &ServiceFacts) -> Pulse {
    let head = facts.head.as_ref().map(|head| head.sha.clone());
    let checks = head.as_ref().and_then(|sha| facts.checks.get(sha));
    Pulse {
        labelled: Vec::new(),
        checks: checks.and_then(|checks| checks.phase.clone()),
        head,
        deployments: facts
            .deployments
            .iter()
            .rev()
            .take(10)
            .map(|deployment| {
                let environment = deployment.environment.to_string();
                let changed_at = Some(deployment.changed_at);
                (
                    deployment.id.0,
                    environment,
                    deployment.raw.clone(),
                    changed_at,
                )
            })
            .collect(),
        pull_requests: Some(facts.open_pull_requests),
        pull_requests_at: None,
        latest_release: facts.releases.first().map(|release| release.tag.clone()),
        pushed_at: facts.head.as_ref().and_then(|head| head.at),
    }
}

/// Rolls contexts up as a forge does.
fn rolled(sha: &Sha, contexts: Vec<Check>) -> Checks {
    let count = |wanted: &[Phase]| {
        let found = contexts
            .iter()
            .filter(|check| wanted.contains(&check.phase));
        u32::try_from(found.count()).unwrap_or(u32::MAX)
    };
    Checks {
        sha: sha.clone(),
        phase: Phase::worst(contexts.iter().map(|check| &check.phase)).cloned(),
        succeeded: count(&[Phase::Succeeded]),
        failed: count(&[Phase::Failed]),
        pending: count(&[Phase::Queued, Phase::Running]),
        total: u32::try_from(contexts.len()).unwrap_or(u32::MAX),
        contexts,
    }
}

fn head(sha: &Sha, at: Timestamp) -> Head {
    Head {
        sha: sha.clone(),
        headline: "change".to_owned(),
        author: Some(Person::from("eve")),
        at: Some(at),
    }
}

/// A deployment that has just been made.
fn deployment(
    id: u64,
    environment: &EnvironmentName,
    sha: Sha,
    phase: Phase,
    at: Timestamp,
) -> Deployment {
    Deployment {
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
        id: DeploymentId(id),
        environment: environment.clone(),
        sha,
        git_ref: None,
        raw: phase.word().to_owned(),
        phase,
        created_at: at,
        changed_at: at,
        creator: Some(Person::from("robot")),
        description: None,
        url: None,
        key: None,
    }
}
