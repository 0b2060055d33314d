//! What the forge says of a service in a scene.

use super::*;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Head, Permission, Release, ServiceFacts};
use crate::domain::few::Few;
use crate::domain::ids::{DeploymentId, PullRequestNumber, RunId};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks, Run};
use crate::domain::pull_request::{ChangeState, PullRequest, Review};
use crate::domain::scope::{ChangedFile, Commit, Files, Relation, Scope, ScopedPullRequest};

pub(super) fn facts(plan: &Plan) -> ServiceFacts {
    let mut deployments = Vec::new();
    let mut id = 100;
    for (place, environment) in PATH.iter().enumerate() {
        let version = plan.live[place];
        let days = i64::try_from(place).unwrap() * 2 + 1;
        for (older, phase, description) in [
            (0, Phase::Succeeded, "weekly R26.07"),
            (7, Phase::Superseded, "weekly R26.06"),
            (9, Phase::Failed, "smoke test 2/9"),
            (14, Phase::Superseded, "weekly R26.05"),
        ] {
            id += 1;
            let version = if older == 0 {
                version.to_owned()
            } else {
                format!("{version}-w{older}")
            };
            deployments.push(Deployment {
                id: DeploymentId(id),
                environment: (*environment).into(),
                sha: sha(&version),
                git_ref: None,
                phase,
                raw: "ACTIVE".into(),
                created_at: ago((days + older) * DAY + 700),
                changed_at: ago((days + older) * DAY),
                creator: Some(person(if older == 9 { "eve" } else { "bob" })),
                description: Some(description.into()),
                url: None,
                key: None,
                payload: None,
                made_by: None,
                began_at: None,
                live_at: None,
            });
        }
    }
    let releases = plan
        .live
        .iter()
        .chain([&plan.live[2]])
        .flat_map(|version| [(*version).to_owned(), format!("{version}-w7")])
        .map(|version| Release {
            id: None,
            sha: Some(sha(&version)),
            tag: version,
            name: None,
            draft: false,
            prerelease: false,
            created_at: ago(3 * DAY),
            published_at: Some(ago(3 * DAY)),
            url: String::new(),
        })
        .collect();
    let head = sha(plan.live[0]);
    ServiceFacts {
        repo: format!("acme/{}", plan.name).into(),
        url: format!("https://github.com/acme/{}", plan.name),
        archived: false,
        permission: Permission::Write,
        default_branch: Some("main".into()),
        head: Some(Head {
            sha: head.clone(),
            headline: "retry idempotency key".into(),
            author: Some(person("eve")),
            at: Some(ago(2 * HOUR)),
        }),
        checks: Few::from([(head.clone(), checks(&head))]),
        environments: Vec::new(),
        deployments,
        runs: vec![run(plan, &head)],
        open_pull_requests: 3,
        pull_requests: pull_requests(plan.name),
        releases,
        labelled: std::collections::BTreeMap::new(),
        gaps: Vec::new(),
        hidden: Vec::new(),
    }
}

fn checks(sha: &Sha) -> Checks {
    let check = |name: &str, phase| Check {
        name: name.into(),
        phase,
        url: None,
        completed_at: Some(ago(HOUR)),
        report: None,
    };
    Checks {
        sha: sha.clone(),
        phase: Some(Phase::Running),
        succeeded: 2,
        failed: 0,
        pending: 1,
        total: 3,
        contexts: vec![
            check("build", Phase::Succeeded),
            check("unit", Phase::Succeeded),
            check("e2e", Phase::Running),
        ],
    }
}

/// A number that differs from service to service, so that lists of all are not all alike.
fn seed(name: &str) -> u64 {
    name.bytes().map(u64::from).sum::<u64>() % 40
}

