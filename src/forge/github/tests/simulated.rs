//! The adapter against the simulated GitHub: strict answers over real HTTP.

use std::collections::BTreeMap;

use super::*;
use crate::domain::deployment::live;
use crate::domain::facts::Permission;
use crate::domain::ids::DeploymentId;
use crate::domain::pipeline::Door;
use crate::sim::{EVENING, Options, Running, World, start};

pub(super) async fn evening() -> Running {
    let world = World::from_toml(EVENING).unwrap();
    start(world, Options::default()).await.unwrap()
}

pub(super) fn as_token(sim: &Running, label: &str) -> GitHub {
    let settings = Settings {
        name: ForgeName::from("gh"),
        url: sim.base_url().to_owned(),
        api_url: None,
        token: sim.token(label).map(SecretString::from),
        ca_file: None,
        limits: limits(),
    };
    GitHub::new(settings, clock()).unwrap()
}

pub(super) fn services() -> Vec<Target> {
    let names = [
        "api-gateway",
        "checkout",
        "billing",
        "search",
        "notify",
        "sessions",
        "ledger",
        "fraud-ml",
        "auth",
        "web",
        "mailer",
        "geo",
    ];
    let mut targets = targets(&names);
    for target in &mut targets {
        target.environments = ["dev", "staging", "production"].map(Into::into).to_vec();
    }
    targets
}

async fn facts_of(github: &GitHub, name: &str) -> ServiceFacts {
    let target: Vec<Target> = services()
        .into_iter()
        .filter(|target| target.service.as_str() == name)
        .collect();
    github.board(&target).await.answers.remove(0).1.unwrap()
}

#[tokio::test]
async fn an_evening_is_read_whole() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let identity = github.identify().await.unwrap();
    assert_eq!(identity.login, Person::from("alice"));
    assert_eq!(identity.version, None);
    for (service, answer) in github.pulse(&services()).await.answers {
        let pulse = answer.unwrap();
        assert!(
            pulse.head.is_some() && !pulse.deployments.is_empty(),
            "{service}"
        );
    }
    for (service, answer) in github.board(&services()).await.answers {
        let facts = answer.unwrap();
        assert_eq!(facts.gaps, Vec::<String>::new(), "{service}");
        assert!(facts.permission >= Permission::Write, "{service}");
        let head = facts.head.as_ref().unwrap();
        assert!(facts.checks[&head.sha].phase.is_some(), "{service}");
        for environment in ["dev", "staging", "production"] {
            let live = live(&facts.deployments, &environment.into());
            assert!(live.is_some(), "{service} is somewhere in {environment}");
        }
    }
    assert!(github.budget().queries.is_some());
}

#[tokio::test]
async fn the_checks_of_what_is_live_come_beside_those_of_the_head() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let facts = facts_of(&github, "api-gateway").await;
    let production = live(&facts.deployments, &"production".into())
        .unwrap()
        .sha
        .clone();
    let mut target = services().remove(0);
    target.revisions = vec![production.clone()];
    let facts = github.board(&[target]).await.answers.remove(0).1.unwrap();
    assert!(facts.checks.contains_key(&production));
    let head = facts.head.unwrap().sha;
    assert_ne!(head, production);

    let scope = github
        .scope(&facts.repo, &production, &head, false)
        .await
        .unwrap();
    assert!(scope.complete, "{scope:?}");
    assert_eq!(scope.total, scope.commits.len() as u64);
    assert!(!scope.pull_requests.is_empty());
    assert!(
        scope
            .pull_requests
            .iter()
            .any(|pull| pull.reviews.iter().any(|review| review.approved))
    );
    assert_eq!(scope.commits[0].sha, head, "newest first");
}

#[tokio::test]
async fn a_waiting_run_is_approved_once_and_found_again() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let facts = facts_of(&github, "notify").await;
    let run = facts
        .runs
        .iter()
        .find(|run| !run.waiting.is_empty())
        .unwrap();
    let waiting = &run.waiting[0];
    assert_eq!(waiting.environment.as_str(), "production");
    assert!(!github.jobs(&facts.repo, run.id).await.unwrap().is_empty());
    let Door::Review(environment) = waiting.door else {
        panic!("{waiting:?}")
    };
    let act = Act::Approve {
        run: run.id,
        environments: vec![environment],
        comment: "go".into(),
    };
    let key = IntentId::from("intent-1");
    let before = github.find(&facts.repo, &act, &key, now()).await.unwrap();
    assert_eq!(before, None);
    let outcome = github.act(&facts.repo, &act, &key).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    let after = github.find(&facts.repo, &act, &key, now()).await.unwrap();
    assert_eq!(after.unwrap().run, Some(run.id));
    let again = github.act(&facts.repo, &act, &key).await;
    assert!(
        matches!(again, Outcome::Rejected { status: 422, .. }),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_dispatch_answers_with_its_run_and_is_found_by_its_key() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    github.identify().await.unwrap();
    let facts = facts_of(&github, "checkout").await;
    let staging = live(&facts.deployments, &"staging".into()).unwrap();
    let key = IntentId::from("intent-2");
    let act = Act::Dispatch {
        workflow: "deploy.yml".into(),
        git_ref: "main".into(),
        inputs: BTreeMap::from([
            ("environment".into(), "production".into()),
            ("revision".into(), staging.sha.to_string()),
            ("gonogo".into(), key.to_string()),
        ]),
    };
    let outcome = github.act(&facts.repo, &act, &key).await;
    let Outcome::Accepted(handle) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(handle.run.is_some() && handle.forge_time.is_some());
    let sent_at = Timestamp::from_second(handle.forge_time.unwrap()).unwrap();
    // A list of runs lags behind, there as here.
    sim.advance(SignedDuration::from_secs(10));
    let found = as_token(&sim, "operate")
        .find(&facts.repo, &act, &key, sent_at)
        .await;
    assert_eq!(found.unwrap().unwrap().run, handle.run);
}

