//! Services without a forge: the journal alone tells what is where. It makes the same facts of it that
//! a forge would give, so that every gate, screen and release judges them as it judges all others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::deployment::Deployment;
use super::facts::{Head, Permission, Release, ServiceFacts};
use super::few::Few;
use super::ids::{DeploymentId, Digest, IntentId, Sha};
use super::ledger::Ledger;
use super::phase::Phase;
use super::policy::Service;
use super::promotion::{Promotion, Purpose, State};
use super::scope::{Relation, Scope};

/// What the journal tells of a service.
pub fn facts(service: &Service, ledger: &Ledger) -> ServiceFacts {
    let mut deployments: Vec<Deployment> = Vec::new();
    for stage in &service.path {
        let promotions = ledger.promotions_of(&service.name, &stage.environment);
        let mut done: Vec<&Promotion> = promotions
            .filter(|one| one.intent.purpose == Purpose::Promotion)
            .filter(|one| one.state == State::Succeeded)
            .collect();
        done.sort_by_key(|one| (one.changed_at, &one.intent.id));
        for (place, one) in done.iter().enumerate() {
            let next = done.get(place + 1).map(|next| next.changed_at);
            deployments.push(deployment(one, next));
        }
    }
    deployments.sort_by_key(|one| std::cmp::Reverse((one.created_at, one.id)));
    let wanted = service.revision.as_deref().map(Sha::new);
    let mut known: BTreeSet<&Sha> = deployments.iter().map(|one| &one.sha).collect();
    known.extend(wanted.iter());
    let releases = known.into_iter().map(named).collect();
    ServiceFacts {
        repo: service.repo.clone(),
        url: String::new(),
        archived: false,
        permission: Permission::Unknown,
        default_branch: None,
        head: wanted.map(|sha| Head {
            sha,
            headline: String::new(),
            author: None,
            at: None,
        }),
        checks: Few::new(),
        environments: Vec::new(),
        deployments,
        runs: Vec::new(),
        open_pull_requests: 0,
        pull_requests: Vec::new(),
        releases,
        labelled: BTreeMap::new(),
        gaps: Vec::new(),
        hidden: Vec::new(),
    }
}

/// A promotion that people said they have made.
fn deployment(one: &Promotion, replaced_at: Option<Timestamp>) -> Deployment {
    let intent = &one.intent;
    let phase = match replaced_at {
        None => Phase::Succeeded,
        Some(_) => Phase::Superseded,
    };
    Deployment {
        id: number(&intent.id),
        environment: intent.environment.clone(),
        sha: intent.to.sha.clone(),
        git_ref: None,
        raw: phase.word().to_owned(),
        phase,
        // One ends before the next one is made, so that both orders are one.
        created_at: one.changed_at,
        changed_at: replaced_at.unwrap_or(one.changed_at),
        creator: Some(one.actor.clone()),
        description: Some(intent.reason.clone()),
        url: None,
        key: Some(intent.id.clone()),
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    }
}

/// The same number for the same intent, on every machine.
fn number(id: &IntentId) -> DeploymentId {
    let digest = Digest::of([id.as_str()]);
    let head = digest.as_str().get(..12).unwrap_or_default();
    DeploymentId(u64::from_str_radix(head, 16).unwrap_or_default())
}

/// What people call a revision is its version: no other name is behind it.
fn named(sha: &Sha) -> Release {
    Release {
        id: None,
        tag: sha.to_string(),
        name: None,
        draft: false,
        prerelease: false,
        sha: Some(sha.clone()),
        created_at: Timestamp::UNIX_EPOCH,
        published_at: None,
        url: String::new(),
    }
}

/// What stands between two revisions, which nobody keeps a list of: no commits that anybody wrote.
pub fn scope(base: &Sha, head: &Sha) -> Scope {
    Scope {
        base: base.clone(),
        head: head.clone(),
        relation: Relation::Ahead,
        total: 0,
        commits: Vec::new(),
        pull_requests: Vec::new(),
        complete: true,
        files: None,
        url: None,
    }
}

#[cfg(test)]
mod tests;
