//! Reads: what is asked for a board and a pulse, how little, and what odd answers become.

use super::*;
use crate::domain::deployment::live;
use crate::domain::facts::Permission;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::domain::scope::Relation;

const AT: &str = "2026-11-01T10:00:00Z";

fn status(id: u64, context: &str, word: &str) -> Value {
    json!({"id": id, "context": context, "status": word, "created_at": AT, "creator": {"login": "bot"}})
}

fn combined(sha: &str, statuses: &[Value]) -> Value {
    json!({"sha": sha, "state": "x", "total_count": statuses.len(), "statuses": statuses})
}

/// A repository with everything that a board asks for.
async fn whole() -> MockServer {
    let server = MockServer::start().await;
    let below = |rest: &str| format!("{REPO}{rest}");
    show(
        &server,
        REPO,
        json!({"full_name": "acme/checkout", "html_url": "https://x/acme/checkout",
        "default_branch": "main", "permissions": {"admin": false, "push": true, "pull": true},
        "open_pr_counter": 1, "release_counter": 1, "has_actions": true, "updated_at": AT}),
    )
    .await;
    show(
        &server,
        &below("/branches/main"),
        json!({"required_approvals": 1, "commit": {"id": "AA", "message": "fix\n\nmore",
        "author": {"name": "Ada", "username": "ada"}, "timestamp": AT}}),
    )
    .await;
    show(
        &server,
        &below("/commits/aa/status"),
        combined(
            "aa",
            &[
                status(2, "ci / unit (push)", "success"),
                status(1, "deploy/staging", "success"),
            ],
        ),
    )
    .await;
    show(
        &server,
        &below("/commits/main/status"),
        combined(
            "aa",
            &[
                status(2, "ci / unit (push)", "success"),
                status(1, "deploy/staging", "success"),
            ],
        ),
    )
    .await;
    show(
        &server,
        &below("/commits/bb/status"),
        combined("bb", &[status(3, "deploy/production", "success")]),
    )
    .await;
    show(
        &server,
        &below("/commits"),
        json!([{"sha": "aa"}, {"sha": "bb"}, {"sha": "cc"}]),
    )
    .await;
    show(
        &server,
        &below("/commits/cc/status"),
        json!({"state": "", "sha": "", "statuses": null, "total_count": 0}),
    )
    .await;
    show(&server, &below("/actions/runs"), json!({"total_count": 2, "workflow_runs": [
        {"id": 7, "index_in_repo": 2, "commit_sha": "aa", "status": "running", "event": "push", "workflow_id": "ci.yml",
         "created": AT, "updated": AT},
        {"id": 6, "index_in_repo": 1, "commit_sha": "bb", "status": "levitating", "event": "push", "workflow_id": "ci.yml",
         "created": AT, "updated": AT}]})).await;
    show(&server, &below("/pulls"), json!([null, {"number": 4, "title": "promote\u{202e}", "mergeable": true, "updated_at": AT,
        "head": {"ref": "topic", "sha": "dd"}, "base": {"ref": "main", "sha": "aa"}, "user": {"login": "eve"}, "labels": null}])).await;
    show(
        &server,
        &below("/pulls/4/reviews"),
        json!([{"state": "APPROVED", "official": true, "user": {"login": "bob"}}]),
    )
    .await;
    show(
        &server,
        &below("/releases"),
        json!([{"id": 3, "tag_name": "v1", "created_at": AT, "published_at": AT}]),
    )
    .await;
    show(
        &server,
        &below("/tags"),
        json!([{"name": "v1", "commit": {"sha": "BB", "created": AT}}]),
    )
    .await;
    server
}

async fn board(forgejo: &Forgejo, target: Target) -> ServiceFacts {
    let mut batch = forgejo.board(&[target]).await;
    batch.answers.remove(0).1.unwrap()
}

#[tokio::test]
async fn a_board_shows_everything_and_the_next_one_asks_five_times_for_what_may_have_changed() {
    let server = whole().await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let facts = board(&forgejo, target()).await;
    assert_eq!(facts.gaps, Vec::<String>::new());
    assert_eq!(facts.permission, Permission::Write);
    let head = facts.head.as_ref().unwrap();
    assert_eq!((head.sha.as_str(), head.headline.as_str()), ("aa", "fix"));
    let checks = &facts.checks[&head.sha];
    assert_eq!(
        (checks.phase.clone(), checks.total),
        (Some(Phase::Succeeded), 1),
        "a deployment is no check"
    );
    assert_eq!(
        live(&facts.deployments, &"staging".into())
            .unwrap()
            .sha
            .as_str(),
        "aa"
    );
    assert_eq!(
        live(&facts.deployments, &"production".into())
            .unwrap()
            .sha
            .as_str(),
        "bb"
    );
    assert_eq!(facts.version_of(&"bb".into()), Some("v1"));
    assert_eq!(facts.environments.len(), 2);
    assert_eq!(facts.runs[1].phase, Phase::Unknown("levitating".into()));
    let pull = &facts.pull_requests[0];
    assert_eq!(pull.state, ChangeState::Ready);
    assert!(!pull.title.contains('\u{202e}'));

    let first = requests(&server).await.len();
    let again = board(&forgejo, target()).await;
    assert_eq!(again.deployments, facts.deployments);
    let second = asked(&server).await.split_off(first);
    assert_eq!(second.len(), 5, "{second:?}");
}

