//! Reads in trouble: each kind becomes a fault that says what it was.

use super::*;
use crate::domain::capability::Capability;
use crate::domain::fault::{Fault, FaultKind};

const USER: &str = "/api/v3/user";

/// Asks who the token is, and returns the fault.
async fn fault_of(answer: ResponseTemplate) -> (Fault, usize) {
    let server = answering("GET", USER, answer).await;
    let fault = github(&server).identify().await.unwrap_err();
    let said = format!("{fault} {fault:?}");
    assert!(!said.contains(TOKEN), "{said}");
    (fault, requests(&server).await)
}

#[tokio::test]
async fn each_trouble_has_its_kind_and_its_number_of_tries() {
    let json = |status: u16, message: &str| {
        ResponseTemplate::new(status)
            .insert_header("x-github-request-id", "AB:12")
            .set_body_json(json!({ "message": message }))
    };
    let html = ResponseTemplate::new(502).set_body_raw("<html>Unicorn</html>", "text/html");
    let cut = ResponseTemplate::new(200).set_body_raw("{\"login\": \"a", "application/json");
    let wrong = ResponseTemplate::new(200).set_body_json(json!({"login": 7}));
    let table = [
        (
            html,
            FaultKind::ForgeTrouble,
            "HTML instead of JSON (502 Bad Gateway)",
            3,
        ),
        (json(500, "boom"), FaultKind::ForgeTrouble, "boom", 3),
        (
            json(503, "maintenance"),
            FaultKind::ForgeTrouble,
            "maintenance",
            3,
        ),
        (cut, FaultKind::ForgeTrouble, "not complete", 1),
        (wrong, FaultKind::Unreadable, "invalid type", 1),
        (
            json(401, "Bad credentials"),
            FaultKind::Unauthorized,
            "Bad credentials",
            1,
        ),
        (
            json(429, "slow down"),
            FaultKind::RateLimited,
            "slow down",
            1,
        ),
        (json(410, "retired"), FaultKind::Refused, "retired", 1),
    ];
    for (answer, kind, why, tries) in table {
        let (fault, asked) = fault_of(answer).await;
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.why.contains(why), "{fault}");
        assert_eq!(asked, tries, "{fault}");
        assert_eq!(fault.forge, ForgeName::from("gh"));
    }
    let (fault, _) = fault_of(json(401, "Bad credentials")).await;
    assert_eq!(fault.request.as_deref(), Some("AB:12"));
}

#[tokio::test]
async fn single_sign_on_comes_with_its_link() {
    let answer = ResponseTemplate::new(403)
        .insert_header(
            "x-github-sso",
            "required; url=https://github.com/orgs/acme/sso",
        )
        .set_body_json(json!({"message": "Resource protected by organization SAML enforcement."}));
    let server = answering(
        "GET",
        "/api/v3/repos/acme/checkout/actions/runs/1/jobs",
        answer,
    )
    .await;
    let fault = github(&server).jobs(&repo(), RunId(1)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::SingleSignOn);
    assert!(
        fault
            .hint
            .unwrap()
            .ends_with("https://github.com/orgs/acme/sso")
    );
}

#[tokio::test]
async fn a_rate_limit_pauses_the_whole_forge_until_it_said() {
    for (answer, seconds) in [
        (
            ResponseTemplate::new(403)
                .set_body_json(json!({"message": "You have exceeded a secondary rate limit."})),
            60,
        ),
        (
            ResponseTemplate::new(429)
                .insert_header("retry-after", "7")
                .set_body_json(json!({"message": "Too many"})),
            7,
        ),
        (
            ResponseTemplate::new(403)
                .insert_header("x-ratelimit-limit", "5000")
                .insert_header("x-ratelimit-remaining", "0")
                .insert_header("x-ratelimit-reset", "1795226500")
                .set_body_json(json!({"message": "API rate limit exceeded for user."})),
            100,
        ),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(answer.insert_header("date", rfc9110(now())))
            .mount(&server)
            .await;
        let github = github(&server);
        let fault = github.jobs(&repo(), RunId(1)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::RateLimited);
        let until = now() + SignedDuration::from_secs(seconds);
        assert_eq!(fault.retry_at, Some(until), "{fault}");
        let again = github.board(&targets(&["a", "b"])).await;
        for (_, answer) in again.answers {
            assert_eq!(answer.unwrap_err().retry_at, Some(until));
        }
        let cancel = Act::Cancel { run: RunId(1) };
        let outcome = github.act(&repo(), &cancel, &"k".into()).await;
        assert!(matches!(outcome, Outcome::Rejected { status: 0, .. }));
        assert_eq!(requests(&server).await, 1, "nothing is asked in a pause");
    }
}

