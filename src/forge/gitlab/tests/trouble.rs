//! What an old, small, busy or hostile server does to reads.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn nodes(request: &Request) -> Vec<Value> {
    let bare = |path: &String| json!({"id": "gid://gitlab/Project/1", "fullPath": path});
    asked(request).iter().map(bare).collect()
}

fn projects(request: &Request) -> ResponseTemplate {
    ok(json!({"data": {"projects": {"nodes": nodes(request)}}}))
}

fn many(count: usize) -> Vec<Target> {
    (0..count).map(|at| target(&format!("acme/{at}"))).collect()
}

#[tokio::test]
async fn a_query_that_weighs_too_much_is_halved_and_no_service_is_lost() {
    let server = serving(|request| {
        Some(if asked(request).len() > 10 {
            let message = "Query has complexity of 300, which exceeds max complexity of 250";
            ok(json!({"errors": [{"message": message}]}))
        } else {
            projects(request)
        })
    })
    .await;
    let answers = gitlab(&server).pulse(&many(40)).await.answers;
    assert_eq!(answers.len(), 40);
    for (at, (service, answer)) in answers.iter().enumerate() {
        assert_eq!(service.as_str(), at.to_string());
        assert!(answer.is_ok(), "{answer:?}");
    }
}

#[tokio::test]
async fn fifty_projects_are_one_query_and_its_environments_another() {
    let server = serving(|request| Some(projects(request))).await;
    gitlab(&server).pulse(&many(100)).await;
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|it| asked(it).len() == 50));
}

#[tokio::test]
async fn an_old_server_is_asked_once_what_it_has_and_then_for_that() {
    let server = serving(|request| {
        let text = text(request);
        Some(if text.contains("GlShape") {
            let fields = |names: &[&str]| {
                let names: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
                json!({"fields": names, "enumValues": null})
            };
            ok(json!({"data": {"Project": fields(&["id", "archived"]), "ProjectPermissions": fields(&["createPipeline"]),
                "MergeRequest": fields(&["iid", "conflicts"]), "Deployment": fields(&["iid"]), "DeploymentStatus": null}}))
        } else if text.contains("BLOCKED") {
            ok(json!({"errors": [{"message": "Argument 'status' has an invalid value",
                "extensions": {"code": "argumentLiteralsIncompatible"}}]}))
        } else {
            projects(request)
        })
    })
    .await;
    let gitlab = gitlab(&server);
    for _ in 0..2 {
        assert!(gitlab.pulse(&many(1)).await.answers[0].1.is_ok());
    }
    let requests = server.received_requests().await.unwrap();
    let shapes = requests
        .iter()
        .filter(|it| text(it).contains("GlShape"))
        .count();
    assert_eq!(
        (shapes, requests.len()),
        (1, 6),
        "the refused one, the question, and two pulses"
    );
    let lacking = gitlab.memory.known().lacking.clone().unwrap();
    assert!(
        lacking.contains("MergeRequest.approvalsLeft")
            && lacking.contains("DeploymentStatus.BLOCKED")
    );
    assert!(!lacking.contains("MergeRequest.conflicts") && !lacking.contains("Project.archived"));
}

#[tokio::test]
async fn a_proxy_that_decodes_slashes_is_asked_by_number() {
    let server = serving(|request| match request.url.path() {
        "/api/graphql" => {
            let path = asked(request).remove(0);
            Some(ok(json!({"data": {"projects": {"nodes": [{"id": "gid://gitlab/Project/42", "fullPath": path}]}}})))
        }
        "/api/v4/projects/42/repository/branches/main" => {
            Some(ok(json!({"name": "main", "commit": {"id": SHA}})))
        }
        path if path.starts_with("/api/v4/projects/42/") => Some(ok(json!([]))),
        _ => None,
    })
    .await;
    let gitlab = gitlab(&server);
    let target = Target {
        branch: Some("main".to_owned()),
        ..target("acme/shop/checkout")
    };
    let facts = gitlab.board(&[target]).await.answers.remove(0).1.unwrap();
    assert_eq!(facts.head.unwrap().sha, Sha::from(SHA));
}

#[tokio::test]
async fn a_redirect_to_another_host_never_gets_the_token() {
    let elsewhere = serving(|_| Some(ok(json!({"id": 1})))).await;
    let there = elsewhere.uri();
    let server = serving(move |_| {
        Some(ResponseTemplate::new(302).insert_header("location", format!("{there}/api/v4/user")))
    })
    .await;
    let gitlab = gitlab(&server);
    let fault = gitlab.identify().await.unwrap_err();
    assert!(fault.why.contains("the token must not go"), "{fault}");
    // A query is no read that could follow: what it would become is anybody's guess.
    let answer = gitlab.pulse(&many(1)).await.answers.remove(0).1;
    assert!(answer.is_err());
    assert!(seen(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_rate_that_is_refused_pauses_the_host() {
    let server = serving(|_| {
        let answer = ResponseTemplate::new(429).set_body_string("Retry later");
        Some(answer.insert_header("retry-after", "90"))
    })
    .await;
    let gitlab = gitlab(&server);
    let fault = gitlab.identify().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RateLimited);
    assert_eq!(
        fault.retry_at,
        Some(now() + jiff::SignedDuration::from_secs(90))
    );
    assert!(gitlab.identify().await.is_err());
    assert_eq!(
        seen(&server).await.len(),
        1,
        "nothing is asked during the pause"
    );
}

#[tokio::test]
async fn the_budget_is_what_the_headers_say() {
    let server = serving(|_| {
        let answer = ok(json!({"username": "ada"}));
        let reset = now().as_second() + 60;
        Some(
            answer
                .insert_header("ratelimit-limit", "2000")
                .insert_header("ratelimit-remaining", "1500")
                .insert_header("ratelimit-reset", reset.to_string().as_str()),
        )
    })
    .await;
    let gitlab = gitlab(&server);
    gitlab.identify().await.unwrap();
    let requests = gitlab.budget().requests.unwrap();
    assert_eq!((requests.limit, requests.remaining), (2000, 1500));
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_bad_token_is_not() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = serving(move |_| {
        Some(match counted.fetch_add(1, Ordering::SeqCst) {
            0 => ResponseTemplate::new(502).set_body_string("<html>"),
            _ => ok(json!({"username": "ada"})),
        })
    })
    .await;
    assert!(gitlab(&server).identify().await.is_ok());
    let refusing = serving(|_| Some(status(401, "401 Unauthorized"))).await;
    let fault = gitlab(&refusing).identify().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorized);
    assert!(
        fault.hint.as_deref().unwrap().contains("glab auth login"),
        "{fault}"
    );
    assert!(!format!("{fault:?}").contains(TOKEN));
    assert_eq!(seen(&refusing).await.len(), 1);
}
