//! Acts: one request each, whatever the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::domain::act::{MergeMethod, StatusState};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{DeploymentId, EnvironmentId, PullRequestNumber, ReleaseId};
use crate::forge::http::raw::{Answer, serve};

/// Every act there is, by name.
fn every_act() -> Vec<(&'static str, Act)> {
    let sha = Sha::from("aa11");
    let run = RunId(7);
    let release = |release| Act::PublishRelease {
        release,
        tag: "v1".into(),
        target: Sha::from("aa11"),
        prerelease: false,
    };
    let acts = vec![
        (
            "approve",
            Act::Approve {
                run,
                environments: vec![EnvironmentId(5)],
                comment: "ok".into(),
            },
        ),
        (
            "reject",
            Act::Reject {
                run,
                environments: vec![EnvironmentId(5)],
                comment: "no".into(),
            },
        ),
        (
            "dispatch",
            Act::Dispatch {
                workflow: "release.yml".into(),
                git_ref: "main".into(),
                inputs: BTreeMap::new(),
            },
        ),
        (
            "create deployment",
            Act::CreateDeployment {
                sha: sha.clone(),
                environment: "prod".into(),
                description: "d".into(),
            },
        ),
        (
            "merge",
            Act::MergePullRequest {
                number: PullRequestNumber(4),
                head: sha.clone(),
                method: MergeMethod::Merge,
            },
        ),
        ("publish draft", release(Some(ReleaseId(9)))),
        ("publish new", release(None)),
        ("cancel", Act::Cancel { run }),
        (
            "rerun",
            Act::Rerun {
                run,
                failed_only: false,
            },
        ),
        (
            "rerun failed",
            Act::Rerun {
                run,
                failed_only: true,
            },
        ),
        (
            "create tag",
            Act::CreateTag {
                tag: "v2".into(),
                target: sha.clone(),
            },
        ),
        (
            "set status",
            Act::SetStatus {
                sha,
                context: "hold/prod".into(),
                state: StatusState::Failure,
                description: "held".into(),
                target_url: None,
            },
        ),
        (
            "label",
            Act::AddLabel {
                number: PullRequestNumber(4),
                label: "hold/prod".into(),
            },
        ),
        (
            "unlabel",
            Act::RemoveLabel {
                number: PullRequestNumber(4),
                label: "hold/prod".into(),
            },
        ),
    ];
    for (_, act) in &acts {
        // A new act must be added to the list above.
        #[expect(clippy::match_same_arms, reason = "one of them says what is not sent")]
        match act {
            Act::Approve { .. }
            | Act::Reject { .. }
            | Act::Dispatch { .. }
            | Act::CreateDeployment { .. }
            | Act::MergePullRequest { .. }
            | Act::PublishRelease { .. }
            | Act::Cancel { .. }
            | Act::Rerun { .. }
            | Act::CreateTag { .. }
            | Act::ByHand
            | Act::AddLabel { .. }
            | Act::RemoveLabel { .. }
            | Act::SetStatus { .. } => {}
            // GitHub has no such calls: nothing is sent for them.
            Act::ApproveDeployment { .. }
            | Act::RejectDeployment { .. }
            | Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::Freeze { .. }
            | Act::Unfreeze { .. } => {}
        }
    }
    acts
}

#[tokio::test]
async fn every_act_is_one_request_under_every_ambiguous_answer() {
    let message = "{\"message\": \"hm\"}";
    let answers = [
        ("500", Answer::status(500, "", message)),
        ("502", Answer::status(502, "", "<html>")),
        ("503", Answer::status(503, "retry-after: 0\r\n", message)),
        ("504", Answer::status(504, "", "")),
        ("429", Answer::status(429, "retry-after: 0\r\n", message)),
        ("302", Answer::status(302, "location: /api/v3/user\r\n", "")),
        ("cut", Answer::cut()),
        ("dropped", Answer::HangUp),
        ("silence", Answer::Silence),
    ];
    let mut table = format!("{:18}", "requests seen");
    for (name, _) in &answers {
        let _ = write!(table, "{name:>8}");
    }
    table.push('\n');
    for (name, act) in every_act() {
        let _ = write!(table, "{name:18}");
        for (trouble, answer) in &answers {
            let impatient = Limits {
                total: Duration::from_millis(if *trouble == "silence" { 60 } else { 5000 }),
                ..limits()
            };
            let act = &act;
            let (outcome, seen) = serve(answer.clone(), |address| async move {
                let github = github_with(&format!("http://{address}"), impatient);
                let outcome = github.act(&repo(), act, &"k-1".into()).await;
                // Anything sent behind our back has had its chance.
                tokio::time::sleep(Duration::from_millis(10)).await;
                outcome
            })
            .await;
            assert_eq!(seen, 1, "{name} under {trouble}");
            match outcome {
                Outcome::NoAnswer { why } => assert!(!why.contains(TOKEN)),
                other => panic!("{name} under {trouble}: {other:?}"),
            }
            let _ = write!(table, "{seen:>8}");
        }
        table.push('\n');
    }
    println!("{table}");
}