fn run(plan: &Plan, sha: &Sha) -> Run {
    let seed = seed(plan.name);
    let waits = plan.gates != Gates::Level && plan.name != "ledger";
    let number = 790 + seed;
    let phase = match plan.name {
        "ledger" => Phase::Failed,
        _ if waits => Phase::Gated,
        _ => Phase::Succeeded,
    };
    Run {
        id: RunId(9_921),
        name: "deploy".into(),
        workflow: Some("deploy.yml".into()),
        title: Some("retry idempotency key".into()),
        number,
        attempt: 2,
        event: "push".into(),
        sha: sha.clone(),
        branch: Some("main".into()),
        phase,
        raw: "waiting".into(),
        url: format!("https://github.com/acme/{}/actions/runs/9921", plan.name),
        actor: Some(person("eve")),
        created_at: ago(2 * HOUR),
        updated_at: ago(i64::try_from(seed + 12).unwrap() * MINUTE),
        waiting: waits
            .then(|| crate::domain::pipeline::Waiting {
                environment: "prod".into(),
                door: crate::domain::pipeline::Door::Review(crate::domain::ids::EnvironmentId(7)),
                may_approve: true,
                reviewers: vec!["release-team".into()],
                wait_timer: SignedDuration::ZERO,
                wait_started_at: None,
            })
            .into_iter()
            .collect(),
    }
}

fn pull_requests(service: &str) -> Vec<PullRequest> {
    let seed = seed(service);
    let hours = i64::try_from(seed % 9 + 1).unwrap();
    let request = |number, title: &str, state, checks, labels: &[&str]| PullRequest {
        number: PullRequestNumber(number + seed),
        title: title.into(),
        author: Some(person("raj")),
        url: format!("https://github.com/acme/{service}/pull/{}", number + seed),
        head: sha(title),
        head_ref: format!("raj/{}", number + seed),
        base_ref: "main".into(),
        state,
        checks,
        raw: "MERGEABLE, REVIEW_REQUIRED".into(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        updated_at: ago(hours * HOUR),
    };
    vec![
        request(
            921,
            "round half-even for JPY",
            ChangeState::NeedsReview,
            Some(Phase::Succeeded),
            &[],
        ),
        request(
            923,
            "drop legacy_rate column from every table that still has it",
            ChangeState::ChecksFailed,
            Some(Phase::Failed),
            &["db-migration"],
        ),
        request(
            925,
            "端末の幅を測る",
            ChangeState::Ready,
            Some(Phase::Succeeded),
            &[],
        ),
    ]
}

pub(super) fn scope(plan: &Plan) -> Scope {
    let review = |name: &str| Review {
        author: person(name),
        approved: true,
        at: Some(ago(DAY)),
    };
    let request =
        |number, author: &str, title: &str, lines, reviews: Vec<Review>| ScopedPullRequest {
            number: PullRequestNumber(number),
            title: title.into(),
            body: String::new(),
            branch: Some(format!("pay-{number}")),
            author: Some(person(author)),
            merged_by: Some(person("ann")),
            url: String::new(),
            labels: if number == 917 {
                vec!["db-migration".into()]
            } else {
                Vec::new()
            },
            additions: Some(lines),
            deletions: Some(lines / 3),
            reviews,
        };
    Scope {
        base: sha(plan.live[2]),
        head: sha(plan.live[1]),
        relation: Relation::Ahead,
        total: 12,
        commits: (0..5)
            .map(|place| Commit {
                sha: sha(&format!("{}{place}", plan.name)),
                headline: [
                    "retry idempotency key",
                    "raise pool size to 64",
                    "migration 0042 add index",
                    "bump tls stack",
                    "fix flaky test",
                ][place]
                    .into(),
                message: String::new(),
                author: Some(person(["eve", "dee", "eve", "raj", "ann"][place])),
                has_account: true,
                is_forge_merge: false,
                at: Some(ago((i64::try_from(place).unwrap() + 1) * 9 * HOUR)),
                pull_requests: vec![PullRequestNumber([912, 915, 917, 918, 912][place])],
                checks: None,
            })
            .collect(),
        pull_requests: vec![
            request(
                912,
                "eve",
                "retry idempotency key",
                41,
                vec![review("bob"), review("dee")],
            ),
            request(915, "dee", "raise pool size to 64", 2, vec![review("bob")]),
            request(
                917,
                "eve",
                "migration 0042 add index",
                9,
                vec![review("raj")],
            ),
            request(918, "raj", "bump tls stack", 1, Vec::new()),
        ],
        complete: true,
        files: Some(Files {
            listed: [
                ("db/migrations/0042_add_index.sql", 9, 0),
                ("src/retry.rs", 38, 12),
                ("src/pool.rs", 2, 2),
            ]
            .into_iter()
            .map(|(path, additions, deletions)| ChangedFile {
                path: path.into(),
                was: None,
                additions,
                deletions,
            })
            .collect(),
            cut: false,
        }),
        url: None,
    }
}
