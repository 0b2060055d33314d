//! Acts: one request each, whatever the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::domain::act::{MergeMethod, StatusState};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{PullRequestNumber, ReleaseId};
use crate::forge::http::raw::{Answer, serve};

/// Every act that these forges have, by name.
fn every_act() -> Vec<(&'static str, Act)> {
    let sha = Sha::from("aa11");
    let run = RunId(7);
    let release = |release| Act::PublishRelease {
        release,
        tag: "v1".into(),
        target: Sha::from("aa11"),
        prerelease: false,
    };
    vec![
        (
            "dispatch",
            Act::Dispatch {
                workflow: "deploy.yml".into(),
                git_ref: "main".into(),
                inputs: BTreeMap::from([("key".to_owned(), "k-1".to_owned())]),
            },
        ),
        (
            "merge",
            Act::MergePullRequest {
                number: PullRequestNumber(4),
                head: sha.clone(),
                method: MergeMethod::Squash,
            },
        ),
        ("publish draft", release(Some(ReleaseId(9)))),
        ("publish new", release(None)),
        (
            "create tag",
            Act::CreateTag {
                tag: "v1".into(),
                target: sha.clone(),
            },
        ),
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
            "set status",
            Act::SetStatus {
                sha,
                context: "deploy/production".into(),
                state: StatusState::Success,
                description: "live".into(),
                target_url: None,
            },
        ),
    ]
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
        ("403 HTML", Answer::status(403, "", "<html>")),
        ("302", Answer::status(302, "location: /api/v1/user\r\n", "")),
        ("307", Answer::status(307, "location: /api/v1/x\r\n", "")),
        ("cut", Answer::cut()),
        ("dropped", Answer::HangUp),
        ("silence", Answer::Silence),
    ];
    let mut table = format!("{:18}", "requests seen");
    for (name, _) in &answers {
        let _ = write!(table, "{name:>10}");
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
                let forgejo = known(&format!("http://{address}"), GITEA, impatient).await;
                let outcome = forgejo.act(&repo(), act, &"k-1".into()).await;
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
            let _ = write!(table, "{seen:>10}");
        }
        table.push('\n');
    }
    println!("{table}");
}

