//! Every read, on a healthy forge: what it tells is what the simulator holds.

use std::collections::BTreeMap;

use gonogo::domain::facts::Permission;
use gonogo::domain::ids::Person;
use gonogo::domain::phase::Phase;
use gonogo::domain::pull_request::ChangeState;
use gonogo::domain::scope::Relation;
use gonogo::forge::{Capability, Discover, Forge};
use gonogo::sim::model::{PullState, RunStatus};
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn identity_is_the_tokens_owner_with_its_scopes() {
    let site = Site::evening().await;
    let alice = site.github.identify().await.unwrap();
    assert_eq!(alice.login, Person::from("alice"));
    assert_eq!(alice.scopes, ["repo", "workflow", "read:org"]);
    assert_eq!(alice.version, None);
    for wanted in [
        Capability::Approve,
        Capability::Dispatch,
        Capability::DispatchDetails,
    ] {
        assert!(alice.capabilities.contains(&wanted), "{wanted:?}");
    }
    let narrow = adapter(&site.sim, "narrow", limits())
        .identify()
        .await
        .unwrap();
    assert_eq!(
        narrow.scopes,
        Vec::<String>::new(),
        "a fine-grained token names none"
    );
    let enterprise = Site::enterprise().await;
    let identity = enterprise.github.identify().await.unwrap();
    assert!(identity.version.is_some());
    assert!(!identity.capabilities.contains(&Capability::DispatchDetails));
}

#[tokio::test]
async fn a_pulse_changes_when_its_service_does_and_not_before() {
    let site = Site::evening().await;
    let all = targets(&site.sim.state());
    let first = site.github.pulse(&all).await;
    let second = site.github.pulse(&all).await;
    assert_eq!(first.answers.len(), 12);
    let same = first.answers.iter().zip(&second.answers);
    let moved: Vec<_> = same
        .filter(|((_, one), (_, two))| one.as_ref().unwrap() != two.as_ref().unwrap())
        .map(|((name, _), _)| name.to_string())
        .collect();
    // Only what is under way may move in between.
    assert!(moved.iter().all(|name| name == "fraud-ml"), "{moved:?}");
    let act = approve(&site.sim.state(), "api-gateway");
    site.github.act(&repo("api-gateway"), &act, &key()).await;
    site.advance(20);
    let third = site.github.pulse(&[target("api-gateway")]).await;
    let find = |name: &str| {
        let before = first
            .answers
            .iter()
            .find(|(it, _)| it.as_str() == name)
            .unwrap();
        before.1.clone().unwrap()
    };
    assert_ne!(third.answers[0].1.clone().unwrap(), find("api-gateway"));
    let pulse = find("mailer");
    let state = site.sim.state();
    let mailer = repository(&state, "mailer");
    assert_eq!(
        pulse.head.as_ref().map(Sha::as_str),
        Some(mailer.branches["main"].sha.as_str())
    );
    assert_eq!(pulse.checks, Some(Phase::Succeeded));
    let open = mailer
        .pulls
        .iter()
        .filter(|it| it.state == PullState::Open)
        .count();
    assert_eq!(pulse.pull_requests, Some(open as u64));
}

