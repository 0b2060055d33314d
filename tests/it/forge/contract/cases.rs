//! Every act there is, on each server: one that it takes, or the word that it refuses it with
//! before anything is sent.

use std::collections::BTreeMap;

use gonogo::domain::act::{MergeMethod, StatusState};
use gonogo::domain::ids::{DeploymentId, JobId, ReleaseId};
use gonogo::domain::pipeline::Door;

use super::*;

/// An act that a server takes, on a service where it is possible.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) service: &'static str,
    pub(super) act: Act,
}

/// The kinds of act. A new one does not compile until it is named here, and then [`samples`] must
/// have it.
fn kind(act: &Act) -> &'static str {
    match act {
        Act::Approve { .. } => "approve a run",
        Act::Reject { .. } => "reject a run",
        Act::ApproveDeployment { .. } => "approve a deployment",
        Act::RejectDeployment { .. } => "reject a deployment",
        Act::PlayJob { .. } => "play a job",
        Act::RetryJob { .. } => "run a job again",
        Act::CancelJob { .. } => "cancel a job",
        Act::RunPipeline { .. } => "run a pipeline",
        Act::CreateTag { .. } => "create a tag",
        Act::Dispatch { .. } => "dispatch",
        Act::CreateDeployment { .. } => "create a deployment",
        Act::MergePullRequest { .. } => "merge",
        Act::PublishRelease {
            release: Some(_), ..
        } => "publish a draft",
        Act::PublishRelease { release: None, .. } => "make a release",
        Act::Cancel { .. } => "cancel",
        Act::Rerun {
            failed_only: true, ..
        } => "rerun what failed",
        Act::Rerun {
            failed_only: false, ..
        } => "rerun",
        Act::ByHand => "by hand",
        Act::SetStatus { .. } => "set a status",
        // What holds leave on a forge is tried in `forge/brakes.rs`, on every server.
        Act::AddLabel { .. }
        | Act::RemoveLabel { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. } => "a brake",
    }
}

/// One of each kind, about nothing that is there.
pub(super) fn samples() -> Vec<(&'static str, Act)> {
    let (run, sha) = (RunId(7), Sha::from("a".repeat(40)));
    let (deployment, job) = (DeploymentId(8), JobId(9));
    let comment = String::new();
    let release = |release| Act::PublishRelease {
        release,
        tag: "v9.9.9".into(),
        target: sha.clone(),
        prerelease: false,
    };
    let acts = [
        Act::Approve {
            run,
            environments: vec![EnvironmentId(1)],
            comment: comment.clone(),
        },
        Act::Reject {
            run,
            environments: vec![EnvironmentId(1)],
            comment: comment.clone(),
        },
        Act::ApproveDeployment {
            run,
            deployment,
            job,
            comment: comment.clone(),
        },
        Act::RejectDeployment {
            run,
            deployment,
            comment,
        },
        Act::PlayJob {
            run,
            job,
            name: "deploy".into(),
        },
        Act::RetryJob {
            run,
            job,
            name: "deploy".into(),
        },
        Act::CancelJob {
            run,
            job,
            name: "deploy".into(),
        },
        Act::RunPipeline {
            git_ref: "main".into(),
            variables: BTreeMap::new(),
        },
        Act::CreateTag {
            tag: "v9.9.9".into(),
            target: sha.clone(),
        },
        Act::Dispatch {
            workflow: "deploy.yml".into(),
            git_ref: "main".into(),
            inputs: BTreeMap::new(),
        },
        Act::CreateDeployment {
            sha: sha.clone(),
            environment: "production".into(),
            description: "gonogo".into(),
        },
        Act::MergePullRequest {
            number: PullRequestNumber(1),
            head: sha.clone(),
            method: MergeMethod::Merge,
        },
        release(Some(ReleaseId(1))),
        release(None),
        Act::Cancel { run },
        Act::Rerun {
            run,
            failed_only: true,
        },
        Act::Rerun {
            run,
            failed_only: false,
        },
        Act::ByHand,
        Act::SetStatus {
            sha,
            context: "hold/production".into(),
            state: StatusState::Failure,
            description: "held".into(),
            target_url: None,
        },
    ];
    acts.into_iter().map(|act| (kind(&act), act)).collect()
}