#[tokio::test]
async fn every_act_is_refused_by_a_definite_answer() {
    for (name, act) in every_act() {
        for status in [400, 401, 403, 404, 405, 409, 422] {
            let answer = Answer::status(status, "", "{\"message\": \"No, because\"}");
            let act = &act;
            let (outcome, seen) = serve(answer, |address| async move {
                let github = github_with(&format!("http://{address}"), limits());
                github.act(&repo(), act, &"k-1".into()).await
            })
            .await;
            assert_eq!(seen, 1);
            match outcome {
                Outcome::Rejected {
                    status: got, why, ..
                } => {
                    assert_eq!((got, why.as_str()), (status, "No, because"), "{name}");
                }
                other => panic!("{name} under {status}: {other:?}"),
            }
        }
    }
}

/// Acts on a server that answers every request the same, and returns what came of it and the request.
async fn act_on(answer: ResponseTemplate, act: &Act) -> (Outcome, Request) {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(answer)
        .mount(&server)
        .await;
    let outcome = github(&server).act(&repo(), act, &"k-1".into()).await;
    let mut seen = server.received_requests().await.unwrap();
    (outcome, seen.remove(0))
}

#[tokio::test]
async fn each_act_goes_where_its_call_says_and_its_answer_is_followed() {
    let made = |name: &str| match name {
        "approve" | "reject" => (200, json!([{"id": 31}])),
        "label" | "unlabel" => (200, json!([])),
        "dispatch" => (200, json!({"workflow_run_id": 77, "html_url": "u"})),
        "create deployment" => (201, json!({"id": 31})),
        "merge" => (200, json!({"sha": "BB", "merged": true})),
        "publish draft" => (200, json!({"id": 9, "html_url": "u"})),
        "cancel" => (202, json!({})),
        "publish new" | "set status" => (201, json!({"id": 9})),
        _ => (201, json!({})),
    };
    for (name, act) in every_act() {
        let (status, body) = made(name);
        let (outcome, request) =
            act_on(ResponseTemplate::new(status).set_body_json(body), &act).await;
        let said = act.call(ForgeKind::GitHub, "acme/checkout");
        let mut words = said.split(' ');
        assert_eq!(
            Some(request.method.as_str().to_lowercase()),
            words.next().map(str::to_lowercase)
        );
        let route = format!("/api/v3{}", words.next().unwrap());
        assert!(
            request.url.path().starts_with(&route),
            "{name}: {} {route}",
            request.url.path()
        );
        let Outcome::Accepted(handle) = outcome else {
            panic!("{name}: {outcome:?}")
        };
        match name {
            "dispatch" => assert_eq!(handle.run, Some(RunId(77))),
            "create deployment" => assert_eq!(handle.deployment, Some(DeploymentId(31))),
            "merge" => assert_eq!(handle.sha, Some(Sha::from("bb"))),
            "create tag" => assert!(handle.sha.is_some()),
            "publish draft" | "publish new" => assert_eq!(handle.release, Some(ReleaseId(9))),
            "set status" => assert_eq!(handle.sha, Some(Sha::from("aa11"))),
            "label" | "unlabel" => assert_eq!(handle.run, None),
            _ => assert_eq!(handle.run, Some(RunId(7)), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_success_that_names_nothing_is_no_answer() {
    for (name, act) in every_act() {
        let (outcome, _) = act_on(
            ResponseTemplate::new(200).set_body_raw("<html>ok</html>", "text/html"),
            &act,
        )
        .await;
        assert!(
            matches!(outcome, Outcome::NoAnswer { .. }),
            "{name}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_deployment_that_merged_instead_is_refused() {
    let act = &every_act()[3].1;
    let answer =
        ResponseTemplate::new(202).set_body_json(json!({"message": "Auto-merged main into topic"}));
    let (outcome, _) = act_on(answer, act).await;
    assert_eq!(
        outcome,
        Outcome::Rejected {
            status: 202,
            why: "Auto-merged main into topic".to_owned(),
            hint: None,
            denied: false,
        }
    );
}

#[tokio::test]
async fn the_run_of_a_dispatch_without_an_id_is_looked_for_and_never_dispatched_again() {
    for (title, found) in [("release k-1", Some(RunId(88))), ("release", None)] {
        let server = MockServer::start().await;
        let base = "/api/v3/repos/acme/checkout/actions/workflows/release.yml";
        Mock::given(method("POST"))
            .and(path(format!("{base}/dispatches")))
            .respond_with(ResponseTemplate::new(204))
            .expect(1)
            .mount(&server)
            .await;
        let at = now().to_string();
        Mock::given(method("GET"))
            .and(path(format!("{base}/runs")))
            .respond_with(
                ResponseTemplate::new(200)
                    .insert_header("date", "x")
                    .set_body_json(json!({
                "workflow_runs": [{"id": 88, "event": "workflow_dispatch", "display_title": title,
                    "head_sha": "aa", "created_at": "2036-01-01T00:00:00Z", "updated_at": at}]})),
            )
            .mount(&server)
            .await;
        let outcome = github(&server)
            .act(&repo(), &every_act()[2].1, &"k-1".into())
            .await;
        let Outcome::Accepted(handle) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(handle.run, found);
        assert!(handle.forge_time.is_some());
    }
}