#[tokio::test]
async fn a_query_refused_for_its_rate_is_no_answer_about_a_service() {
    let answer = ResponseTemplate::new(200).set_body_json(
        json!({"data": null, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}),
    );
    let server = answering("POST", "/api/graphql", answer).await;
    let batch = github(&server).pulse(&targets(&["a", "b"])).await;
    for (_, answer) in batch.answers {
        let fault = answer.unwrap_err();
        assert_eq!(fault.kind, FaultKind::RateLimited);
        assert!(fault.retry_at.is_some());
    }
}

#[tokio::test]
async fn one_missing_repository_faults_alone() {
    let server = MockServer::start().await;
    Mock::given(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let mut answer = empty_repositories(request);
            answer["data"]["r1"] = Value::Null;
            answer["errors"] = json!([
                {"type": "NOT_FOUND", "path": ["r1"], "message": "Could not resolve to a Repository"},
                {"path": ["r2", "latestRelease"], "message": "odd \u{1b}[1m"}]);
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    let batch = github(&server).board(&targets(&["a", "b", "c"])).await;
    let answers: Vec<_> = batch.answers.iter().map(|(_, answer)| answer).collect();
    assert!(answers[0].is_ok());
    let fault = answers[1].as_ref().unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert_eq!(fault.doing, "reading acme/b");
    let gaps = &answers[2].as_ref().unwrap().gaps;
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].starts_with("latestRelease: odd") && !gaps[0].contains('\u{1b}'));
}

#[tokio::test]
async fn a_token_that_may_not_read_checks_still_gets_a_board() {
    let server = MockServer::start().await;
    Mock::given(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let asked: Value = serde_json::from_slice(&request.body).unwrap();
            let mut answer = empty_repositories(request);
            answer["data"]["r0"]["head"] = json!({"name": "main", "target": {"oid": "aa",
                "statusCheckRollup": {"state": "SUCCESS"}}});
            if asked["variables"]["checks"] == json!(true) {
                answer["data"]["r0"]["head"]["target"]["statusCheckRollup"] = Value::Null;
                answer["errors"] = json!([{"type": "FORBIDDEN",
                    "path": ["r0", "head", "target", "statusCheckRollup", "contexts"],
                    "message": "Resource not accessible by personal access token"}]);
            }
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    Mock::given(path("/api/v3/repos/acme/a/actions/runs"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"workflow_runs": [
            {"id": 3, "path": "ci.yml", "status": "completed", "conclusion": "success", "head_sha": "aa",
             "created_at": "2026-11-21T00:00:00Z", "updated_at": "2026-11-21T00:00:00Z"}]})))
        .mount(&server)
        .await;
    let github = github(&server);
    for asked in [3, 5] {
        let batch = github.board(&targets(&["a"])).await;
        let facts = batch.answers[0].1.as_ref().unwrap();
        let checks = facts.checks.values().next().unwrap();
        assert_eq!(checks.phase, Some(crate::domain::phase::Phase::Succeeded));
        assert_eq!(facts.gaps.len(), 1);
        assert!(facts.gaps[0].starts_with("checks: "));
        assert_eq!(facts.runs[0].id, RunId(3), "runs come by another way");
        assert_eq!(requests(&server).await, asked, "the token is tried once");
    }
}