/// Why a server has no such act: words of the refusal that the operator reads.
pub(super) fn lacking(server: Server, name: &str) -> Option<&'static str> {
    let forgejo = matches!(
        server,
        Server::Forgejo | Server::ForgejoTasks | Server::Gitea
    );
    match name {
        // GitHub's gates; GitLab asks for the deployment, Forgejo and Gitea ask nobody.
        "approve a run" | "reject a run" | "dispatch" if server == Server::GitLab => {
            Some("GitLab has no such call")
        }
        "approve a run" | "reject a run" if forgejo => Some("cannot approve or reject a run"),
        // GitLab's.
        "approve a deployment"
        | "reject a deployment"
        | "play a job"
        | "run a job again"
        | "cancel a job"
        | "run a pipeline"
            if server == Server::GitHub =>
        {
            Some("GitHub has no such call")
        }
        "approve a deployment" | "reject a deployment" | "create a deployment" if forgejo => {
            Some("cannot keep deployments")
        }
        "play a job" | "run a job again" if forgejo => Some("cannot start a single job"),
        "cancel a job" if forgejo => Some("cannot stop a single job"),
        "run a pipeline" if forgejo => Some("cannot start a pipeline without a workflow"),
        // A release of GitLab's is never a draft; a pipeline is run again by its failed jobs alone.
        "publish a draft" | "rerun" if server == Server::GitLab => Some("GitLab has no such call"),
        // By versions: Forgejo 16 cancels, 17 runs again; Gitea does neither by 1.25.
        "cancel" if matches!(server, Server::ForgejoTasks | Server::Gitea) => {
            Some("cannot cancel a run")
        }
        "rerun" if forgejo => Some("cannot run a run again"),
        "rerun what failed" if forgejo => Some("cannot run only what failed again"),
        "by hand" => Some(match server {
            Server::GitHub => "GitHub has no such call",
            Server::GitLab => "GitLab has no such call",
            Server::Forgejo | Server::ForgejoTasks | Server::Gitea => "by hand",
        }),
        _ => None,
    }
}

/// Brings a server to where every act that it has is possible, and returns these.
pub(super) async fn possible(bench: &Bench) -> Vec<Case> {
    let acts = match bench.server {
        Server::GitHub => github(bench),
        Server::GitLab => gitlab(bench).await,
        Server::Forgejo | Server::ForgejoTasks => forgejo(bench).await,
        Server::Gitea => gitea(bench).await,
    };
    let cases: Vec<Case> = acts
        .into_iter()
        .map(|(service, act)| Case {
            name: kind(&act),
            service,
            act,
        })
        .collect();
    for (name, _) in samples() {
        let has = cases.iter().filter(|it| it.name == name).count();
        let lacks = lacking(bench.server, name).is_some();
        assert_eq!(
            has,
            usize::from(!lacks),
            "{:?}: {name} is tried, or there is a reason",
            bench.server
        );
    }
    cases
}

fn inputs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn hold(sha: Sha) -> Act {
    Act::SetStatus {
        sha,
        context: "hold/production".into(),
        state: StatusState::Failure,
        description: "held".into(),
        target_url: None,
    }
}

fn github(bench: &Bench) -> Vec<(&'static str, Act)> {
    let state = bench.sim.state();
    let newest = |name: &str, wanted: &dyn Fn(&Run) -> bool| {
        let repo = bench.repo(name);
        RunId(repo.runs.iter().rev().find(|it| wanted(it)).unwrap().id)
    };
    let failed = |it: &Run| it.conclusion == Some(sim::model::Conclusion::Failure);
    let (number, head) = promotion_pull(&state);
    let (rejected, environment) = waiting(&state, "notify", "production");
    let web = bench.repo("web");
    let draft = web.releases.iter().find(|it| it.draft).unwrap();
    let given = [
        ("environment", "production"),
        ("revision", "v9.0.1"),
        ("gonogo", "it-7f3a"),
    ];
    vec![
        ("api-gateway", approve(&state, "api-gateway")),
        (
            "notify",
            Act::Reject {
                run: RunId(rejected.id),
                environments: vec![EnvironmentId(environment)],
                comment: String::new(),
            },
        ),
        (
            "checkout",
            Act::Dispatch {
                workflow: "deploy.yml".into(),
                git_ref: "main".into(),
                inputs: inputs(&given),
            },
        ),
        (
            "search",
            Act::CreateDeployment {
                sha: bench.head("search"),
                environment: "production".into(),
                description: "gonogo".into(),
            },
        ),
        (
            "auth",
            Act::MergePullRequest {
                number,
                head,
                method: MergeMethod::Merge,
            },
        ),
        (
            "web",
            Act::PublishRelease {
                release: Some(ReleaseId(draft.id)),
                tag: draft.tag.clone(),
                target: bench.head("web"),
                prerelease: false,
            },
        ),
        (
            "geo",
            Act::PublishRelease {
                release: None,
                tag: "v77.0.0".into(),
                target: bench.head("geo"),
                prerelease: false,
            },
        ),
        (
            "geo",
            Act::CreateTag {
                tag: "v78.0.0".into(),
                target: bench.head("geo"),
            },
        ),
        (
            "fraud-ml",
            Act::Cancel {
                run: newest("fraud-ml", &|it| {
                    it.status == sim::model::RunStatus::InProgress
                }),
            },
        ),
        (
            "ledger",
            Act::Rerun {
                run: newest("ledger", &failed),
                failed_only: true,
            },
        ),
        (
            "mailer",
            Act::Rerun {
                run: newest("mailer", &Run::done),
                failed_only: false,
            },
        ),
        ("geo", hold(bench.head("geo"))),
    ]
}

