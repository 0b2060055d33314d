//! Facts from the wire, with the odd and the missing in it.

use serde_json::json;

use super::*;
use crate::domain::deployment::live;
use crate::domain::facts::Permission;
use crate::domain::ids::IntentId;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;

fn read(value: Value) -> ServiceFacts {
    let Value::Object(fields) = value else {
        panic!("an object")
    };
    facts(fields).unwrap()
}

fn bare() -> Value {
    json!({"nameWithOwner": "acme/checkout", "url": "https://github.com/acme/checkout"})
}

fn deployed(id: u64, environment: &str, state: &str, second: u32) -> Value {
    json!({"databaseId": id, "environment": "old-name", "latestEnvironment": environment,
        "state": state, "commitOid": format!("{id:040x}"),
        "createdAt": format!("2026-11-01T10:00:{second:02}Z")})
}

#[test]
fn an_empty_repository_is_an_answer() {
    let facts = read(bare());
    assert_eq!(facts.head, None);
    assert_eq!(facts.permission, Permission::Unknown);
    assert!(facts.checks.is_empty() && facts.gaps.is_empty());
}

#[test]
fn checks_are_counted_by_what_they_mean() {
    let mut answer = bare();
    answer["viewerPermission"] = json!("MAINTAIN");
    answer["head"] = json!({"name": "main", "target": {
        "oid": "AA11", "messageHeadline": "Fix \u{1b}[2Jit", "committedDate": "2026-11-01T10:00:00Z",
        "author": {"name": "Ada L.", "user": null},
        "statusCheckRollup": {"state": "PENDING", "contexts": {"totalCount": 9,
            "checkRunCountsByState": [{"state": "SUCCESS", "count": 3}, {"state": "SKIPPED", "count": 1},
                {"state": "TIMED_OUT", "count": 1}, {"state": "WAITING", "count": 1}, {"state": "VANISHED", "count": 1}],
            "statusContextCountsByState": [{"state": "ERROR", "count": 1}, {"state": "EXPECTED", "count": 1}]}},
        "checkSuites": {"nodes": [null,
            {"status": "IN_PROGRESS", "conclusion": null, "workflowRun": {"databaseId": 7, "runNumber": 3,
                "event": "push", "url": "u", "createdAt": "2026-11-01T10:00:00Z",
                "updatedAt": "2026-11-01T10:00:00Z", "workflow": {"name": "ci"}}},
            {"status": "COMPLETED", "conclusion": "SUCCESS", "workflowRun": null}]}}});
    let facts = read(answer);
    let head = facts.head.unwrap();
    assert_eq!(head.sha, Sha::from("aa11"));
    assert_eq!(head.author, Some(Person::from("Ada L.")));
    assert!(!head.headline.contains('\u{1b}'));
    let checks = &facts.checks[&head.sha];
    assert_eq!(checks.phase, Some(Phase::Running));
    assert_eq!(
        (
            checks.succeeded,
            checks.failed,
            checks.pending,
            checks.total
        ),
        (4, 2, 3, 9)
    );
    assert_eq!(facts.runs.len(), 1);
    assert_eq!(facts.runs[0].phase, Phase::Running);
    assert_eq!(facts.permission, Permission::Maintain);
}

#[test]
fn the_rollup_stays_known_where_its_checks_are_not_readable() {
    let mut answer = bare();
    answer["c0"] = json!({"oid": "bb", "statusCheckRollup": {"state": "FAILURE"}});
    answer["c1"] = json!({"oid": "cc", "statusCheckRollup": null});
    answer["c2"] = json!(null);
    let facts = read(answer);
    assert_eq!(facts.checks[&Sha::from("bb")].phase, Some(Phase::Failed));
    assert_eq!(facts.checks[&Sha::from("cc")].phase, None);
    assert_eq!(facts.checks.len(), 2);
}

#[test]
fn each_environment_keeps_its_live_deployment_however_busy_another_is() {
    let mut answer = bare();
    answer["d0"] =
        json!({"nodes": [deployed(9, "dev", "ACTIVE", 50), deployed(8, "dev", "INACTIVE", 40)]});
    answer["d1"] = json!({"nodes": [deployed(5, "production", "WAITING", 30), deployed(2, "production", "ACTIVE", 1), null]});
    answer["environments"] = json!({"nodes": [{"databaseId": 1, "name": "staging",
        "latestCompletedDeployment": deployed(3, "staging", "ACTIVE", 2),
        "protectionRules": {"nodes": [{"type": "REQUIRED_REVIEWERS", "timeout": 43200, "preventSelfReview": true},
            {"type": "WAIT_TIMER", "timeout": 30, "preventSelfReview": null}, {"type": "MOON_PHASE"}]}}]});
    let facts = read(answer);
    let live = |name: &str| live(&facts.deployments, &EnvironmentName::from(name)).map(|d| d.id.0);
    assert_eq!(live("dev"), Some(9));
    assert_eq!(live("production"), Some(2));
    assert_eq!(live("staging"), Some(3));
    let ids: Vec<u64> = facts.deployments.iter().map(|d| d.id.0).collect();
    assert_eq!(ids, [9, 8, 5, 3, 2], "newest first");
    let staging = &facts.environments[0];
    assert!(staging.required_reviewers && staging.prevent_self_review);
    assert_eq!(staging.wait_timer, SignedDuration::from_mins(30));
    assert_eq!(facts.gaps, ["staging: unknown protection rule MOON_PHASE"]);
}

