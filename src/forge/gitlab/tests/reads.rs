//! Whole boards, pulses, scopes and discoveries, from a server that answers as GitLab does.

use super::*;
use crate::domain::deployment::live;
use crate::domain::facts::Permission;
use crate::domain::ids::{DeploymentId, EnvironmentName, JobId};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Door;
use crate::domain::pull_request::ChangeState;
use crate::domain::scope::Relation;
use crate::forge::Capability;

const NEWER: &str = "bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22";

fn pipeline(id: u64, sha: &str, status: &str) -> Value {
    json!({"id": id, "iid": id - 900, "sha": sha, "ref": "main", "status": status, "source": "push",
        "web_url": format!("https://lab/p/{id}"), "created_at": format!("2026-11-21T1{}:00:00Z", id % 10),
        "updated_at": "2026-11-21T19:00:00Z"})
}

fn deployment(id: u64, sha: &str, status: &str, job: &str, pipeline_id: u64) -> Value {
    let started = (status == "success").then_some("2026-11-21T12:00:00Z");
    json!({"id": id, "iid": id - 100, "sha": sha, "ref": "main", "status": status,
        "created_at": "2026-11-21T11:00:00Z", "updated_at": "2026-11-21T12:30:00Z",
        "user": {"username": "ada"}, "environment": {"id": 5, "name": "production"},
        "deployable": {"id": id + 400, "name": "deploy production", "status": job, "started_at": started,
            "pipeline": pipeline(pipeline_id, sha, "manual")}})
}

/// A project with a pipeline that waits before production, in all that is asked of it.
fn project(request: &Request) -> Option<ResponseTemplate> {
    let route = below(request, "acme%2Fshop%2Fcheckout")?;
    let query = request.url.query().unwrap_or_default();
    Some(ok(match route {
        "" => {
            json!({"id": 42, "path_with_namespace": "acme/shop/checkout", "default_branch": "main"})
        }
        "/repository/branches/main" => {
            json!({"name": "main", "commit": {"id": NEWER.to_uppercase(),
            "title": "Fix \u{1b}[2Jit", "author_name": "Ada L.", "committed_date": "2026-11-21T10:00:00Z"}})
        }
        "/deployments" if query.contains("environment=staging") => json!([]),
        "/deployments" if query.contains("status=success") => {
            json!([deployment(131, SHA, "success", "success", 901)])
        }
        "/deployments" => json!([
            deployment(132, NEWER, "created", "manual", 902),
            deployment(131, SHA, "success", "success", 901)
        ]),
        "/pipelines" => json!([
            pipeline(902, NEWER, "manual"),
            pipeline(901, SHA, "exploded")
        ]),
        "/pipelines/902/jobs" => json!([
            {"id": 532, "name": "deploy production", "status": "manual"},
            {"id": 1, "name": "test", "status": "success"},
            {"id": 2, "name": "lint", "status": "failed", "allow_failure": true}]),
        "/pipelines/901/jobs" => json!([{"id": 3, "name": "test", "status": "failed"}]),
        "/merge_requests" if query.contains("labels=") => {
            return Some(ok(json!([])).insert_header("x-total", "0"));
        }
        "/merge_requests" => {
            json!([{"iid": 12, "title": "t", "web_url": "u", "author": {"username": "eve"},
            "sha": NEWER, "source_branch": "main", "target_branch": "production", "state": "opened",
            "detailed_merge_status": "mergeable", "has_conflicts": false, "labels": ["ship"],
            "updated_at": "2026-11-21T10:00:00Z"}])
        }
        "/issues" => {
            return Some(
                ok(json!([{"iid": 3, "title": "leak", "web_url": "u", "labels": ["stop it"]}]))
                    .insert_header("x-total", "31"),
            );
        }
        "/releases" => json!([
            {"tag_name": "v3", "name": "v3", "created_at": "2026-11-20T10:00:00Z", "upcoming_release": true},
            {"tag_name": "v2", "created_at": "2026-11-19T10:00:00Z", "commit": {"id": SHA}}]),
        _ => return None,
    }))
}