async fn gitlab(bench: &Bench) -> Vec<(&'static str, Act)> {
    bench.play(
        "invoices",
        r#"{ do = "push", by = "lena", text = "Break it", fate = { unit = "failure" } }"#,
    );
    bench.advance(600);
    bench.play(
        "reports",
        r#"{ do = "push", by = "bob", text = "Add weeks" }"#,
    );
    bench.advance(20);
    let door = async |name: &str| {
        let facts = bench.board(name).await;
        let run = facts.runs.iter().find(|run| !run.waiting.is_empty());
        let run = run.unwrap_or_else(|| panic!("{name} waits for nobody: {:?}", facts.runs));
        (run.id, run.waiting[0].door.clone())
    };
    let (blocked, door_of_orders) = door("orders").await;
    let Door::Deployment {
        deployment, job, ..
    } = door_of_orders
    else {
        panic!("{door_of_orders:?}")
    };
    let (manual, door_of_gateway) = door("gateway").await;
    let Door::Job {
        job: manual_job,
        name,
    } = door_of_gateway
    else {
        panic!("{door_of_gateway:?}")
    };
    let portal = bench.board("portal").await;
    let mut pulls = portal.pull_requests.iter();
    let pull = pulls.find(|it| it.base_ref == "production").unwrap();
    let of = async |name: &str, wanted: fn(&gonogo::domain::phase::Phase) -> bool| {
        let facts = bench.board(name).await;
        let run = facts.runs.iter().find(|run| wanted(&run.phase));
        run.unwrap_or_else(|| panic!("{name}: {:?}", facts.runs)).id
    };
    let running = of("reports", gonogo::domain::phase::Phase::is_in_flight).await;
    let failed = of("invoices", |phase| {
        *phase == gonogo::domain::phase::Phase::Failed
    })
    .await;
    let head = bench.head("gateway");
    let jobs = bench.forge.jobs(&bench.path("reports"), running).await;
    let jobs = jobs.unwrap();
    let mut jobs = jobs.iter();
    let runs = jobs.find(|job| job.phase == gonogo::domain::phase::Phase::Running);
    let runs = runs.expect("a job of reports runs");
    let gateway = bench.board("gateway").await;
    let before = gateway.deployments.iter().find(|known| {
        known.environment.as_str() == "production"
            && known.phase == gonogo::domain::phase::Phase::Superseded
    });
    let before = before.and_then(|known| known.made_by.clone());
    let before = before.expect("a job brought what was live before");
    vec![
        (
            "reports",
            Act::CancelJob {
                run: running,
                job: runs.id,
                name: runs.name.clone(),
            },
        ),
        (
            "gateway",
            Act::RetryJob {
                run: before.run,
                job: before.job,
                name: before.name,
            },
        ),
        (
            "orders",
            Act::ApproveDeployment {
                run: blocked,
                deployment,
                job,
                comment: "all green".into(),
            },
        ),
        (
            "orders",
            Act::RejectDeployment {
                run: blocked,
                deployment,
                comment: "not tonight".into(),
            },
        ),
        (
            "gateway",
            Act::PlayJob {
                run: manual,
                job: manual_job,
                name,
            },
        ),
        (
            "reports",
            Act::RunPipeline {
                git_ref: "main".into(),
                variables: inputs(&[("ENVIRONMENT", "production"), ("REVISION", "v0.10.0")]),
            },
        ),
        (
            "gateway",
            Act::CreateTag {
                tag: "v78.0.0".into(),
                target: head.clone(),
            },
        ),
        (
            "portal",
            Act::CreateDeployment {
                sha: bench.head("portal"),
                environment: "production".into(),
                description: "gonogo".into(),
            },
        ),
        (
            "portal",
            Act::MergePullRequest {
                number: pull.number,
                head: pull.head.clone(),
                method: MergeMethod::Merge,
            },
        ),
        (
            "gateway",
            Act::PublishRelease {
                release: None,
                tag: "v77.0.0".into(),
                target: head.clone(),
                prerelease: false,
            },
        ),
        ("reports", Act::Cancel { run: running }),
        (
            "invoices",
            Act::Rerun {
                run: failed,
                failed_only: true,
            },
        ),
        ("gateway", hold(head)),
    ]
}