#[test]
fn statuses_tell_what_was_up_and_when_it_began_and_came_up() {
    let with = |id: u32, total: u64, states: &[(&str, u64)]| {
        let mut one = deployed(id.into(), "production", "INACTIVE", id);
        let nodes = states.iter().map(|(state, minute)| {
            json!({"state": state, "createdAt": format!("2026-11-01T12:{minute:02}:00Z")})
        });
        one["statuses"] = json!({"totalCount": total, "nodes": nodes.collect::<Vec<_>>()});
        one
    };
    let was = [
        ("INACTIVE", 40),
        ("SUCCESS", 32),
        ("IN_PROGRESS", 30),
        ("WAITING", 1),
    ];
    let mut answer = bare();
    answer["d0"] = json!({"nodes": [
        with(9, 4, &was),
        with(8, 2, &[("INACTIVE", 40), ("WAITING", 1)]),
        with(7, 30, &[("INACTIVE", 40), ("INACTIVE", 39)]),
        deployed(6, "production", "INACTIVE", 6)]});
    let facts = read(answer);
    let phases: Vec<&Phase> = facts.deployments.iter().map(|one| &one.phase).collect();
    let unknown = Phase::Unknown("inactive".to_owned());
    let expected = [&Phase::Superseded, &Phase::Cancelled, &unknown, &unknown];
    assert_eq!(phases, expected);
    let at = |minute: u64| format!("2026-11-01T12:{minute:02}:00Z").parse().ok();
    let first = &facts.deployments[0];
    assert_eq!((first.began_at, first.live_since()), (at(30), at(32)));
    assert_eq!(first.took(), Some(SignedDuration::from_mins(2)));
    assert_eq!(facts.deployments[1].live_since(), None);
}

#[test]
fn our_key_is_found_in_a_payload_however_it_is_quoted() {
    let inner = json!({"gonogo": "k1"}).to_string();
    for payload in [
        json!({"gonogo": "k1"}),
        json!(inner),
        json!(json!(inner).to_string()),
    ] {
        assert_eq!(key(&payload), Some(IntentId::from("k1")), "{payload}");
    }
    for payload in [
        json!(""),
        json!("x"),
        json!({}),
        json!({"gonogo": 1}),
        json!(null),
    ] {
        assert_eq!(key(&payload), None, "{payload}");
    }
}

#[test]
fn one_odd_node_spoils_no_other() {
    let pull = |number: u64| {
        json!({"number": number, "title": "t", "url": "u", "headRefName": "f", "headRefOid": "DD",
            "baseRefName": "main", "updatedAt": "2026-11-01T10:00:00Z", "mergeable": "MERGEABLE",
            "mergeStateStatus": "CLEAN", "author": null, "labels": {"nodes": [{"name": "release"}]}})
    };
    let mut answer = bare();
    answer["pullRequests"] =
        json!({"totalCount": 41, "nodes": [pull(1), {"number": "odd"}, pull(2)]});
    let facts = read(answer);
    assert_eq!(facts.open_pull_requests, 41);
    assert_eq!(facts.pull_requests.len(), 2);
    assert_eq!(facts.pull_requests[0].state, ChangeState::Ready);
    assert_eq!(facts.pull_requests[0].head, Sha::from("dd"));
    assert_eq!(facts.gaps.len(), 1);
}

#[test]
fn the_latest_release_is_there_once_even_if_it_is_old() {
    let release = |tag: &str, at: &str| {
        json!({"databaseId": 1, "tagName": tag, "name": "", "createdAt": at, "url": "u",
            "tagCommit": {"oid": "EE"}, "publishedAt": null})
    };
    let mut answer = bare();
    answer["releases"] = json!({"nodes": [release("v3-rc1", "2026-11-03T00:00:00Z")]});
    answer["latestRelease"] = release("v2", "2026-10-01T00:00:00Z");
    let facts = read(answer.clone());
    let tags: Vec<&str> = facts.releases.iter().map(|r| r.tag.as_str()).collect();
    assert_eq!(tags, ["v3-rc1", "v2"]);
    assert_eq!(facts.releases[0].name, None);
    answer["latestRelease"] = release("v3-rc1", "2026-11-03T00:00:00Z");
    assert_eq!(read(answer).releases.len(), 1);
}
