//! Every act: one request, the change that it makes on the forge, and finding it again by reading.

use std::collections::BTreeMap;

use gonogo::domain::act::{Handle, MergeMethod, Outcome, StatusState};
use gonogo::domain::forge_kind::ForgeKind;
use gonogo::domain::ids::{DeploymentId, ReleaseId};
use gonogo::forge::Forge;
use gonogo::sim::model::{Conclusion, PullState, RunStatus};
use serde_json::json;

use super::*;

/// Sends an act, checks that it was one request to `path`, and returns its handle.
async fn done(site: &Site, name: &str, act: &Act, path: &str) -> Handle {
    let sent_at = clock::now();
    let before = site.writes().len();
    let found = site.github.find(&repo(name), act, &key(), sent_at).await;
    assert_eq!(found.unwrap(), None, "nothing is there before it is sent");
    let outcome = site.github.act(&repo(name), act, &key()).await;
    let Outcome::Accepted(handle) = outcome else {
        panic!("{act:?}: {outcome:?}");
    };
    let writes = site.writes();
    assert_eq!(writes.len(), before + 1, "{act:?} is one request");
    let last = writes.last().unwrap();
    assert!(last.path.contains(path), "{} for {path}", last.path);
    // The verb and path shown to the operator are the ones sent.
    let call = act.call(ForgeKind::GitHub, repo(name).as_str());
    let (verb, rest) = call.split_once(' ').unwrap();
    assert_eq!(last.method, verb);
    let shown = rest.split(' ').next().unwrap();
    if !matches!(act, Act::SetStatus { .. }) {
        assert!(last.path.ends_with(shown), "{} is not {shown}", last.path);
    }
    handle
}

/// Looks for what the act made, until the forge shows it.
async fn found(site: &Site, name: &str, act: &Act) -> Handle {
    site.advance(3);
    let sent_at = clock::now();
    let found = site
        .github
        .find(&repo(name), act, &key(), sent_at)
        .await
        .unwrap();
    found.unwrap_or_else(|| panic!("{act:?} is not found"))
}

#[tokio::test]
async fn an_approval_lets_the_waiting_run_go_on() {
    let site = Site::evening().await;
    let act = approve(&site.sim.state(), "api-gateway");
    let run = act.run().unwrap();
    let handle = done(&site, "api-gateway", &act, "/pending_deployments").await;
    assert_eq!(handle.run, Some(run));
    let state = site.sim.state();
    let repo = repository(&state, "api-gateway");
    let run = repo.run(run.0).unwrap();
    let said = run.approvals.last().unwrap();
    assert!(said.approved && said.login == "alice");
    assert_eq!(said.comment, format!("all green [gonogo {}]", key()));
    assert!(repo.pending(run).is_empty(), "it waits no longer");
    assert_eq!(
        found(&site, "api-gateway", &act).await.run,
        Some(RunId(run.id))
    );
    site.advance(200);
    let state = site.sim.state();
    let run = repository(&state, "api-gateway")
        .run(run.id)
        .unwrap()
        .clone();
    assert_eq!(run.status, RunStatus::Completed);
}