async fn forgejo(bench: &Bench) -> Vec<(&'static str, Act)> {
    bench.play(
        "pilot",
        r#"{ do = "open", by = "alice", head = "main", base = "production", text = "Promote" }"#,
    );
    bench.play(
        "harbour",
        r#"{ do = "push", by = "ines", text = "Count again" }"#,
    );
    bench.advance(30);
    let pilot = bench.board("pilot").await;
    let pull = &pilot.pull_requests[0];
    let almanac = bench.board("almanac").await;
    let draft = almanac.releases.iter().find(|it| it.draft).unwrap();
    let harbour = bench.board("harbour").await;
    let running = harbour.runs.iter().find(|it| it.phase.is_in_flight());
    let given = [
        ("environment", "production"),
        ("revision", "v3.2.0"),
        ("gonogo", "it-7f3a"),
    ];
    let head = bench.head("harbour");
    let mut acts = vec![
        (
            "pilot",
            Act::MergePullRequest {
                number: pull.number,
                head: pull.head.clone(),
                method: MergeMethod::Merge,
            },
        ),
        (
            "almanac",
            Act::PublishRelease {
                release: draft.id,
                tag: draft.tag.clone(),
                target: draft.sha.clone().unwrap(),
                prerelease: false,
            },
        ),
        (
            "harbour",
            Act::PublishRelease {
                release: None,
                tag: "v77.0.0".into(),
                target: head.clone(),
                prerelease: false,
            },
        ),
        (
            "harbour",
            Act::CreateTag {
                tag: "v78.0.0".into(),
                target: head.clone(),
            },
        ),
        ("harbour", hold(head)),
        (
            "harbour",
            Act::Dispatch {
                workflow: "deploy.yml".into(),
                git_ref: "main".into(),
                inputs: inputs(&given),
            },
        ),
    ];
    if bench.server == Server::Forgejo {
        let run = running.unwrap().id;
        acts.push(("harbour", Act::Cancel { run }));
    }
    acts
}

async fn gitea(bench: &Bench) -> Vec<(&'static str, Act)> {
    bench.play(
        "lighthouse",
        r#"{ do = "open", by = "ines", head = "topic/lamps", text = "Count the lamps", approved = ["carol"] }"#,
    );
    bench.play(
        "lighthouse",
        r#"{ do = "release", by = "ines", tag = "v0.9.1", text = "Lamps.", draft = true }"#,
    );
    bench.advance(600);
    let facts = bench.board("lighthouse").await;
    let mut pulls = facts.pull_requests.iter();
    let pull = pulls.find(|it| it.head_ref == "topic/lamps").unwrap();
    let draft = facts.releases.iter().find(|it| it.draft).unwrap();
    let head = bench.head("lighthouse");
    vec![
        (
            "lighthouse",
            Act::MergePullRequest {
                number: pull.number,
                head: pull.head.clone(),
                method: MergeMethod::Merge,
            },
        ),
        (
            "lighthouse",
            Act::PublishRelease {
                release: draft.id,
                tag: draft.tag.clone(),
                target: head.clone(),
                prerelease: false,
            },
        ),
        (
            "lighthouse",
            Act::PublishRelease {
                release: None,
                tag: "v77.0.0".into(),
                target: head.clone(),
                prerelease: false,
            },
        ),
        (
            "lighthouse",
            Act::CreateTag {
                tag: "v78.0.0".into(),
                target: head.clone(),
            },
        ),
        ("lighthouse", hold(head)),
        (
            "lighthouse",
            Act::Dispatch {
                workflow: "deploy-production.yml".into(),
                git_ref: "v0.9.0".into(),
                inputs: inputs(&[("gonogo", "it-7f3a")]),
            },
        ),
    ]
}