#[tokio::test]
async fn the_board_tells_what_the_forge_holds() {
    let site = Site::evening().await;
    let state = site.sim.state();
    let batch = site.github.board(&targets(&state)).await;
    assert_eq!(batch.answers.len(), state.repos.len());
    for ((service, answer), repo) in batch.answers.iter().zip(&state.repos) {
        let facts = answer
            .as_ref()
            .unwrap_or_else(|fault| panic!("{service}: {fault}"));
        assert_eq!(facts.gaps, Vec::<String>::new(), "{service}");
        assert_eq!(facts.repo.as_str(), repo.full_name());
        assert_eq!(facts.permission, Permission::Write);
        assert_eq!(facts.default_branch.as_deref(), Some("main"));
        let head = facts.head.as_ref().unwrap();
        let commit = repo.commit(head.sha.as_str()).unwrap();
        assert_eq!(head.headline, commit.headline());
        assert_eq!(
            head.author.as_ref().map(Person::as_str),
            Some(commit.author.as_str())
        );
        for environment in ["dev", "staging", "production"] {
            let name = EnvironmentName::from(environment);
            let live = gonogo::domain::deployment::live(&facts.deployments, &name);
            let standing = repo
                .deployments_to(environment)
                .find(|it| it.state() == gonogo::sim::model::DeploymentState::Active);
            assert_eq!(
                live.map(|it| it.sha.as_str()),
                standing.map(|it| it.sha.as_str()),
                "{service} in {environment}"
            );
            let known = facts
                .environments
                .iter()
                .find(|it| it.name == name)
                .unwrap();
            let real = repo.environment(environment).unwrap();
            assert_eq!(known.id, Some(EnvironmentId(real.id)));
            assert_eq!(
                known.required_reviewers,
                !real.reviewers.is_empty(),
                "{service}"
            );
            assert_eq!(
                known.wait_timer,
                SignedDuration::from_mins(i64::from(real.wait_timer))
            );
            assert_eq!(known.branch_policy, real.branch_policy.is_some());
        }
        let open = repo
            .pulls
            .iter()
            .filter(|it| it.state == PullState::Open)
            .count();
        assert_eq!(facts.open_pull_requests, open as u64);
        assert_eq!(facts.pull_requests.len(), open);
        let waits = repo.runs.iter().filter(|it| !repo.pending(it).is_empty());
        let mut waits: Vec<u64> = waits.map(|it| it.id).collect();
        let mut seen: Vec<u64> = facts
            .runs
            .iter()
            .filter(|it| !it.waiting.is_empty())
            .map(|it| it.id.0)
            .collect();
        waits.sort_unstable();
        seen.sort_unstable();
        assert_eq!(
            seen, waits,
            "{service}: every run that waits, with what it waits for"
        );
    }
}

#[tokio::test]
async fn checks_pull_requests_and_waits_come_in_detail() {
    let site = Site::evening().await;
    let names = ["api-gateway", "ledger", "sessions", "web", "checkout"];
    let asked: Vec<Target> = names.iter().map(|name| target(name)).collect();
    let batch = site.github.board(&asked).await;
    let facts = |name: &str| {
        let answer = batch
            .answers
            .iter()
            .find(|(it, _)| it.as_str() == name)
            .unwrap();
        answer.1.clone().unwrap()
    };
    let gateway = facts("api-gateway");
    let run = gateway
        .runs
        .iter()
        .find(|run| !run.waiting.is_empty())
        .unwrap();
    assert_eq!(run.phase, Phase::Gated);
    let waits = &run.waiting[0];
    assert!(waits.may_approve, "alice is in the release team");
    assert_eq!(waits.environment.as_str(), "production");
    assert_eq!(waits.reviewers, ["release"]);
    let states: Vec<&str> = gateway
        .pull_requests
        .iter()
        .map(|it| it.state.word())
        .collect();
    assert!(states.contains(&"draft"), "{states:?}");
    let quota = gateway
        .pull_requests
        .iter()
        .find(|it| it.head_ref == "quota-headers")
        .unwrap();
    assert_eq!(quota.labels, ["release"]);
    let gift = facts("checkout");
    let gift = gift
        .pull_requests
        .iter()
        .find(|it| it.head_ref == "gift-cards")
        .unwrap();
    assert_eq!(gift.state, ChangeState::ChangesRequested);
    let ledger = facts("ledger");
    let checks = &ledger.checks[&ledger.head.as_ref().unwrap().sha];
    assert_eq!(checks.phase, Some(Phase::Failed));
    assert!(checks.failed >= 1 && checks.succeeded >= 1 && checks.total > checks.failed);
    let sessions = facts("sessions");
    let checks = &sessions.checks[&sessions.head.as_ref().unwrap().sha];
    assert_eq!(
        checks.phase,
        Some(Phase::Failed),
        "a commit status counts beside check runs"
    );
    assert_eq!(checks.failed, 1);
    let web = facts("web");
    assert!(web.releases.iter().any(|it| it.draft && it.tag == "v1.9.0"));
}

