//! Definite refusals: nothing happened on the forge, and the reason is the forge's own.

use std::collections::BTreeMap;

use gonogo::domain::act::{MergeMethod, Outcome};
use gonogo::domain::ids::ReleaseId;
use gonogo::forge::Forge;
use gonogo::sim::model::{PullState, RunStatus};

use super::*;

/// Sends an act that the forge refuses, and returns status, reason and hint.
async fn refused(site: &Site, name: &str, act: &Act) -> (u16, String, Option<String>) {
    let before = site.writes().len();
    let outcome = site.github.act(&repo(name), act, &key()).await;
    assert_eq!(site.writes().len(), before + 1, "{act:?} is one request");
    match outcome {
        Outcome::Rejected {
            status, why, hint, ..
        } => (status, why, hint),
        other => panic!("{act:?}: {other:?}"),
    }
}

#[tokio::test]
async fn a_merge_whose_head_moved_is_refused() {
    let site = Site::evening().await;
    let state = site.sim.state();
    let (number, _) = promotion_pull(&state);
    let seen = repository(&state, "auth").branches["production"]
        .sha
        .clone();
    let act = Act::MergePullRequest {
        number,
        head: Sha::from(seen),
        method: MergeMethod::Merge,
    };
    let (status, why, _) = refused(&site, "auth", &act).await;
    assert_eq!(status, 409, "{why}");
    assert!(why.contains("Head branch was modified"), "{why}");
    let pull = repository(&site.sim.state(), "auth")
        .pull(number.0)
        .unwrap()
        .clone();
    assert_eq!(pull.state, PullState::Open);
}

#[tokio::test]
async fn a_draft_is_not_merged() {
    let site = Site::evening().await;
    let gateway = repository(&site.sim.state(), "api-gateway");
    let draft = gateway.pulls.iter().find(|it| it.draft).unwrap();
    let act = Act::MergePullRequest {
        number: PullRequestNumber(draft.number),
        head: Sha::from(draft.head_sha.as_str()),
        method: MergeMethod::Squash,
    };
    let (status, why, _) = refused(&site, "api-gateway", &act).await;
    assert_eq!(status, 405, "{why}");
    assert!(!why.is_empty());
}

#[tokio::test]
async fn what_waits_no_longer_cannot_be_approved() {
    let site = Site::evening().await;
    let act = approve(&site.sim.state(), "api-gateway");
    let first = site.github.act(&repo("api-gateway"), &act, &key()).await;
    assert!(matches!(first, Outcome::Accepted(_)), "{first:?}");
    let (status, why, _) = refused(&site, "api-gateway", &act).await;
    assert_eq!(status, 422, "{why}");
    let run = act.run().unwrap().0;
    let run = repository(&site.sim.state(), "api-gateway")
        .run(run)
        .unwrap()
        .clone();
    assert_eq!(run.approvals.len(), 1);
}

#[tokio::test]
async fn a_run_that_is_over_cannot_be_cancelled() {
    let site = Site::evening().await;
    let mailer = repository(&site.sim.state(), "mailer");
    let over = mailer
        .runs
        .iter()
        .find(|it| it.status == RunStatus::Completed)
        .unwrap();
    let act = Act::Cancel {
        run: RunId(over.id),
    };
    let (status, why, _) = refused(&site, "mailer", &act).await;
    assert_eq!(status, 409, "{why}");
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_it_is_in() {
    let site = Site::evening().await;
    let inputs = BTreeMap::from([("environment".to_owned(), "production".to_owned())]);
    let dispatch = |workflow: &str| Act::Dispatch {
        workflow: workflow.into(),
        git_ref: "main".into(),
        inputs: inputs.clone(),
    };
    let (status, why, _) = refused(&site, "checkout", &dispatch("deploy.yml")).await;
    assert_eq!(status, 422);
    assert!(why.contains("revision"), "{why}");
    let (status, why, _) = refused(&site, "checkout", &dispatch("ci.yml")).await;
    assert_eq!(status, 422, "{why}");
    assert!(why.contains("workflow_dispatch"), "{why}");
    let (status, why, hint) = refused(&site, "checkout", &dispatch("none.yml")).await;
    assert_eq!(status, 404, "{why}");
    assert!(
        hint.unwrap().contains("token may read"),
        "a 404 also masks missing access"
    );
    let release = |tag: &str| Act::PublishRelease {
        release: None,
        tag: tag.into(),
        target: Sha::from("0".repeat(40)),
        prerelease: false,
    };
    let (status, why, _) = refused(&site, "mailer", &release("v1.5.0")).await;
    assert_eq!(status, 422, "{why}");
    let (status, why, _) = refused(&site, "mailer", &release("v9.9.9")).await;
    assert_eq!(status, 422, "{why}");
    let missing = Act::PublishRelease {
        release: Some(ReleaseId(1)),
        tag: "v1".into(),
        target: Sha::from("0".repeat(40)),
        prerelease: false,
    };
    assert_eq!(refused(&site, "web", &missing).await.0, 404);
}

#[tokio::test]
async fn a_reader_may_not_act_and_learns_what_it_lacks() {
    let evening = World::from_toml(sim::EVENING).unwrap();
    let site = Site::of(evening, "narrow").await;
    let act = approve(&site.sim.state(), "api-gateway");
    let (status, why, hint) = refused(&site, "api-gateway", &act).await;
    assert_eq!(status, 403, "{why}");
    assert!(why.contains("Resource not accessible"), "{why}");
    assert!(hint.unwrap().contains("deployments=write"));
    let state = site.sim.state();
    let run = repository(&state, "api-gateway")
        .run(act.run().unwrap().0)
        .unwrap()
        .clone();
    assert!(run.approvals.is_empty());
}

#[tokio::test]
async fn refusals_of_the_token_are_definite() {
    let table = [
        (
            Effect::Unauthorized,
            401,
            "Bad credentials",
            "gh auth login",
        ),
        (
            Effect::Forbidden {
                permissions: Some("actions=write".into()),
            },
            403,
            "Resource not accessible",
            "actions=write",
        ),
        (
            Effect::Sso {
                url: "https://github.com/orgs/acme/sso".into(),
            },
            403,
            "SAML",
            "https://github.com/orgs/acme/sso",
        ),
    ];
    for (effect, status, why, hint) in table {
        let site = Site::evening().await;
        let act = approve(&site.sim.state(), "api-gateway");
        site.meet(Matcher::default(), None, effect);
        let said = refused(&site, "api-gateway", &act).await;
        assert_eq!(said.0, status);
        assert!(said.1.contains(why), "{said:?}");
        assert!(
            said.2.as_deref().is_some_and(|it| it.contains(hint)),
            "{said:?}"
        );
    }
}