#[tokio::test]
async fn a_pulse_agrees_with_its_board_and_changes_with_a_status_on_the_head() {
    let server = whole().await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let facts = board(&forgejo, target()).await;
    let before = requests(&server).await.len();
    let pulse = forgejo
        .pulse(&[target()])
        .await
        .answers
        .remove(0)
        .1
        .unwrap();
    let environments = target().environments;
    let path: Vec<_> = environments.iter().collect();
    assert!(facts.agrees_with(&pulse, &path), "{pulse:?}");
    assert!(requests(&server).await.len() - before <= 3);
    let again = forgejo
        .pulse(&[target()])
        .await
        .answers
        .remove(0)
        .1
        .unwrap();
    assert_eq!(pulse, again);

    server.reset().await;
    show(
        &server,
        REPO,
        json!({"full_name": "acme/checkout", "default_branch": "main", "open_pr_counter": 1}),
    )
    .await;
    show(
        &server,
        &format!("{REPO}/commits/main/status"),
        combined("aa", &[status(9, "deploy/production", "pending")]),
    )
    .await;
    show(
        &server,
        &format!("{REPO}/commits/aa/statuses"),
        json!([status(9, "deploy/production", "pending")]),
    )
    .await;
    let answer = forgejo.pulse(&[target()]).await.answers.remove(0).1;
    assert!(!facts.agrees_with(&answer.unwrap(), &path));
}

#[tokio::test]
async fn many_repositories_are_asked_for_at_once() {
    let server = MockServer::start().await;
    let names: Vec<String> = (0..6).map(|at| format!("acme/r{at}")).collect();
    let listed: Vec<_> = names
        .iter()
        .take(5)
        .map(|name| json!({"full_name": name, "default_branch": "main", "open_pr_counter": 0}))
        .collect();
    show(
        &server,
        "/api/v1/repos/search",
        json!({"ok": true, "data": listed}),
    )
    .await;
    let mut targets = Vec::new();
    for name in &names {
        let below = |rest: &str| format!("/api/v1/repos/{name}{rest}");
        show(
            &server,
            &below(""),
            json!({"full_name": name, "default_branch": "main"}),
        )
        .await;
        show(
            &server,
            &below("/commits/main/status"),
            combined("aa", &[status(1, "ci", "success")]),
        )
        .await;
        targets.push(Target {
            service: ServiceName::from(name.as_str()),
            repo: RepoPath::from(name.as_str()),
            model: EnvironmentModel::Release { tag: None },
            ..target()
        });
        show(&server, &below("/releases"), json!([])).await;
    }
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let batch = forgejo.pulse(&targets).await;
    assert!(batch.answers.iter().all(|(_, answer)| answer.is_ok()));
    let seen = asked(&server).await;
    let alone: Vec<_> = names
        .iter()
        .filter(|name| seen.contains(&format!("/api/v1/repos/{name}")))
        .collect();
    assert_eq!(alone, ["acme/r5"], "only the one that the search left out");
}