#[tokio::test]
async fn a_scope_is_the_commits_and_the_pull_requests_that_brought_them() {
    let site = Site::evening().await;
    let state = site.sim.state();
    let gateway = repository(&state, "api-gateway");
    let sha = |tag: &str| Sha::from(gateway.tag(tag).unwrap().sha.as_str());
    let (old, new) = (sha("v2.40.3"), sha("v2.41.0"));
    let scope = site
        .github
        .scope(&repo("api-gateway"), &old, &new, false)
        .await
        .unwrap();
    assert!(scope.complete);
    assert_eq!(scope.relation, Relation::Ahead);
    let real = gateway.compare(old.as_str(), new.as_str()).unwrap();
    assert_eq!(scope.total, real.commits.len() as u64);
    let newest_first: Vec<&str> = scope.commits.iter().map(|it| it.sha.as_str()).collect();
    let expected: Vec<&str> = real
        .commits
        .iter()
        .rev()
        .map(|it| it.sha.as_str())
        .collect();
    assert_eq!(newest_first, expected);
    let titles: Vec<&str> = scope
        .pull_requests
        .iter()
        .map(|it| it.title.as_str())
        .collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    let pool = scope
        .pull_requests
        .iter()
        .find(|it| it.title.contains("pool"))
        .unwrap();
    let mut approved: Vec<&str> = pool
        .reviews
        .iter()
        .filter(|it| it.approved)
        .map(|it| it.author.as_str())
        .collect();
    approved.sort_unstable();
    assert_eq!(approved, ["bob", "eve"]);
    assert_eq!((pool.additions, pool.deletions), (Some(41), Some(29)));
    let back = site
        .github
        .scope(&repo("api-gateway"), &new, &old, false)
        .await
        .unwrap();
    assert_eq!((back.relation, back.total), (Relation::Behind, 0));
    let none = site
        .github
        .scope(&repo("api-gateway"), &new, &new, false)
        .await
        .unwrap();
    assert_eq!(none.relation, Relation::Identical);
}

#[tokio::test]
async fn jobs_are_those_of_the_newest_attempt() {
    let site = Site::evening().await;
    let fraud = repository(&site.sim.state(), "fraud-ml");
    let running = fraud
        .runs
        .iter()
        .rev()
        .find(|it| it.status == RunStatus::InProgress)
        .unwrap();
    let jobs = site
        .github
        .jobs(&repo("fraud-ml"), RunId(running.id))
        .await
        .unwrap();
    let real: Vec<_> = running.latest_jobs().collect();
    assert_eq!(jobs.len(), real.len());
    for (job, real) in jobs.iter().zip(real) {
        assert_eq!((job.id.0, job.name.as_str()), (real.id, real.name.as_str()));
    }
    assert!(jobs.iter().any(|job| job.phase == Phase::Running));
}

#[tokio::test]
async fn discovery_orders_environments_and_names_the_reviewed_ones() {
    let site = Site::evening().await;
    let found = site.github.discover(&repo("api-gateway")).await.unwrap();
    assert_eq!(found.default_branch.as_deref(), Some("main"));
    let names: Vec<&str> = found
        .environments
        .iter()
        .map(EnvironmentName::as_str)
        .collect();
    assert_eq!(names, ["dev", "staging", "production"]);
    assert_eq!(found.reviewed, [EnvironmentName::from("production")]);
}