#[tokio::test]
async fn a_rejection_ends_the_waiting_run() {
    let site = Site::evening().await;
    let (run, environment) = waiting(&site.sim.state(), "notify", "production");
    let act = Act::Reject {
        run: RunId(run.id),
        environments: vec![EnvironmentId(environment)],
        comment: String::new(),
    };
    done(&site, "notify", &act, "/pending_deployments").await;
    found(&site, "notify", &act).await;
    let state = site.sim.state();
    let run = repository(&state, "notify").run(run.id).unwrap().clone();
    assert!(!run.approvals.last().unwrap().approved);
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

fn dispatch() -> Act {
    Act::Dispatch {
        workflow: "deploy.yml".into(),
        git_ref: "main".into(),
        inputs: BTreeMap::from([
            ("environment".into(), "production".into()),
            ("revision".into(), "v9.0.1".into()),
            ("gonogo".into(), key().to_string()),
        ]),
    }
}

#[tokio::test]
async fn a_dispatch_answers_with_its_run() {
    let site = Site::evening().await;
    let handle = done(&site, "checkout", &dispatch(), "/deploy.yml/dispatches").await;
    let again = found(&site, "checkout", &dispatch()).await;
    assert_eq!(again.run, handle.run);
    let state = site.sim.state();
    let repo = repository(&state, "checkout");
    let run = repo.run(handle.run.unwrap().0).unwrap();
    assert_eq!(
        (run.event.as_str(), run.inputs["revision"].as_str()),
        ("workflow_dispatch", "v9.0.1")
    );
    site.advance(120);
    let state = site.sim.state();
    let repo = repository(&state, "checkout");
    let newest = repo.deployments_to("production").next().unwrap();
    assert_eq!(
        newest.sha,
        repo.tag("v9.0.1").unwrap().sha,
        "it deploys what was named"
    );
}

#[tokio::test]
async fn a_dispatch_on_an_enterprise_server_finds_its_run_by_looking() {
    let site = Site::enterprise().await;
    let identity = site.github.identify().await.unwrap();
    assert!(identity.version.is_some());
    let runs = repository(&site.sim.state(), "checkout").runs.len();
    let handle = done(&site, "checkout", &dispatch(), "/deploy.yml/dispatches").await;
    let again = found(&site, "checkout", &dispatch()).await;
    let state = site.sim.state();
    let repo = repository(&state, "checkout");
    assert_eq!(repo.runs.len(), runs + 1);
    let newest = RunId(repo.runs.last().unwrap().id);
    assert_eq!(again.run, Some(newest));
    // The looks right after it may be too early for the forge, never wrong.
    assert!(handle.run.is_none_or(|run| run == newest));
}

#[tokio::test]
async fn a_created_deployment_is_of_the_revision_and_carries_the_key() {
    let site = Site::evening().await;
    let sha = head(&site.sim.state(), "search");
    let act = Act::CreateDeployment {
        sha: sha.clone(),
        environment: EnvironmentName::from("production"),
        description: "gonogo promotes".into(),
    };
    let handle = done(&site, "search", &act, "/deployments").await;
    assert_eq!(
        found(&site, "search", &act).await.deployment,
        handle.deployment
    );
    let state = site.sim.state();
    let repo = repository(&state, "search");
    let made = repo.deployment(handle.deployment.unwrap().0).unwrap();
    assert_eq!(
        (made.sha.as_str(), made.environment.as_str()),
        (sha.as_str(), "production")
    );
    assert_eq!(made.payload, json!({"gonogo": key()}));
    // The board reads the key back.
    let batch = site.github.board(&[target("search")]).await;
    let facts = batch.answers[0].1.as_ref().unwrap();
    let seen = facts
        .deployments
        .iter()
        .find(|it| it.id == DeploymentId(made.id))
        .unwrap();
    assert_eq!(seen.key, Some(key()));
}

#[tokio::test]
async fn a_merge_brings_exactly_the_head_that_was_seen() {
    let site = Site::evening().await;
    let (number, head) = promotion_pull(&site.sim.state());
    let act = Act::MergePullRequest {
        number,
        head: head.clone(),
        method: MergeMethod::Merge,
    };
    let handle = done(&site, "auth", &act, "/merge").await;
    assert_eq!(found(&site, "auth", &act).await.sha, handle.sha);
    let state = site.sim.state();
    let repo = repository(&state, "auth");
    let pull = repo.pull(number.0).unwrap();
    assert_eq!(
        (pull.state, pull.merged_by.as_deref()),
        (PullState::Merged, Some("alice"))
    );
    assert_eq!(
        pull.merge_commit.as_deref(),
        handle.sha.as_ref().map(Sha::as_str)
    );
    let commit = repo.commit(handle.sha.unwrap().as_str()).unwrap();
    assert!(
        commit.message.contains(key().as_str()),
        "{}",
        commit.message
    );
    assert_eq!(repo.branches["production"].sha, commit.sha);
}

#[tokio::test]
async fn a_draft_release_is_published() {
    let site = Site::evening().await;
    let state = site.sim.state();
    let web = repository(&state, "web");
    let draft = web.releases.iter().find(|it| it.draft).unwrap();
    let act = Act::PublishRelease {
        release: Some(ReleaseId(draft.id)),
        tag: draft.tag.clone(),
        target: head(&state, "web"),
        prerelease: false,
    };
    let handle = done(&site, "web", &act, "/releases/").await;
    assert_eq!(handle.release, Some(ReleaseId(draft.id)));
    assert_eq!(found(&site, "web", &act).await.release, handle.release);
    let state = site.sim.state();
    let web = repository(&state, "web");
    let release = web.releases.iter().find(|it| it.id == draft.id).unwrap();
    assert!(!release.draft && release.published_at.is_some());
    assert_eq!(release.body, draft.body, "the notes stay");
    assert_eq!(
        web.tag(&draft.tag).unwrap().sha,
        head(&state, "web").as_str()
    );
}

#[tokio::test]
async fn a_new_release_makes_its_tag_and_carries_the_key() {
    let site = Site::evening().await;
    let target = head(&site.sim.state(), "mailer");
    let act = Act::PublishRelease {
        release: None,
        tag: "v1.5.9".into(),
        target: target.clone(),
        prerelease: true,
    };
    let handle = done(&site, "mailer", &act, "/releases").await;
    assert_eq!(found(&site, "mailer", &act).await.release, handle.release);
    let mailer = repository(&site.sim.state(), "mailer");
    let release = mailer.releases.last().unwrap();
    assert_eq!(Some(ReleaseId(release.id)), handle.release);
    assert!(release.prerelease && !release.draft && release.body.contains(key().as_str()));
    assert_eq!(mailer.tag("v1.5.9").unwrap().sha, target.as_str());
}

#[tokio::test]
async fn a_cancelled_run_stops() {
    let site = Site::evening().await;
    let state = site.sim.state();
    let fraud = repository(&state, "fraud-ml");
    let running = fraud
        .runs
        .iter()
        .rev()
        .find(|it| it.status == RunStatus::InProgress)
        .unwrap();
    let act = Act::Cancel {
        run: RunId(running.id),
    };
    done(&site, "fraud-ml", &act, "/cancel").await;
    site.advance(30);
    found(&site, "fraud-ml", &act).await;
    let run = repository(&site.sim.state(), "fraud-ml")
        .run(running.id)
        .unwrap()
        .clone();
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[tokio::test]
async fn a_rerun_is_a_new_attempt_of_the_same_run() {
    for (failed_only, path) in [(true, "/rerun-failed-jobs"), (false, "/rerun")] {
        let site = Site::evening().await;
        let ledger = repository(&site.sim.state(), "ledger");
        let failed = |it: &&std::sync::Arc<Run>| it.conclusion == Some(Conclusion::Failure);
        let run = ledger.runs.iter().rev().find(failed).unwrap();
        let act = Act::Rerun {
            run: RunId(run.id),
            failed_only,
        };
        done(&site, "ledger", &act, path).await;
        assert_eq!(found(&site, "ledger", &act).await.run, Some(RunId(run.id)));
        let again = repository(&site.sim.state(), "ledger")
            .run(run.id)
            .unwrap()
            .clone();
        assert_eq!(again.attempt, run.attempt + 1);
    }
}

#[tokio::test]
async fn a_status_stands_on_its_commit() {
    for (state, word) in [
        (StatusState::Pending, "pending"),
        (StatusState::Success, "success"),
        (StatusState::Failure, "failure"),
        (StatusState::Error, "error"),
    ] {
        let site = Site::evening().await;
        let sha = head(&site.sim.state(), "geo");
        let act = Act::SetStatus {
            sha: sha.clone(),
            context: "hold/production".into(),
            state,
            description: "map tiles ".repeat(30),
            target_url: Some("https://status.acme.example/geo".into()),
        };
        let handle = done(&site, "geo", &act, "/statuses/").await;
        assert_eq!(handle.sha, Some(sha.clone()));
        let there = found(&site, "geo", &act).await;
        assert_eq!(
            there.url.as_deref(),
            Some("https://status.acme.example/geo")
        );
        let geo = repository(&site.sim.state(), "geo");
        let status = geo.statuses_on(sha.as_str())[0].clone();
        assert_eq!(
            (status.state.word(), status.context.as_str()),
            (word, "hold/production")
        );
        let description = status.description.unwrap();
        assert!(description.contains(key().as_str()), "{description}");
        assert!(description.chars().count() <= 140);
    }
}