#[tokio::test]
async fn environments_are_read_from_branches_tags_releases_and_runs() {
    let server = whole().await;
    let below = |rest: &str| format!("{REPO}{rest}");
    show(
        &server,
        &below("/branches/env%2Fproduction"),
        json!({"commit": {"id": "bb", "timestamp": AT}}),
    )
    .await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let production = "production".into();
    let with = async |model| {
        let facts = board(&forgejo, Target { model, ..target() }).await;
        live(&facts.deployments, &production).map(|live| live.sha.to_string())
    };
    let branch = EnvironmentModel::Branch {
        branch: EnvironmentModel::BRANCH.to_owned(),
    };
    assert_eq!(with(branch).await.as_deref(), Some("bb"));
    assert_eq!(
        with(EnvironmentModel::Release { tag: None })
            .await
            .as_deref(),
        Some("bb")
    );
    let tag = Some("deployed/{environment}".to_owned());
    assert_eq!(with(EnvironmentModel::Release { tag }).await, None);
    let run = EnvironmentModel::Run {
        workflow: "deploy-{environment}.yml".to_owned(),
    };
    assert_eq!(with(run).await, None);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_gap_and_the_rest_is_good() {
    let server = MockServer::start().await;
    let below = |rest: &str| format!("{REPO}{rest}");
    show(
        &server,
        REPO,
        json!({"full_name": "acme/checkout", "default_branch": "main", "archived": true}),
    )
    .await;
    show(
        &server,
        &below("/branches/main"),
        json!({"commit": {"id": "aa"}}),
    )
    .await;
    show(&server, &below("/commits/aa/status"), combined("aa", &[])).await;
    show(&server, &below("/commits"), json!([{"sha": "aa"}])).await;
    let why = "token does not have at least one of required scope(s): [read:issue]";
    let refused = ResponseTemplate::new(403).set_body_json(json!({"message": why}));
    answer(&server, "GET", &below("/issues"), refused).await;
    // Actions, pull requests and releases are 404.
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let asking = Target {
        labels: vec!["stop".to_owned()],
        ..target()
    };
    let facts = board(&forgejo, asking).await;
    assert!(facts.archived);
    assert_eq!(facts.permission, Permission::Unknown);
    assert!(facts.labelled.is_empty());
    let gaps = facts.gaps.join("\n");
    for part in [
        "Actions are turned off",
        "pull requests:",
        "releases:",
        "the token lacks: read:issue",
    ] {
        assert!(gaps.contains(part), "{part}: {gaps}");
    }
}

#[tokio::test]
async fn a_label_that_the_forge_does_not_know_blocks_nothing() {
    let server = whole().await;
    let issue = |number: u64, label: &str| json!({"number": number, "title": "t", "labels": [{"name": label}], "pull_request": null});
    show(
        &server,
        &format!("{REPO}/issues"),
        json!([issue(1, "stop"), issue(2, "other"), issue(3, "Stop")]),
    )
    .await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let labels = vec!["stop".to_owned(), "unknown".to_owned()];
    let facts = board(&forgejo, Target { labels, ..target() }).await;
    assert_eq!(facts.labelled["stop"].total, 2);
    assert_eq!(facts.labelled["unknown"].total, 0);
}

#[tokio::test]
async fn a_scope_has_its_merged_pull_requests_their_reviews_and_both_directions() {
    let server = whole().await;
    let below = |rest: &str| format!("{REPO}{rest}");
    let commit = |sha: &str, parents: &[&str]| {
        json!({"sha": sha, "commit": {"message": "m"}, "author": {"login": "ada"},
        "parents": parents.iter().map(|sha| json!({"sha": sha})).collect::<Vec<_>>()})
    };
    show(&server, &below("/compare/bb...aa"), json!({"total_commits": 2, "commits": [commit("aa", &["bb", "f1"]), commit("f1", &["bb"])]})).await;
    show(
        &server,
        &below("/compare/aa...bb"),
        json!({"total_commits": 0, "commits": []}),
    )
    .await;
    show(
        &server,
        &below("/commits/aa/pull"),
        json!({"number": 4, "merged": true, "title": "t", "user": {"login": "eve"},
        "labels": [{"name": "safe"}], "merge_commit_sha": "aa"}),
    )
    .await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let scope = forgejo
        .scope(&repo(), &"bb".into(), &"aa".into(), true)
        .await
        .unwrap();
    assert!(scope.complete);
    assert_eq!(scope.relation, Relation::Ahead);
    let brought: Vec<_> = scope
        .commits
        .iter()
        .map(|it| it.pull_requests.len())
        .collect();
    assert_eq!(brought, [1, 1]);
    assert_eq!(scope.commits[0].checks.as_ref().unwrap().total, 2);
    let pull = &scope.pull_requests[0];
    assert_eq!(pull.labels, ["safe"]);
    assert!(pull.reviews[0].approved);
}

#[tokio::test]
async fn a_file_that_is_not_there_differs_from_a_commit_that_is_not() {
    let server = MockServer::start().await;
    let below = |rest: &str| format!("{REPO}{rest}");
    let file = json!({"type": "file", "size": 9, "encoding": "base64", "content": "amF2YSA9IDIx", "html_url": "u"});
    show(&server, &below("/contents/deploy/dev.toml"), file).await;
    show(&server, &below("/git/commits/aa"), json!({"sha": "aa"})).await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let asked = [
        ("deploy/dev.toml", "aa"),
        ("none.toml", "aa"),
        ("none.toml", "bb"),
    ];
    let asked = asked.map(|(path, sha)| (path.to_owned(), Sha::from(sha)));
    let answers = forgejo.declared(&repo(), &asked).await;
    let keys = answers[0].as_ref().unwrap().keys.as_ref().unwrap();
    assert_eq!(keys["java"], "21");
    assert_eq!(answers[1].as_ref().unwrap().keys, None);
    assert!(
        answers[2]
            .as_ref()
            .unwrap_err()
            .why
            .contains("does not know commit")
    );
}