#[tokio::test]
async fn a_repository_that_hides_its_checks_costs_no_other_its_own() {
    let server = MockServer::start().await;
    Mock::given(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let asked: Value = serde_json::from_slice(&request.body).unwrap();
            let mut answer = empty_repositories(request);
            if asked["variables"]["checks"] == json!(true) && asked["variables"]["n0"] == "a" {
                answer["errors"] = json!([{"type": "FORBIDDEN",
                    "path": ["r0", "head", "target", "statusCheckRollup", "contexts"],
                    "message": "Resource not accessible by personal access token"}]);
            }
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    let github = github(&server);
    for _ in 0..2 {
        let batch = github.board(&targets(&["a", "b"])).await;
        let hidden = |place: usize| batch.answers[place].1.as_ref().unwrap().hidden.clone();
        assert_eq!(hidden(0), [Capability::Checks]);
        assert_eq!(hidden(1), []);
        let names: Vec<&str> = batch.answers.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
    // Both, and the one by its sum; then each by its own question.
    assert_eq!(requests(&server).await, 4);
}

#[tokio::test]
async fn a_forge_that_chokes_is_asked_for_less() {
    let server = MockServer::start().await;
    Mock::given(path("/api/graphql"))
        .respond_with(|request: &Request| {
            if asked_services(request) > 5 {
                return ResponseTemplate::new(502).set_body_raw("<html>", "text/html");
            }
            ResponseTemplate::new(200).set_body_json(empty_repositories(request))
        })
        .mount(&server)
        .await;
    let names: Vec<String> = (0..40).map(|index| format!("s{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let batch = github(&server).board(&targets(&names)).await;
    assert_eq!(batch.answers.len(), 40);
    for ((service, answer), name) in batch.answers.iter().zip(names) {
        assert_eq!(service.as_str(), name);
        assert_eq!(
            answer.as_ref().unwrap().repo.as_str(),
            format!("acme/{name}")
        );
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_its_origin() {
    let elsewhere = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"login": "mallory", "jobs": []})),
        )
        .mount(&elsewhere)
        .await;
    let server = MockServer::start().await;
    let there = format!("{}/api/v3/user", elsewhere.uri());
    Mock::given(path(USER))
        .respond_with(ResponseTemplate::new(302).insert_header("location", there.as_str()))
        .mount(&server)
        .await;
    Mock::given(path("/api/v3/repos/acme/checkout/actions/runs/1/jobs"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("link", format!("<{there}>; rel=\"next\""))
                .set_body_json(json!({"jobs": []})),
        )
        .mount(&server)
        .await;
    let github = github(&server);
    let fault = github.identify().await.unwrap_err();
    assert!(fault.why.contains("where the token must not go"), "{fault}");
    assert!(github.jobs(&repo(), RunId(1)).await.is_err());
    assert_eq!(requests(&elsewhere).await, 0);
}

#[tokio::test]
async fn a_moved_repository_is_followed_within_its_origin_and_not_for_ever() {
    let server = MockServer::start().await;
    let jobs = |owner: &str| format!("/api/v3/repos/{owner}/checkout/actions/runs/1/jobs");
    Mock::given(path(jobs("acme")))
        .respond_with(ResponseTemplate::new(301).insert_header("location", jobs("new").as_str()))
        .mount(&server)
        .await;
    Mock::given(path(jobs("new")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"jobs": []})))
        .mount(&server)
        .await;
    Mock::given(path(USER))
        .respond_with(ResponseTemplate::new(302).insert_header("location", USER))
        .mount(&server)
        .await;
    let github = github(&server);
    assert!(github.jobs(&repo(), RunId(1)).await.is_ok());
    assert_eq!(requests(&server).await, 2);
    let fault = github.identify().await.unwrap_err();
    assert!(fault.why.contains("more than 5 times"), "{fault}");
    assert_eq!(requests(&server).await, 2 + 6);
}

#[tokio::test]
async fn pages_end() {
    let server = MockServer::start().await;
    let route = "/api/v3/repos/acme/checkout/actions/runs/1/jobs";
    Mock::given(path(route))
        .respond_with(move |request: &Request| {
            let page: u64 = request
                .url
                .query_pairs()
                .find(|(name, _)| name == "page")
                .map_or(1, |(_, page)| page.parse().unwrap());
            let next = format!("<{route}?page={}>; rel=\"next\"", page + 1);
            ResponseTemplate::new(200)
                .insert_header("link", next)
                .set_body_json(json!({"jobs": []}))
        })
        .mount(&server)
        .await;
    let circle = "/api/v3/repos/acme/checkout/actions/runs/2/jobs";
    Mock::given(path(circle))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("link", format!("<{circle}?page=2>; rel=\"next\""))
                .set_body_json(json!({"jobs": []})),
        )
        .mount(&server)
        .await;
    let github = github(&server);
    let fault = github.jobs(&repo(), RunId(1)).await.unwrap_err();
    assert!(fault.why.contains("more than 20 pages"), "{fault}");
    assert_eq!(requests(&server).await, 20);
    let fault = github.jobs(&repo(), RunId(2)).await.unwrap_err();
    assert!(fault.why.contains("circle"), "{fault}");
    assert_eq!(requests(&server).await, 22);
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_a_silent_forge_is_left() {
    let huge = ResponseTemplate::new(200).set_body_raw(vec![b' '; 64 * 1024], "application/json");
    let server = answering("GET", USER, huge).await;
    let tight = Limits {
        body: 10_000,
        ..limits()
    };
    let fault = github_with(&server.uri(), tight)
        .identify()
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreadable);
    assert!(fault.why.contains("longer than 10000 bytes"), "{fault}");

    let silent = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    let server = answering("GET", USER, silent).await;
    let impatient = Limits {
        total: Duration::from_millis(50),
        ..limits()
    };
    let fault = github_with(&server.uri(), impatient)
        .identify()
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.why.contains("no answer within 50ms"), "{fault}");
}