#[tokio::test]
async fn only_what_really_was_up_is_said_to_have_been_live() {
    let site = Site::evening().await;
    let services = ["billing", "api-gateway", "sessions", "notify", "mailer"];
    let targets: Vec<Target> = services.iter().map(|name| target(name)).collect();
    let batch = site.github.board(&targets).await;
    let mut waited = 0;
    for (service, facts) in &batch.answers {
        let facts = facts.as_ref().unwrap();
        let repository = repository(&site.sim.state(), service.as_str());
        for seen in &facts.deployments {
            let real = repository.deployment(seen.id.0).unwrap();
            let success = real.statuses.iter().find(|it| it.state.word() == "success");
            let was_up = matches!(seen.phase, Phase::Succeeded | Phase::Superseded);
            assert_eq!(was_up, success.is_some(), "{service} {seen:?}");
            // The forge tells it to the second.
            let at = success.map(|it| it.created_at.as_second());
            assert_eq!(seen.live_since().map(jiff::Timestamp::as_second), at);
            waited += usize::from(seen.raw == "inactive" && success.is_none());
        }
    }
    assert!(waited > 0, "some only waited until a newer one came");
}

#[tokio::test]
async fn every_deployment_state_has_its_phase() {
    for (word, phase) in [
        ("queued", Phase::Queued),
        ("pending", Phase::Queued),
        ("in_progress", Phase::Running),
        ("success", Phase::Succeeded),
        ("failure", Phase::Failed),
        ("error", Phase::Failed),
        ("inactive", Phase::Superseded),
    ] {
        let site = Site::evening().await;
        let search = repository(&site.sim.state(), "search");
        let newest = search.deployments_to("dev").next().unwrap();
        let route = format!(
            "/api/v3/repos/acme/search/deployments/{}/statuses",
            newest.id
        );
        let answer = post(&site.sim, &route, &json!({ "state": word })).await;
        assert_eq!(answer["state"], word, "{answer}");
        let batch = site.github.board(&[target("search")]).await;
        let facts = batch.answers[0].1.as_ref().unwrap();
        let seen = facts
            .deployments
            .iter()
            .find(|it| it.id.0 == newest.id)
            .unwrap();
        assert_eq!(seen.phase, phase, "{word} reads {}", seen.raw);
    }
}

#[tokio::test]
async fn a_word_that_nobody_knows_stays_visible_and_is_never_good() {
    let site = Site::evening().await;
    let jobs = json!({"total_count": 3, "jobs": [
        {"id": 1, "name": "build", "status": "hibernating", "conclusion": null},
        {"id": 2, "name": "unit", "status": "completed", "conclusion": "half_done"},
        {"id": 3, "name": "e2e", "status": "completed", "conclusion": "neutral"}]});
    site.meet(
        Matcher {
            path_contains: Some("/jobs".into()),
            ..Matcher::default()
        },
        Some(1),
        Effect::Status {
            status: 200,
            body: jobs.to_string(),
            headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
        },
    );
    let jobs = site.github.jobs(&repo("web"), RunId(1)).await.unwrap();
    let phases: Vec<Phase> = jobs.iter().map(|job| job.phase.clone()).collect();
    let unknown = |word: &str| Phase::Unknown(word.into());
    assert_eq!(
        phases,
        [
            unknown("hibernating"),
            unknown("half_done"),
            Phase::Succeeded
        ]
    );
}

#[tokio::test]
async fn a_token_without_checks_leaves_a_gap_and_not_a_hole() {
    let site = Site::of(World::from_toml(sim::EVENING).unwrap(), "narrow").await;
    let batch = site.github.board(&targets(&site.sim.state())).await;
    for (service, answer) in &batch.answers {
        let facts = answer
            .as_ref()
            .unwrap_or_else(|fault| panic!("{service}: {fault}"));
        assert!(
            facts.gaps.iter().any(|gap| gap.starts_with("checks")),
            "{:?}",
            facts.gaps
        );
        assert!(
            !facts.deployments.is_empty() && !facts.runs.is_empty(),
            "{service}"
        );
    }
}

/// Posts to the simulator as its administrator, without the adapter.
async fn post(sim: &Running, route: &str, body: &Value) -> Value {
    let (base, token) = (sim.base_url().to_owned(), sim.token("admin").unwrap());
    let (route, body) = (route.to_owned(), body.to_string());
    tokio::task::spawn_blocking(move || {
        crate::program::ask(&base, "POST", &route, Some(&token), &body)
    })
    .await
    .unwrap()
}