#[tokio::test]
async fn every_act_is_refused_by_a_definite_answer() {
    for (name, act) in every_act() {
        for status in [400, 401, 403, 404, 405, 409, 413, 422, 423] {
            let answer = Answer::status(status, "", "{\"message\": \"No, because\"}");
            let act = &act;
            let (outcome, seen) = serve(answer, |address| async move {
                let forgejo = known(&format!("http://{address}"), GITEA, limits()).await;
                forgejo.act(&repo(), act, &"k-1".into()).await
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

/// Acts on a server that answers every write the same, and returns what came of it and the write.
async fn act_on(version: &str, answer: ResponseTemplate, act: &Act) -> (Outcome, Request) {
    let server = MockServer::start().await;
    for verb in ["POST", "PATCH", "PUT"] {
        Mock::given(method(verb))
            .respond_with(answer.clone())
            .mount(&server)
            .await;
    }
    let pull = json!({"number": 4, "merged": true, "merge_commit_sha": "BB", "html_url": "u"});
    show(&server, &format!("{REPO}/pulls/4"), pull).await;
    let forgejo = known(&server.uri(), version, limits()).await;
    let outcome = forgejo.act(&repo(), act, &"k-1".into()).await;
    let mut seen = requests(&server).await;
    seen.retain(|request| request.method.as_str() != "GET");
    assert_eq!(seen.len(), 1, "{act:?}");
    (outcome, seen.remove(0))
}

#[tokio::test]
async fn each_act_goes_where_its_call_says_carries_the_key_and_its_answer_is_followed() {
    for (name, act) in every_act() {
        let answer = match name {
            "dispatch" => ResponseTemplate::new(200)
                .set_body_json(json!({"workflow_run_id": 77, "html_url": "u"})),
            "merge" => ResponseTemplate::new(200),
            "cancel" | "rerun" | "rerun failed" => ResponseTemplate::new(204),
            "create tag" => {
                ResponseTemplate::new(201).set_body_json(json!({"id": "x", "name": "v1"}))
            }
            _ => ResponseTemplate::new(201).set_body_json(json!({"id": 9, "html_url": "u"})),
        };
        let (outcome, request) = act_on(GITEA, answer, &act).await;
        let said = act.call(ForgeKind::Forgejo, "acme/checkout");
        let mut words = said.split(' ');
        assert_eq!(words.next(), Some(request.method.as_str()), "{name}");
        let route = format!("/api/v1{}", words.next().unwrap());
        assert_eq!(request.url.path(), route, "{name}");
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let carries = !matches!(name, "publish draft" | "cancel" | "rerun" | "rerun failed");
        assert_eq!(body.contains("k-1"), carries, "{name}: {body}");
        let Outcome::Accepted(handle) = outcome else {
            panic!("{name}: {outcome:?}")
        };
        match name {
            "dispatch" => assert_eq!(handle.run, Some(RunId(77))),
            "merge" => {
                assert_eq!(handle.sha, Some(Sha::from("bb")));
                let sent: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(sent["head_commit_id"], "aa11");
                assert_eq!(sent["Do"], "squash");
            }
            "publish draft" | "publish new" => assert_eq!(handle.release, Some(ReleaseId(9))),
            "set status" | "create tag" => assert_eq!(handle.sha, Some(Sha::from("aa11"))),
            _ => assert_eq!(handle.run, Some(RunId(7)), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_dispatch_asks_for_its_run_in_each_forges_own_way() {
    let dispatch = every_act().remove(0).1;
    for (version, answer, run, query, asks) in [
        (
            NEWEST,
            json!({"id": 77, "run_number": 5}),
            Some(77),
            None,
            true,
        ),
        (
            "11.0.0+gitea-1.22",
            json!({"id": 77, "run_number": 5}),
            Some(5),
            None,
            true,
        ),
        (
            GITEA,
            json!({"workflow_run_id": 77}),
            Some(77),
            Some("return_run_details=true"),
            false,
        ),
    ] {
        let answer = ResponseTemplate::new(201).set_body_json(answer);
        let (outcome, request) = act_on(version, answer, &dispatch).await;
        let Outcome::Accepted(handle) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(handle.run.map(|run| run.0), run, "{version}");
        assert_eq!(request.url.query(), query, "{version}");
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent.get("return_run_info").is_some(), asks, "{version}");
    }
}

#[tokio::test]
async fn the_run_of_a_dispatch_without_an_id_is_looked_for_and_never_dispatched_again() {
    let dispatch = every_act().remove(0).1;
    for (payload, found) in [
        ("{\"inputs\":{\"key\":\"k-1\"}}", Some(RunId(88))),
        ("{}", None),
    ] {
        let server = MockServer::start().await;
        let route = format!("{REPO}/actions/workflows/deploy.yml/dispatches");
        Mock::given(method("POST"))
            .and(path(route))
            .respond_with(ResponseTemplate::new(204))
            .expect(1)
            .mount(&server)
            .await;
        let runs = json!({"total_count": 1, "workflow_runs": [{"id": 88, "event": "workflow_dispatch",
            "workflow_id": "deploy.yml", "commit_sha": "aa", "event_payload": payload,
            "created": "2036-01-01T00:00:00Z", "status": "waiting"}]});
        show(&server, &format!("{REPO}/actions/runs"), runs).await;
        let forgejo = known(&server.uri(), "13.0.0+gitea-1.22", limits()).await;
        *forgejo.features.lock().await = Some(Arc::new(features::Features {
            dispatch_details: false,
            ..(*forgejo.features().await.unwrap()).clone()
        }));
        let outcome = forgejo.act(&repo(), &dispatch, &"k-1".into()).await;
        let Outcome::Accepted(handle) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(handle.run, found);
        let looked = forgejo.find(&repo(), &dispatch, &"k-1".into(), now()).await;
        match found {
            Some(run) => assert_eq!(looked.unwrap().unwrap().run, Some(run)),
            // One that may be ours and shows no key is not said to be absent.
            None => assert!(looked.unwrap_err().why.contains("none shows our key")),
        }
    }
}

#[tokio::test]
async fn a_merge_tells_why_it_was_refused_and_what_to_do() {
    let merge = every_act().remove(1).1;
    for (status, said, hint) in [
        (405, "Please try again later", "still looking"),
        (409, "head out of date", "was pushed since"),
        (423, "archived", "archive"),
    ] {
        let answer = ResponseTemplate::new(status).set_body_json(json!({"message": said}));
        let (outcome, _) = act_on(NEWEST, answer, &merge).await;
        let Outcome::Rejected {
            status: got,
            why,
            hint: told,
            ..
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!((got, why.as_str()), (status, said));
        assert!(told.unwrap().contains(hint));
    }
    // Scheduled for later is not merged.
    let (outcome, _) = act_on(NEWEST, ResponseTemplate::new(201), &merge).await;
    assert!(matches!(outcome, Outcome::NoAnswer { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_the_server_does_not_have_is_not_sent() {
    let server = MockServer::start().await;
    let old = known(&server.uri(), "11.0.0+gitea-1.22", limits()).await;
    let newest = known(&server.uri(), NEWEST, limits()).await;
    let none = [
        (&old, Act::Cancel { run: RunId(7) }),
        (&old, every_act()[6].1.clone()),
        (&newest, every_act()[7].1.clone()),
        (
            &newest,
            Act::Approve {
                run: RunId(7),
                environments: Vec::new(),
                comment: String::new(),
            },
        ),
        (
            &newest,
            Act::CreateDeployment {
                sha: "aa".into(),
                environment: "production".into(),
                description: String::new(),
            },
        ),
    ];
    for (forgejo, act) in none {
        let outcome = forgejo.act(&repo(), &act, &"k-1".into()).await;
        let Outcome::Rejected { status: 0, why, .. } = outcome else {
            panic!("{act:?}: {outcome:?}")
        };
        assert!(why.starts_with("not sent: Forgejo 1"), "{why}");
    }
    assert!(requests(&server).await.is_empty());
}

#[tokio::test]
async fn an_act_on_a_forge_that_is_not_there_was_never_sent() {
    // Nothing listens on port 1.
    let gone = known("http://127.0.0.1:1", NEWEST, limits()).await;
    for (name, act) in every_act() {
        let outcome = gone.act(&repo(), &act, &"k-1".into()).await;
        assert!(
            matches!(outcome, Outcome::Rejected { status: 0, .. }),
            "{name}: {outcome:?}"
        );
    }
}
