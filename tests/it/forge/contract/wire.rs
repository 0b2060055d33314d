//! Where a token goes, and where it never does: another origin, plain HTTP beyond this machine.

use gonogo::domain::fault::FaultKind;
use gonogo::forge::error::Error;

use super::cases::possible;
use super::*;

#[tokio::test]
async fn no_read_takes_the_token_to_another_origin() {
    let elsewhere = wiremock::MockServer::start().await;
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let case = possible(&bench).await.swap_remove(0);
        let (repo, run) = bench.any_jobs().await;
        let head = bench.repo(bench.targets()[0].service.as_str());
        let head = Sha::from(head.branches["main"].sha.as_str());
        for code in [301, 302, 303, 307, 308] {
            bench.sim.clear_faults();
            let fresh = bench.again("operate", limits());
            let to = format!("{}{}/x", elsewhere.uri(), server.api());
            let effect = Effect::Redirect {
                to,
                status: Some(code),
            };
            bench.meet(Matcher::default(), None, effect);
            let what = format!("{server:?} {code}");
            let mut faults = vec![fresh.identify().await.err()];
            for (_, answer) in fresh.board(&bench.targets()).await.answers {
                faults.push(answer.err());
            }
            for (_, answer) in fresh.pulse(&bench.targets()).await.answers {
                faults.push(answer.err());
            }
            faults.push(fresh.jobs(&repo, run).await.err());
            faults.push(fresh.scope(&repo, &head, &head, false).await.err());
            let files = [("README.md".to_owned(), head.clone())];
            faults.push(fresh.declared(&repo, &files).await.remove(0).err());
            let (there, now) = (bench.path(case.service), clock::now());
            faults.push(fresh.find(&there, &case.act, &key(), now).await.err());
            faults.push(fresh.discover(&repo).await.err());
            for (at, fault) in faults.into_iter().enumerate() {
                assert!(fault.is_some(), "{what}: read {at} was answered by nobody");
            }
            let fault = fresh.jobs(&repo, run).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unreadable, "{what}: {fault}");
            assert!(
                fault.why.contains("where the token must not go"),
                "{what}: {fault}"
            );
            let hint = fault.hint.unwrap();
            assert!(hint.contains("`url`"), "{what}: {hint}");
        }
    }
    let asked = elsewhere.received_requests().await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn another_port_another_scheme_and_a_path_beside_the_api_are_other_origins() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let (repo, run) = bench.any_jobs().await;
        let host = address(&bench.sim);
        let (_, port) = host.rsplit_once(':').unwrap();
        for to in [
            format!("https://127.0.0.1:{port}{}/x", server.api()),
            format!("http://localhost:{port}{}/x", server.api()),
            format!("//forge.example{}/x", server.api()),
        ] {
            bench.sim.clear_faults();
            let before = bench.sim.requests().len();
            let effect = Effect::Redirect {
                to: to.clone(),
                status: Some(302),
            };
            bench.meet(Matcher::default(), None, effect);
            let fault = bench.forge.jobs(&repo, run).await.unwrap_err();
            assert!(
                fault.why.contains("redirected to"),
                "{server:?} {to}: {fault}"
            );
            assert_eq!(bench.sim.requests().len(), before + 1, "{server:?} {to}");
        }
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let (repo, run) = bench.any_jobs().await;
        let before = bench.sim.requests().len();
        let effect = Effect::Redirect {
            to: format!("{}/round", server.api()),
            status: Some(301),
        };
        bench.meet(Matcher::default(), None, effect);
        let fault = bench.forge.jobs(&repo, run).await.unwrap_err();
        assert!(
            fault.why.contains("redirected more than"),
            "{server:?}: {fault}"
        );
        let asked = bench.sim.requests().len() - before;
        assert_eq!(asked, limits().redirects + 1, "{server:?}");
    }
}

#[test]
fn plain_http_and_addresses_with_secrets_are_refused_by_every_adapter() {
    for url in [
        "http://forge.example",
        "http://192.168.1.7:3000",
        "https://me:pw@forge.example",
    ] {
        let settings = |name: &str| {
            let token = Some(SecretString::from("secret"));
            (ForgeName::from(name), url.to_owned(), token)
        };
        let (name, address, token) = settings("hub");
        let hub = gonogo::forge::Settings {
            name,
            url: address,
            api_url: None,
            token,
            ca_file: None,
            limits: limits(),
        };
        let (name, address, token) = settings("lab");
        let lab = gonogo::forge::Settings {
            name,
            url: address,
            api_url: None,
            token,
            ca_file: None,
            limits: limits(),
        };
        let (name, address, token) = settings("tide");
        let tide = gonogo::forge::Settings {
            name,
            url: address,
            api_url: None,
            token,
            ca_file: None,
            limits: limits(),
        };
        let errors = [
            github::GitHub::new(hub, clock::clock()).err(),
            gitlab::GitLab::new(lab, clock::clock()).err(),
            forgejo::Forgejo::new(tide, clock::clock()).err(),
        ];
        for error in errors {
            let error = error.unwrap_or_else(|| panic!("{url} was taken"));
            assert!(matches!(error, Error::Address { .. }), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("pw"), "{error:?}");
        }
    }
}