#[tokio::test]
async fn a_created_deployment_carries_its_key_to_the_board() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let facts = facts_of(&github, "search").await;
    let staging = live(&facts.deployments, &"staging".into()).unwrap();
    let key = IntentId::from("intent-3");
    let act = Act::CreateDeployment {
        sha: staging.sha.clone(),
        environment: "production".into(),
        description: "by gonogo".into(),
    };
    let outcome = github.act(&facts.repo, &act, &key).await;
    let Outcome::Accepted(handle) = outcome else {
        panic!("{outcome:?}")
    };
    let id: DeploymentId = handle.deployment.unwrap();
    let facts = facts_of(&github, "search").await;
    let made = facts
        .deployments
        .iter()
        .find(|deployment| deployment.id == id)
        .unwrap();
    assert_eq!(made.key, Some(key.clone()));
    let sent_at = Timestamp::from_second(handle.forge_time.unwrap()).unwrap();
    let found = as_token(&sim, "operate")
        .find(&facts.repo, &act, &key, sent_at)
        .await;
    assert_eq!(found.unwrap().unwrap().deployment, Some(id));
}

#[tokio::test]
async fn a_draft_release_and_a_promotion_pull_request_can_be_carried_out() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let web = facts_of(&github, "web").await;
    let draft = web.releases.iter().find(|release| release.draft).unwrap();
    let publish = Act::PublishRelease {
        release: draft.id,
        tag: draft.tag.clone(),
        target: web.head.as_ref().unwrap().sha.clone(),
        prerelease: false,
    };
    let key = IntentId::from("intent-4");
    assert_eq!(
        github.find(&web.repo, &publish, &key, now()).await.unwrap(),
        None
    );
    let outcome = github.act(&web.repo, &publish, &key).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    assert!(
        github
            .find(&web.repo, &publish, &key, now())
            .await
            .unwrap()
            .is_some()
    );

    let auth = facts_of(&github, "auth").await;
    let pull = auth
        .pull_requests
        .iter()
        .find(|pull| pull.base_ref == "production")
        .unwrap();
    let merge = |head: &str| Act::MergePullRequest {
        number: pull.number,
        head: Sha::from(head),
        method: crate::domain::act::MergeMethod::Merge,
    };
    let stale = github.act(&auth.repo, &merge(&"0".repeat(40)), &key).await;
    assert!(
        matches!(stale, Outcome::Rejected { status: 409, .. }),
        "{stale:?}"
    );
    let done = github
        .act(&auth.repo, &merge(pull.head.as_str()), &key)
        .await;
    assert!(matches!(done, Outcome::Accepted(_)), "{done:?}");
    let found = github
        .find(&auth.repo, &merge(pull.head.as_str()), &key, now())
        .await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn a_narrow_token_gets_its_board_and_its_refusals_in_words() {
    let sim = evening().await;
    let github = as_token(&sim, "narrow");
    for (service, answer) in github.board(&services()).await.answers {
        let facts = answer.unwrap();
        assert!(
            facts.gaps.iter().any(|gap| gap.starts_with("checks:")),
            "{service} {:?}",
            facts.gaps
        );
        let head = facts.head.as_ref().unwrap();
        assert!(facts.checks[&head.sha].phase.is_some(), "{service}");
        assert!(!facts.runs.is_empty(), "{service}");
    }
    let outcome = github
        .act(
            &repo(),
            &Act::SetStatus {
                sha: facts_of(&github, "checkout").await.head.unwrap().sha,
                context: "hold/production".into(),
                state: crate::domain::act::StatusState::Failure,
                description: "held".into(),
                target_url: None,
            },
            &"k".into(),
        )
        .await;
    let Outcome::Rejected {
        status: 403, hint, ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(hint.unwrap().contains("statuses"));
}

#[tokio::test]
async fn discovery_orders_the_environments_of_a_repository() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let found = github
        .discover(&RepoPath::from("acme/notify"))
        .await
        .unwrap();
    assert_eq!(found.default_branch.as_deref(), Some("main"));
    let names: Vec<&str> = found
        .environments
        .iter()
        .map(EnvironmentName::as_str)
        .collect();
    assert_eq!(names, ["dev", "staging", "production"]);
    assert_eq!(found.reviewed, [EnvironmentName::from("production")]);
    let missing = github
        .discover(&RepoPath::from("acme/nothing"))
        .await
        .unwrap_err();
    assert_eq!(missing.kind, crate::domain::fault::FaultKind::NotFound);
}