#[tokio::test]
async fn a_forge_that_is_not_there_is_named_so_and_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let github = github_with(&format!("http://{address}"), limits());
    let batch = github.board(&targets(&["a", "b"])).await;
    for (_, answer) in batch.answers {
        let fault = answer.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable);
        assert!(fault.why.starts_with("no connection"), "{fault}");
    }
    let outcome = github
        .act(&repo(), &Act::Cancel { run: RunId(1) }, &"k".into())
        .await;
    match outcome {
        Outcome::Rejected { status: 0, why, .. } => assert!(why.starts_with("not sent"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn polling_stops_before_acts_run_out_of_budget() {
    let server = MockServer::start().await;
    Mock::given(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let mut answer = empty_repositories(request);
            answer["data"]["rateLimit"] = json!({"cost": 1, "limit": 5000, "remaining": 1999,
                "resetAt": "2126-11-21T12:00:00Z"});
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    let github = github(&server);
    assert!(github.pulse(&targets(&["a"])).await.answers[0].1.is_ok());
    let budget = github.budget().queries.unwrap();
    assert_eq!((budget.limit, budget.remaining), (5000, 1999));
    let fault = github
        .pulse(&targets(&["a"]))
        .await
        .answers
        .remove(0)
        .1
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::RateLimited);
    assert_eq!(fault.retry_at, Some(budget.resets_at));
    assert_eq!(requests(&server).await, 1);
    assert!(github.board(&targets(&["a"])).await.answers[0].1.is_ok());
}

#[tokio::test]
async fn a_forge_that_names_the_end_of_its_maintenance_is_left_until_then() {
    let answer = ResponseTemplate::new(503)
        .insert_header("date", rfc9110(now()))
        .insert_header("retry-after", "90")
        .set_body_json(json!({"message": "maintenance"}));
    let (fault, asked) = fault_of(answer).await;
    assert_eq!(fault.kind, FaultKind::ForgeTrouble);
    assert_eq!(fault.retry_at, Some(now() + SignedDuration::from_secs(90)));
    assert_eq!(asked, 1);
}
