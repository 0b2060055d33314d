//! Which server answers: its brand, its version, what it can do, and what it refuses.

use super::*;

async fn server(version: &str, forgejo: Option<&str>, swagger: Option<Value>) -> MockServer {
    let server = MockServer::start().await;
    show(&server, "/api/v1/version", json!({"version": version})).await;
    if let Some(forgejo) = forgejo {
        show(
            &server,
            "/api/forgejo/v1/version",
            json!({"version": forgejo}),
        )
        .await;
    }
    if let Some(swagger) = swagger {
        show(&server, "/swagger.v1.json", swagger).await;
    }
    show(
        &server,
        "/api/v1/settings/api",
        json!({"max_response_items": 30}),
    )
    .await;
    show(
        &server,
        "/api/v1/user",
        json!({"login": "ada", "username": "ada"}),
    )
    .await;
    server
}

#[tokio::test]
async fn a_server_is_probed_once_and_again_only_when_its_version_changes() {
    let swagger = json!({"paths": {
        "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel": {"post": {}}}});
    let server = server("15.0.0+gitea-1.22.0", None, Some(swagger)).await;
    let forgejo = forgejo_with(&server.uri(), limits());
    for _ in 0..3 {
        let identity = forgejo.identify().await.unwrap();
        assert_eq!(identity.login.as_str(), "ada");
        assert_eq!(identity.version.as_deref(), Some("Forgejo 15.0.0"));
        assert!(identity.capabilities.contains(&Capability::Cancel));
        assert!(!identity.capabilities.contains(&Capability::Dispatch));
    }
    assert_eq!(forgejo.features().await.unwrap().page_size, 30);
    let asked = asked(&server).await;
    let swaggers = asked
        .iter()
        .filter(|path| path.ends_with("swagger.v1.json"));
    assert_eq!(swaggers.count(), 1);
    assert!(
        !asked.iter().any(|path| path.contains("forgejo/v1")),
        "its version says it all"
    );
}

#[tokio::test]
async fn without_a_description_the_version_tells() {
    let gitea = server("1.25.2", None, None).await;
    let identity = forgejo_with(&gitea.uri(), limits())
        .identify()
        .await
        .unwrap();
    assert_eq!(identity.version.as_deref(), Some("Gitea 1.25.2"));
    assert!(identity.capabilities.contains(&Capability::Dispatch));
    assert!(!identity.capabilities.contains(&Capability::Cancel));
    let hidden = server("16.0.1", Some("16.0.1+gitea-1.22.0"), None).await;
    let identity = forgejo_with(&hidden.uri(), limits())
        .identify()
        .await
        .unwrap();
    assert_eq!(identity.version.as_deref(), Some("Forgejo 16.0.1"));
    assert!(identity.capabilities.contains(&Capability::Cancel));
}

#[tokio::test]
async fn the_api_is_found_from_either_address() {
    let server = server("16.0.1+gitea-1.22.0", None, None).await;
    for api_url in [
        None,
        Some(format!("{}/api/v1", server.uri())),
        Some(format!("{}/api/v1/", server.uri())),
    ] {
        let settings = Settings {
            name: ForgeName::from("fj"),
            url: server.uri(),
            api_url,
            token: None,
            ca_file: None,
            limits: limits(),
        };
        let forgejo = Forgejo::new(settings, Arc::new(now)).unwrap();
        assert!(forgejo.identify().await.is_ok());
    }
}

#[tokio::test]
async fn a_token_without_a_scope_learns_which_one_it_lacks() {
    let server = MockServer::start().await;
    let why = "token does not have at least one of required scope(s), required=[read:user], token scope=read:issue";
    let refused = ResponseTemplate::new(403).set_body_json(json!({"message": why}));
    answer(&server, "GET", "/api/v1/user", refused).await;
    show(&server, "/api/v1/version", json!({"version": NEWEST})).await;
    let fault = forgejo_with(&server.uri(), limits())
        .identify()
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Forbidden);
    assert_eq!(fault.hint.as_deref(), Some("the token lacks: read:user"));

    let refused = ResponseTemplate::new(401).set_body_json(json!({"message": "token is required"}));
    let server = MockServer::start().await;
    answer(&server, "GET", "/api/v1/version", refused).await;
    let fault = forgejo_with(&server.uri(), limits())
        .identify()
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorized);
    assert!(!format!("{fault:?}").contains(TOKEN));
    assert!(!fault.hint.unwrap().contains("gh auth"));
}

#[tokio::test]
async fn a_read_is_tried_again_a_redirect_elsewhere_is_not_followed_and_a_pause_is_kept() {
    let elsewhere = MockServer::start().await;
    let server = MockServer::start().await;
    let away = format!("{}/api/v1/user", elsewhere.uri());
    let moved = ResponseTemplate::new(302).insert_header("location", away.as_str());
    answer(&server, "GET", "/api/v1/user", moved).await;
    show(&server, "/api/v1/version", json!({"version": NEWEST})).await;
    let fault = forgejo_with(&server.uri(), limits())
        .identify()
        .await
        .unwrap_err();
    assert!(fault.why.contains("must not go"), "{}", fault.why);
    assert!(
        requests(&elsewhere).await.is_empty(),
        "no token to another host"
    );

    let server = MockServer::start().await;
    answer(&server, "GET", REPO, ResponseTemplate::new(502)).await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    let batch = forgejo.board(&[target()]).await;
    assert_eq!(
        batch.answers[0].1.as_ref().unwrap_err().kind,
        FaultKind::ForgeTrouble
    );
    assert_eq!(requests(&server).await.len(), 3);

    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(429).insert_header("retry-after", "60");
    answer(&server, "GET", REPO, slow).await;
    let forgejo = known(&server.uri(), NEWEST, limits()).await;
    for _ in 0..3 {
        let batch = forgejo.board(&[target()]).await;
        let fault = batch.answers[0].1.as_ref().unwrap_err();
        assert_eq!(fault.kind, FaultKind::RateLimited);
        assert!(fault.retry_at.is_some());
    }
    assert_eq!(requests(&server).await.len(), 1, "a pause is a pause");
}