fn node(path: &str) -> Value {
    json!({"id": "gid://gitlab/Project/42", "fullPath": path, "webUrl": format!("https://lab/{path}"),
        "archived": false, "userPermissions": {"createPipeline": true, "createDeployment": true},
        "pipelines": {"nodes": [{"id": "gid://gitlab/Ci::Pipeline/902", "sha": NEWER, "status": "MANUAL",
            "updatedAt": "2026-11-21T19:00:00Z"}]},
        "releases": {"nodes": [{"tagName": "v3"}]},
        "e0": {"name": "staging"},
        "e1": {"name": "production", "deployed": {"iid": "31", "finishedAt": "2026-11-21T12:20:00Z"}},
        "mergeRequests": {"count": 1, "nodes": [{"iid": "12", "approvalsLeft": 0,
            "headPipeline": {"id": "gid://gitlab/Ci::Pipeline/902", "status": "SUCCESS"}}]}})
}

fn site(request: &Request) -> Option<ResponseTemplate> {
    if request.url.path() == "/api/graphql" {
        // Not in the order of the question, and what is hidden is simply not there.
        let known = |path: &String| !path.contains("hidden");
        let nodes: Vec<Value> = asked(request)
            .iter()
            .rev()
            .filter(|it| known(it))
            .map(|it| node(it))
            .collect();
        return Some(ok(
            json!({"data": {"queryComplexity": {"score": 90, "limit": 250},
            "projects": {"nodes": nodes}}}),
        ));
    }
    project(request)
}

#[tokio::test]
async fn a_board_tells_what_is_live_what_waits_and_what_lets_it_in() {
    let server = serving(site).await;
    let target = Target {
        revisions: vec![Sha::from(SHA)],
        labels: vec!["stop it".to_owned()],
        ..target("acme/shop/checkout")
    };
    let mut batch = gitlab(&server).board(&[target]).await;
    let facts = batch.answers.remove(0).1.unwrap();
    assert_eq!(facts.gaps, Vec::<String>::new());
    assert_eq!(
        (facts.permission, facts.archived),
        (Permission::Write, false)
    );
    let head = facts.head.as_ref().unwrap();
    assert_eq!(
        (head.sha.as_str(), facts.default_branch.as_deref()),
        (NEWER, Some("main"))
    );
    assert!(!head.headline.contains('\u{1b}'));
    let production = EnvironmentName::from("production");
    assert_eq!(
        live(&facts.deployments, &production).unwrap().id,
        DeploymentId(131)
    );
    let run = facts
        .runs
        .iter()
        .find(|run| !run.waiting.is_empty())
        .unwrap();
    assert_eq!(
        (run.id, run.sha.as_str(), &run.phase),
        (RunId(902), NEWER, &Phase::Gated)
    );
    let (job, name) = (JobId(532), "deploy production".to_owned());
    assert_eq!(run.waiting[0].door, Door::Job { job, name });
    assert_eq!(run.waiting[0].environment, production);
    let checks = &facts.checks[&head.sha];
    assert_eq!(
        (&checks.phase, checks.total),
        (&Some(Phase::Succeeded), 2),
        "{checks:?}"
    );
    assert_eq!(facts.checks[&Sha::from(SHA)].phase, Some(Phase::Failed));
    let odd = facts.runs.iter().find(|run| run.id == RunId(901)).unwrap();
    assert_eq!(odd.phase, Phase::Unknown("exploded".to_owned()));
    let change = &facts.pull_requests[0];
    assert_eq!(
        (&change.state, &change.checks),
        (&ChangeState::Ready, &Some(Phase::Succeeded))
    );
    assert_eq!(facts.labelled["stop it"].total, 31);
    assert_eq!(facts.version_of(&Sha::from(SHA)), Some("v2"));
    assert!(facts.releases[0].prerelease && !facts.releases[0].draft);
    for request in server.received_requests().await.unwrap() {
        assert_eq!(
            request.headers["authorization"],
            format!("Bearer {TOKEN}").as_str()
        );
        assert!(!request.headers.contains_key("private-token"));
    }
}

