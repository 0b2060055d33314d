//! Reads in trouble, each as GitHub makes it: what the fault says, whom it concerns, and that
//! everything else goes on.

use std::collections::BTreeMap;

use gonogo::domain::fault::FaultKind;
use gonogo::forge::Forge;

use super::*;

const RUN: RunId = RunId(1);

/// Jobs of a repository that meets trouble; a fault is expected.
async fn fault_under(effect: Effect) -> (gonogo::domain::fault::Fault, usize) {
    let site = Site::evening().await;
    site.meet(Matcher::default(), None, effect);
    let fault = site.github.jobs(&repo("web"), RUN).await.unwrap_err();
    let said = format!("{fault} {fault:?}");
    let secret = site.sim.token("operate").unwrap();
    assert!(!said.contains(&secret), "{said}");
    assert_eq!(fault.doing, "reading the jobs of run 1 in acme/web");
    (fault, site.sim.requests().len())
}

fn status(status: u16, body: &str) -> Effect {
    Effect::Status {
        status,
        body: body.into(),
        headers: BTreeMap::default(),
    }
}

#[tokio::test]
async fn each_trouble_of_a_read_has_its_kind_its_words_and_its_tries() {
    let sso = "https://github.com/orgs/acme/sso?authorization_request=1";
    let lacking = Effect::Forbidden {
        permissions: Some("actions=read".into()),
    };
    // (trouble, kind, in the reason, in the hint, requests)
    let table = [
        (
            Effect::Unauthorized,
            FaultKind::Unauthorized,
            "Bad credentials",
            "gh auth login",
            1,
        ),
        (
            lacking,
            FaultKind::Forbidden,
            "Resource not accessible",
            "actions=read",
            1,
        ),
        (
            Effect::Sso { url: sso.into() },
            FaultKind::SingleSignOn,
            "SAML",
            sso,
            1,
        ),
        (
            Effect::RateLimit,
            FaultKind::RateLimited,
            "API rate limit exceeded",
            "",
            1,
        ),
        (
            Effect::Secondary {
                retry_after: Some(30),
            },
            FaultKind::RateLimited,
            "secondary rate limit",
            "",
            1,
        ),
        (
            status(410, "{\"message\":\"Gone\"}"),
            FaultKind::Refused,
            "Gone",
            "",
            1,
        ),
        (
            status(451, "{\"message\":\"blocked\"}"),
            FaultKind::Refused,
            "blocked",
            "",
            1,
        ),
        (
            status(500, "{\"message\":\"oops\"}"),
            FaultKind::ForgeTrouble,
            "oops",
            "",
            3,
        ),
        (
            status(502, "<html>Unicorn!</html>"),
            FaultKind::ForgeTrouble,
            "HTML",
            "",
            3,
        ),
        (status(503, ""), FaultKind::ForgeTrouble, "503", "", 3),
        (
            status(200, "{\"jobs\": [{\"id\":"),
            FaultKind::ForgeTrouble,
            "not complete",
            "",
            1,
        ),
        (
            status(200, "<html>captive portal</html>"),
            FaultKind::ForgeTrouble,
            "HTML",
            "",
            1,
        ),
        (Effect::Drop, FaultKind::Unreachable, "connection", "", 3),
    ];
    for (effect, kind, why, hint, tries) in table {
        let what = format!("{effect:?}");
        let (fault, asked) = fault_under(effect).await;
        assert_eq!(fault.kind, kind, "{what}: {fault}");
        assert!(fault.why.contains(why), "{what}: {fault}");
        assert!(
            fault.hint.as_deref().unwrap_or_default().contains(hint),
            "{what}: {fault}"
        );
        assert_eq!(asked, tries, "{what}");
        assert_eq!(
            kind == FaultKind::RateLimited,
            fault.retry_at.is_some(),
            "{what}"
        );
    }
    let site = Site::evening().await;
    let fault = site.github.jobs(&repo("web"), RUN).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert!(
        fault.hint.unwrap().contains("the token may read it"),
        "404 masks missing access"
    );
    assert!(
        fault.request.is_some(),
        "the forge's id of the request, for its support"
    );
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_tried_again() {
    let site = Site::evening().await;
    site.meet(Matcher::default(), Some(2), Effect::Cut { at: 40 });
    let web = repository(&site.sim.state(), "web");
    let run = RunId(web.runs.last().unwrap().id);
    let jobs = site.github.jobs(&repo("web"), run).await.unwrap();
    assert!(!jobs.is_empty());
    assert_eq!(site.sim.requests().len(), 3);
    site.meet(Matcher::default(), None, Effect::Cut { at: 40 });
    let batch = site.github.board(&[target("web")]).await;
    let fault = batch.answers[0].1.as_ref().unwrap_err();
    assert_eq!(fault.kind, FaultKind::ForgeTrouble, "{fault}");
}

#[tokio::test]
async fn a_spent_budget_pauses_reads_and_acts_until_it_is_full_again() {
    for graphql in [false, true] {
        let site = Site::evening().await;
        site.meet(Matcher::default(), Some(1), Effect::RateLimit);
        let fault = if graphql {
            let batch = site.github.pulse(&[target("web")]).await;
            batch.answers[0].1.clone().unwrap_err()
        } else {
            site.github.jobs(&repo("web"), RUN).await.unwrap_err()
        };
        assert_eq!(fault.kind, FaultKind::RateLimited, "{fault}");
        let wait = fault.retry_at.unwrap().duration_since(clock::now());
        assert!(wait > SignedDuration::from_mins(55) && wait <= SignedDuration::from_mins(61));
        let asked = site.sim.requests().len();
        let again = site.github.board(&targets(&site.sim.state())).await;
        assert!(again.answers.iter().all(|(_, answer)| answer.is_err()));
        assert_eq!(
            site.sim.requests().len(),
            asked,
            "nothing is asked in a pause"
        );
    }
}

#[tokio::test]
async fn a_secondary_limit_waits_as_long_as_it_says() {
    let site = Site::evening().await;
    site.meet(
        Matcher::default(),
        Some(1),
        Effect::Secondary {
            retry_after: Some(2),
        },
    );
    let fault = site.github.jobs(&repo("web"), RUN).await.unwrap_err();
    let wait = fault.retry_at.unwrap().duration_since(clock::now());
    assert!(wait <= SignedDuration::from_secs(2), "{wait}");
    while clock::now() < fault.retry_at.unwrap() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let batch = site.github.board(&[target("web")]).await;
    assert!(batch.answers[0].1.is_ok());
}

#[tokio::test]
async fn one_service_in_trouble_is_in_trouble_alone() {
    for (kind, error, message) in [
        (FaultKind::NotFound, None, None),
        (
            FaultKind::Forbidden,
            Some("FORBIDDEN"),
            Some("Resource not accessible by integration"),
        ),
    ] {
        let site = Site::evening().await;
        site.meet(
            Matcher {
                repo: Some("acme/billing".into()),
                ..Matcher::default()
            },
            None,
            Effect::Partial {
                error: error.map(str::to_owned),
                message: message.map(str::to_owned),
            },
        );
        let all = targets(&site.sim.state());
        for (service, answer) in site.github.board(&all).await.answers {
            match answer {
                Ok(_) => assert_ne!(service.as_str(), "billing"),
                Err(fault) => {
                    assert_eq!((service.as_str(), fault.kind), ("billing", kind), "{fault}");
                    assert_eq!(fault.doing, "reading acme/billing");
                }
            }
        }
        let faults = site.github.pulse(&all).await.answers;
        assert_eq!(
            faults.iter().filter(|(_, answer)| answer.is_err()).count(),
            1
        );
    }
}

#[tokio::test]
async fn too_much_in_one_answer_is_asked_for_in_halves() {
    let site = Site::evening().await;
    let heavy = Effect::Partial {
        error: Some("RESOURCE_LIMITS_EXCEEDED".into()),
        message: Some("Resource limits for this query exceeded.".into()),
    };
    site.meet(
        Matcher {
            repo: Some("acme/billing".into()),
            ..Matcher::default()
        },
        Some(1),
        heavy.clone(),
    );
    let all = targets(&site.sim.state());
    let batch = site.github.board(&all).await;
    assert!(batch.answers.iter().all(|(_, answer)| answer.is_ok()));
    let queries = |site: &Site| {
        let requests = site.sim.requests();
        requests
            .iter()
            .filter(|it| it.path.ends_with("/graphql"))
            .count()
    };
    assert!(queries(&site) >= 2, "it was asked again");
    // A service that is too much alone is faulted alone.
    site.meet(
        Matcher {
            repo: Some("acme/billing".into()),
            ..Matcher::default()
        },
        None,
        heavy,
    );
    let batch = site.github.board(&all).await;
    for (service, answer) in batch.answers {
        assert_eq!(answer.is_err(), service.as_str() == "billing", "{service}");
    }
}

#[tokio::test]
async fn a_gateway_that_gives_up_on_large_queries_gets_smaller_ones() {
    let site = Site::evening().await;
    let html = status(504, "<html>Gateway Timeout</html>");
    site.meet(
        Matcher {
            path_contains: Some("/graphql".into()),
            ..Matcher::default()
        },
        Some(2),
        html,
    );
    let batch = site.github.board(&targets(&site.sim.state())).await;
    assert!(batch.answers.iter().all(|(_, answer)| answer.is_ok()));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_by_reads() {
    let site = Site::evening().await;
    let web = repository(&site.sim.state(), "web");
    let run = web.runs.last().unwrap().id;
    let to = format!(
        "{}/api/v3/repos/acme/web/actions/runs/{run}/jobs",
        site.sim.base_url()
    );
    site.meet(
        Matcher {
            path_prefix: Some("/repos/acme/storefront".into()),
            ..Matcher::default()
        },
        None,
        Effect::Redirect {
            to,
            status: Some(301),
        },
    );
    let jobs = site
        .github
        .jobs(&repo("storefront"), RunId(run))
        .await
        .unwrap();
    assert!(!jobs.is_empty());
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    let elsewhere = wiremock::MockServer::start().await;
    for code in [301, 302, 307, 308] {
        let site = Site::evening().await;
        let to = format!(
            "{}/api/v3/repos/acme/web/actions/runs/1/jobs",
            elsewhere.uri()
        );
        site.meet(
            Matcher::default(),
            None,
            Effect::Redirect {
                to,
                status: Some(code),
            },
        );
        let fault = site.github.jobs(&repo("web"), RUN).await.unwrap_err();
        assert!(fault.why.contains("where the token must not go"), "{fault}");
        let batch = site.github.board(&[target("web")]).await;
        assert!(batch.answers[0].1.is_err());
        assert!(site.github.identify().await.is_err());
    }
    let asked = elsewhere.received_requests().await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn a_forge_that_is_gone_is_unreachable() {
    let site = Site::evening().await;
    site.meet(Matcher::default(), None, Effect::Refuse);
    let batch = site.github.board(&targets(&site.sim.state())).await;
    for (_, answer) in batch.answers {
        assert_eq!(answer.unwrap_err().kind, FaultKind::Unreachable);
    }
}
