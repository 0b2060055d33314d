//! Acts: one request each, whatever the answer; approving is two, and neither comes twice.

use super::*;
use crate::domain::act::{MergeMethod, StatusState};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{DeploymentId, FreezeId, JobId, PullRequestNumber};
use crate::forge::http::raw::{Answer, serve};

fn approve() -> Act {
    Act::ApproveDeployment {
        run: RunId(7),
        deployment: DeploymentId(31),
        job: JobId(9),
        comment: "ok".into(),
    }
}

fn merge() -> Act {
    Act::MergePullRequest {
        number: PullRequestNumber(4),
        head: Sha::from(SHA),
        method: MergeMethod::Merge,
    }
}

/// Every act that GitLab has, by name.
fn every_act() -> Vec<(&'static str, Act)> {
    let (run, sha) = (RunId(7), Sha::from(SHA));
    let acts = vec![
        ("approve", approve()),
        (
            "reject",
            Act::RejectDeployment {
                run,
                deployment: DeploymentId(31),
                comment: "no".into(),
            },
        ),
        (
            "play",
            Act::PlayJob {
                run,
                job: JobId(9),
                name: "deploy".into(),
            },
        ),
        (
            "job again",
            Act::RetryJob {
                run,
                job: JobId(9),
                name: "deploy".into(),
            },
        ),
        (
            "cancel job",
            Act::CancelJob {
                run,
                job: JobId(9),
                name: "deploy".into(),
            },
        ),
        (
            "pipeline",
            Act::RunPipeline {
                git_ref: "main".into(),
                variables: BTreeMap::from([("TO".into(), "prod".into())]),
            },
        ),
        (
            "tag",
            Act::CreateTag {
                tag: "v2".into(),
                target: sha.clone(),
            },
        ),
        (
            "deployment",
            Act::CreateDeployment {
                sha: sha.clone(),
                environment: "prod".into(),
                description: "d".into(),
            },
        ),
        ("merge", merge()),
        (
            "release",
            Act::PublishRelease {
                release: None,
                tag: "v2".into(),
                target: sha.clone(),
                prerelease: false,
            },
        ),
        ("cancel", Act::Cancel { run }),
        (
            "retry",
            Act::Rerun {
                run,
                failed_only: true,
            },
        ),
        (
            "status",
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
        (
            "freeze",
            Act::Freeze {
                start: "0 1 2 3 *".into(),
                end: "0 2 2 3 *".into(),
            },
        ),
        (
            "unfreeze",
            Act::Unfreeze {
                freeze: FreezeId(7),
                start: "0 1 2 3 *".into(),
                end: "0 2 2 3 *".into(),
            },
        ),
    ];
    for (_, act) in &acts {
        // A new act must be added to the list above.
        #[expect(clippy::match_same_arms, reason = "one of them says what is not sent")]
        match act {
            Act::ApproveDeployment { .. }
            | Act::RejectDeployment { .. }
            | Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::CreateTag { .. }
            | Act::CreateDeployment { .. }
            | Act::MergePullRequest { .. }
            | Act::PublishRelease { .. }
            | Act::Cancel { .. }
            | Act::Rerun { .. }
            | Act::AddLabel { .. }
            | Act::RemoveLabel { .. }
            | Act::Freeze { .. }
            | Act::Unfreeze { .. }
            | Act::SetStatus { .. } => {}
            // GitLab has no such calls: nothing is sent for them.
            Act::Approve { .. } | Act::Reject { .. } | Act::Dispatch { .. } | Act::ByHand => {}
        }
    }
    acts
}

/// What GitLab answers to each act that it takes.
fn made(request: &Request) -> Option<ResponseTemplate> {
    let route = below(request, "acme%2Fshop%2Fcheckout")?;
    let body = match route {
        "/deployments/31/approval" => json!({"status": "approved", "user": {"username": "ada"}}),
        "/jobs/9/retry" => json!({"id": 10, "status": "pending", "web_url": "u"}),
        "/jobs/9/cancel" => json!({"id": 9, "status": "canceled", "web_url": "u"}),
        "/jobs/9/play" => json!({"id": 9, "status": "pending", "web_url": "u"}),
        "/pipeline" => json!({"id": 77, "iid": 3, "status": "created", "web_url": "u"}),
        "/repository/tags" => json!({"name": "v2", "commit": {"id": SHA}}),
        "/deployments" => json!({"id": 31, "status": "running"}),
        "/merge_requests/4/merge" => {
            json!({"iid": 4, "state": "merged", "merge_commit_sha": "BB", "web_url": "u"})
        }
        "/merge_requests/4" => json!({"iid": 4, "labels": [], "web_url": "u"}),
        "/freeze_periods" => json!({"id": 7}),
        "/freeze_periods/7" => return Some(ResponseTemplate::new(204)),
        "/releases" => json!({"tag_name": "v2"}),
        "/pipelines/7/cancel" | "/pipelines/7/retry" => json!({"id": 7, "status": "canceled"}),
        _ if route.starts_with("/statuses/") => json!({"id": 5, "status": "failed"}),
        _ => return None,
    };
    Some(ResponseTemplate::new(201).set_body_json(body))
}

#[tokio::test]
async fn every_act_is_one_request_under_every_ambiguous_answer() {
    let message = "{\"message\": \"hm\"}";
    let answers = [
        ("500", Answer::status(500, "", message)),
        ("502", Answer::status(502, "", "<html>")),
        ("503", Answer::status(503, "retry-after: 0\r\n", message)),
        ("504", Answer::status(504, "", "")),
        (
            "429",
            Answer::status(429, "retry-after: 0\r\n", "Retry later"),
        ),
        ("302", Answer::status(302, "location: /api/v4/user\r\n", "")),
        ("cut", Answer::cut()),
        ("dropped", Answer::HangUp),
        ("silence", Answer::Silence),
    ];
    for (name, act) in every_act() {
        for (trouble, answer) in &answers {
            let impatient = Limits {
                total: Duration::from_millis(if *trouble == "silence" { 60 } else { 5000 }),
                ..limits()
            };
            let act = &act;
            let (outcome, seen) = serve(answer.clone(), |address| async move {
                let gitlab = gitlab_with(&format!("http://{address}"), impatient);
                let outcome = gitlab.act(&repo(), act, &"k-1".into()).await;
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
        }
    }
}

#[tokio::test]
async fn an_approval_whose_second_half_is_unclear_is_neither_repeated_nor_called_a_refusal() {
    for trouble in [500, 502, 503, 504, 429, 302, 0] {
        let server = serving(move |request| {
            let answer = made(request)?;
            Some(match (request.url.path().ends_with("/play"), trouble) {
                (false, _) => answer,
                (true, 0) => answer.set_delay(Duration::from_secs(2)),
                (true, trouble) => ResponseTemplate::new(trouble)
                    .insert_header("retry-after", "0")
                    .insert_header("location", "/api/v4/user"),
            })
        })
        .await;
        let impatient = Limits {
            total: Duration::from_millis(300),
            ..limits()
        };
        let gitlab = gitlab_with(&server.uri(), impatient);
        let outcome = gitlab.act(&repo(), &approve(), &"k-1".into()).await;
        match outcome {
            Outcome::NoAnswer { why } => assert!(why.contains("is approved"), "{why}"),
            other => panic!("{trouble}: {other:?}"),
        }
        let project = "POST /api/v4/projects/acme%2Fshop%2Fcheckout";
        assert_eq!(
            seen(&server).await,
            [
                format!("{project}/deployments/31/approval"),
                format!("{project}/jobs/9/play")
            ],
            "{trouble}"
        );
    }
}

#[tokio::test]
async fn an_approval_whose_job_is_refused_says_that_nothing_started_and_the_approval_stands() {
    let server = serving(|request| {
        if request.url.path().ends_with("/play") {
            return Some(status(400, "400 Bad request - Unplayable Job"));
        }
        made(request)
    })
    .await;
    match gitlab(&server)
        .act(&repo(), &approve(), &"k-1".into())
        .await
    {
        Outcome::Rejected {
            status, why, hint, ..
        } => {
            assert_eq!(status, 400);
            assert!(why.starts_with("the deployment is approved, but"), "{why}");
            assert!(hint.unwrap().contains("another approval"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(seen(&server).await.len(), 2);
}

#[tokio::test]
async fn every_act_is_refused_by_a_definite_answer() {
    for (name, act) in every_act() {
        for status in [400, 401, 403, 404, 405, 406, 409, 422] {
            let answer = Answer::status(status, "", "{\"message\": \"No, because\"}");
            let act = &act;
            let (outcome, seen) = serve(answer, |address| async move {
                let gitlab = gitlab_with(&format!("http://{address}"), limits());
                gitlab.act(&repo(), act, &"k-1".into()).await
            })
            .await;
            assert_eq!(seen, 1);
            match outcome {
                Outcome::Rejected {
                    status: got, why, ..
                } => assert_eq!((got, why.as_str()), (status, "No, because"), "{name}"),
                other => panic!("{name} under {status}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_refused_merge_says_what_gitlab_means_by_the_status() {
    for (code, word) in [
        (401, "may not merge"),
        (405, "draft, closed"),
        (409, "head has moved"),
        (422, "cannot be merged"),
    ] {
        let server = serving(move |_| Some(status(code, "no"))).await;
        match gitlab(&server).act(&repo(), &merge(), &"k".into()).await {
            Outcome::Rejected { hint, .. } => assert!(hint.unwrap().contains(word), "{code}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    let fields = json!({"message": {"base": ["cannot be blank"], "ref": ["is odd", "is long"]}});
    let server = serving(move |_| Some(ResponseTemplate::new(400).set_body_json(&fields))).await;
    match gitlab(&server).act(&repo(), &merge(), &"k".into()).await {
        Outcome::Rejected { why, .. } => {
            assert_eq!(why, "base: cannot be blank; ref: is odd, is long");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_scope_that_the_token_lacks_is_what_is_to_be_mended_whatever_the_act() {
    for (name, act) in every_act() {
        let body = json!({"error": "insufficient_scope", "scope": "api",
            "error_description": "The request requires higher privileges than provided by the access token."});
        let server = serving(move |_| Some(ResponseTemplate::new(403).set_body_json(&body))).await;
        match gitlab(&server).act(&repo(), &act, &"k".into()).await {
            Outcome::Rejected { hint, .. } => {
                let hint = hint.unwrap();
                assert!(hint.contains("lacks a scope: `api`"), "{name}: {hint}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn each_act_goes_where_its_call_says_and_its_answer_is_followed() {
    for (name, act) in every_act() {
        let server = serving(made).await;
        let outcome = gitlab(&server).act(&repo(), &act, &"k-1".into()).await;
        let said = act.call(ForgeKind::GitLab, repo().as_str());
        let sent = server.received_requests().await.unwrap();
        for (said, sent) in said.split(", then ").zip(&sent) {
            let mut words = said.split(' ');
            assert_eq!(words.next(), Some(sent.method.as_str()), "{name}");
            let route = format!("/api/v4{}", words.next().unwrap());
            assert!(
                sent.url.path().starts_with(&route),
                "{name}: {} {route}",
                sent.url.path()
            );
            assert_eq!(
                sent.headers["authorization"],
                format!("Bearer {TOKEN}").as_str()
            );
            assert!(!sent.headers.contains_key("private-token"));
        }
        assert_eq!(sent.len(), said.split(", then ").count(), "{name}");
        let Outcome::Accepted(handle) = outcome else {
            panic!("{name}: {outcome:?}")
        };
        match name {
            "pipeline" => assert_eq!(handle.run, Some(RunId(77))),
            "deployment" => assert_eq!(handle.deployment, Some(DeploymentId(31))),
            "approve" | "reject" => {
                assert_eq!(
                    (handle.run, handle.deployment),
                    (Some(RunId(7)), Some(DeploymentId(31)))
                );
            }
            "job again" => {
                assert_eq!((handle.run, handle.job), (Some(RunId(7)), Some(JobId(10))));
            }
            "merge" => assert_eq!(handle.sha, Some(Sha::from("bb"))),
            "tag" | "release" | "status" => assert_eq!(handle.sha, Some(Sha::from(SHA))),
            "label" | "unlabel" => assert_eq!(handle.run, None),
            "freeze" | "unfreeze" => assert_eq!(handle.freeze, Some(FreezeId(7))),
            _ => assert_eq!(handle.run, Some(RunId(7)), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_success_that_names_nothing_is_no_answer() {
    for (name, act) in every_act() {
        let server = serving(|_| Some(ok(json!({})))).await;
        let outcome = gitlab(&server).act(&repo(), &act, &"k-1".into()).await;
        assert!(
            matches!(outcome, Outcome::NoAnswer { .. }),
            "{name}: {outcome:?}"
        );
        assert_eq!(seen(&server).await.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_gitlab_has_no_call_for_is_not_sent() {
    let server = serving(|_| Some(ok(json!({"id": 1})))).await;
    let gitlab = gitlab(&server);
    let (run, environments) = (RunId(7), Vec::new());
    let comment = String::new();
    for act in [
        Act::Approve {
            run,
            environments: environments.clone(),
            comment: comment.clone(),
        },
        Act::Reject {
            run,
            environments,
            comment,
        },
        Act::Dispatch {
            workflow: "x.yml".into(),
            git_ref: "main".into(),
            inputs: BTreeMap::new(),
        },
        Act::Rerun {
            run,
            failed_only: false,
        },
    ] {
        let outcome = gitlab.act(&repo(), &act, &"k".into()).await;
        assert!(
            matches!(outcome, Outcome::Rejected { status: 0, .. }),
            "{outcome:?}"
        );
    }
    assert!(seen(&server).await.is_empty());
}