#[tokio::test]
async fn a_pulse_agrees_with_the_board_that_was_read_before_it() {
    let server = serving(site).await;
    let gitlab = gitlab(&server);
    let targets = [target("acme/shop/checkout"), target("acme/hidden")];
    let board = gitlab.board(&targets).await;
    let facts = board.answers[0].1.as_ref().unwrap();
    let before = seen(&server).await.len();
    let mut pulses = gitlab.pulse(&targets).await.answers;
    assert_eq!(
        seen(&server).await.len() - before,
        4,
        "two queries for each default branch"
    );
    let hidden = pulses.remove(1);
    assert_eq!(hidden.1.unwrap_err().kind, FaultKind::NotFound);
    let pulse = pulses.remove(0).1.unwrap();
    assert_eq!(pulse.head, Some(Sha::from(NEWER)));
    assert_eq!(pulse.deployments[0].0, 131);
    let environments = [EnvironmentName::from("production")];
    let environments: Vec<&EnvironmentName> = environments.iter().collect();
    assert!(facts.agrees_with(&pulse, &environments), "{pulse:?}");
}

#[tokio::test]
async fn a_hidden_project_is_a_fault_of_its_own_and_a_moved_one_answers_under_its_new_path() {
    let server = serving(|request| match request.url.path() {
        "/api/graphql" => {
            let new = |path: &String| path == "acme/shop/checkout";
            let nodes: Vec<Value> = asked(request)
                .iter()
                .filter(|it| new(it))
                .map(|it| node(it))
                .collect();
            Some(ok(json!({"data": {"projects": {"nodes": nodes}}})))
        }
        "/api/v4/projects/acme%2Fold" => Some(
            ResponseTemplate::new(301)
                .insert_header("location", "/api/v4/projects/acme%2Fshop%2Fcheckout"),
        ),
        _ => project(request),
    })
    .await;
    let targets = [
        target("acme/old"),
        target("acme/hidden"),
        target("acme/shop/checkout"),
    ];
    let answers = gitlab(&server).board(&targets).await.answers;
    assert_eq!(answers[0].1.as_ref().unwrap().repo, repo());
    let fault = answers[1].1.as_ref().unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert_eq!(fault.doing, "reading acme/hidden");
    assert!(answers[2].1.is_ok(), "{:?}", answers[2]);
}

#[tokio::test]
async fn the_token_tells_who_it_is_and_what_it_may() {
    let server = serving(|request| match request.url.path() {
        "/api/v4/user" => Some(ok(json!({"id": 1, "username": "ada"}))),
        "/api/v4/personal_access_tokens/self" => {
            Some(ok(json!({"scopes": ["read_api"], "active": true})))
        }
        "/api/v4/version" => Some(ok(json!({"version": "18.2.0-ee"}))),
        _ => None,
    })
    .await;
    let identity = gitlab(&server).identify().await.unwrap();
    assert_eq!(identity.login.as_str(), "ada");
    assert_eq!(identity.version.as_deref(), Some("18.2.0-ee"));
    assert_eq!(
        identity.capabilities,
        [Capability::Checks, Capability::Log, Capability::FollowLog]
    );
}

#[tokio::test]
async fn a_scope_has_its_merge_requests_and_who_approved_them() {
    let server = serving(|request| {
        let query = request.url.query().unwrap_or_default();
        Some(ok(match below(request, "acme%2Fshop%2Fcheckout")? {
            "/repository/compare" if query.starts_with(&format!("from={SHA}")) => json!({"commits": [
                {"id": "c1", "title": "one", "author_name": "Ada", "committed_date": "2026-11-21T10:00:00Z"},
                {"id": "c2", "title": "two", "author_name": "Eve"}], "web_url": "https://lab/compare"}),
            "/repository/compare" => json!({"commits": []}),
            "/repository/commits/c1/merge_requests" => json!([]),
            "/repository/commits/c2/merge_requests" => json!([
                {"iid": 12, "title": "t", "web_url": "u", "author": {"username": "eve"}, "state": "merged",
                    "source_branch": "f", "target_branch": "main", "labels": ["db"]},
                {"iid": 13, "title": "open", "web_url": "u", "state": "opened", "source_branch": "g",
                    "target_branch": "main"}]),
            "/merge_requests/12/approvals" => json!({"approved_by": [{"user": {"username": "ada"}}]}),
            _ => return None,
        }))
    })
    .await;
    let (base, head) = (Sha::from(SHA), Sha::from(NEWER));
    let scope = gitlab(&server)
        .scope(&repo(), &base, &head, false)
        .await
        .unwrap();
    assert_eq!(
        (scope.relation, scope.total, scope.complete),
        (Relation::Ahead, 2, true)
    );
    let commits: Vec<_> = scope
        .commits
        .iter()
        .map(|it| (it.sha.as_str(), it.pull_requests.len()))
        .collect();
    assert_eq!(commits, [("c2", 1), ("c1", 0)], "newest first");
    let change = &scope.pull_requests[0];
    assert_eq!(
        (change.labels.as_slice(), change.reviews[0].author.as_str()),
        (&["db".to_owned()][..], "ada")
    );
    assert_eq!(scope.pull_requests.len(), 1);
}

#[tokio::test]
async fn a_project_without_a_config_tells_its_path_and_what_is_reviewed() {
    let server = serving(|request| {
        Some(ok(match below(request, "acme%2Fshop%2Fcheckout")? {
            "" => json!({"id": 42, "path_with_namespace": "acme/shop/checkout", "default_branch": "trunk"}),
            "/environments" => json!([{"id": 1, "name": "production"}, {"id": 2, "name": "staging"},
                {"id": 3, "name": "review/9"}, {"id": 4, "name": "blue"}]),
            "/deployments" => json!([{"environment": {"name": "blue"}, "created_at": "2026-01-01T00:00:00Z"}]),
            "/protected_environments" => json!([{"name": "production", "required_approval_count": 0,
                "approval_rules": [{"required_approvals": 1}]}]),
            _ => return None,
        }))
    })
    .await;
    let discovered = gitlab(&server).discover(&repo()).await.unwrap();
    assert_eq!(discovered.default_branch.as_deref(), Some("trunk"));
    let names: Vec<&str> = discovered
        .environments
        .iter()
        .map(EnvironmentName::as_str)
        .collect();
    assert_eq!(names, ["staging", "blue", "production"]);
    assert_eq!(discovered.reviewed, [EnvironmentName::from("production")]);
}

#[tokio::test]
async fn a_file_that_is_not_there_differs_from_a_commit_that_is_not() {
    let server = serving(|request| match below(request, "acme%2Fshop%2Fcheckout")? {
        "/repository/files/deploy%2Fdev.toml/raw"
            if request.url.query() == Some(&format!("ref={SHA}")) =>
        {
            Some(ResponseTemplate::new(200).set_body_string("java = 21"))
        }
        route if route == format!("/repository/commits/{SHA}") => Some(ok(json!({"id": SHA}))),
        _ => None,
    })
    .await;
    let files = [
        ("deploy/dev.toml", SHA),
        ("gone.toml", SHA),
        ("deploy/dev.toml", NEWER),
    ];
    let files: Vec<(String, Sha)> = files
        .iter()
        .map(|(path, sha)| ((*path).to_owned(), Sha::from(*sha)))
        .collect();
    let read = gitlab(&server).declared(&repo(), &files).await;
    assert_eq!(
        read[0].as_ref().unwrap().keys.as_ref().unwrap()["java"],
        "21"
    );
    assert_eq!(read[1].as_ref().unwrap().keys, None);
    assert!(
        read[2]
            .as_ref()
            .unwrap_err()
            .why
            .contains("does not know commit")
    );
}
