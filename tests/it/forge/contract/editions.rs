//! The same service on a forge that is installed in a folder, that is older, or that has less: what
//! some editions lack is noticed and left out, never taken for granted.

use gonogo::domain::act::Outcome;

use super::cases::possible;
use super::*;

/// A board, a pulse that agrees with it, and an act, as everywhere.
async fn works(bench: &Bench, what: &str) {
    let identity = bench.forge.identify().await;
    assert!(identity.is_ok(), "{what}: {identity:?}");
    for target in bench.targets() {
        let name = target.service.as_str();
        let facts = bench.board(name).await;
        assert_eq!(facts.gaps, Vec::<String>::new(), "{what} {name}");
        assert_eq!(
            facts.head.as_ref().unwrap().sha,
            bench.head(name),
            "{what} {name}"
        );
        let mut batch = bench.forge.pulse(std::slice::from_ref(&target)).await;
        let pulse = batch.answers.remove(0).1;
        let pulse = pulse.unwrap_or_else(|fault| panic!("{what} {name}: {fault}"));
        let path: Vec<&EnvironmentName> = target.environments.iter().collect();
        assert!(facts.agrees_with(&pulse, &path), "{what} {name}: {pulse:?}");
    }
    let cases = possible(bench).await;
    let case = cases.iter().find(|it| it.name == "set a status").unwrap();
    let outcome = bench
        .forge
        .act(&bench.path(case.service), &case.act, &key())
        .await;
    assert!(
        matches!(outcome, Outcome::Accepted(_)),
        "{what}: {outcome:?}"
    );
}

#[tokio::test]
async fn a_forge_may_be_installed_in_a_folder() {
    for server in [
        Server::GitLab,
        Server::Forgejo,
        Server::ForgejoTasks,
        Server::Gitea,
    ] {
        let bench = Bench::with(server, |world| world.forge.root = "/dev/forge".to_owned()).await;
        assert!(address(&bench.sim).ends_with("/dev/forge"), "{server:?}");
        works(&bench, &format!("{server:?} in a folder")).await;
        for request in bench.sim.requests() {
            assert!(
                request.path.starts_with("/dev/forge/"),
                "{server:?}: {}",
                request.path
            );
        }
    }
}

#[tokio::test]
async fn an_api_address_may_be_given_with_its_folder() {
    let bench = Bench::with(Server::GitLab, |world| world.forge.root = "/lab".to_owned()).await;
    let url = address(&bench.sim);
    let settings = gonogo::forge::Settings {
        name: ForgeName::from("lab"),
        // What people open may be elsewhere.
        url: "https://lab.example".into(),
        api_url: Some(format!("{url}/api/v4")),
        token: Some(SecretString::from(bench.secret())),
        ca_file: None,
        limits: limits(),
    };
    let lab = gitlab::GitLab::new(settings, clock::clock()).unwrap();
    let answers = lab.board(&bench.targets()).await.answers;
    assert!(
        answers.iter().all(|(_, answer)| answer.is_ok()),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_redirect_out_of_the_folder_is_not_followed() {
    let bench = Bench::with(Server::GitLab, |world| world.forge.root = "/lab".to_owned()).await;
    let (repo, run) = bench.any_jobs().await;
    let before = bench.sim.requests().len();
    let effect = Effect::Redirect {
        to: "/users/sign_in".into(),
        status: Some(302),
    };
    bench.meet(Matcher::default(), None, effect);
    let fault = bench.forge.jobs(&repo, run).await.unwrap_err();
    assert!(fault.why.contains("redirected to"), "{fault}");
    assert_eq!(bench.sim.requests().len(), before + 1);
}

#[tokio::test]
async fn an_old_gitlab_without_some_words_has_a_board_all_the_same() {
    let lacking = [
        "Project.archived",
        "ProjectPermissions.createDeployment",
        "MergeRequest.approvalsLeft",
        "MergeRequest.detailedMergeStatus",
        "MergeRequest.conflicts",
        "DeploymentStatus.BLOCKED",
        "Deployment.pendingApprovalCount",
    ];
    // Each alone, and all of them.
    let mut sets: Vec<Vec<&str>> = lacking.iter().map(|it| vec![*it]).collect();
    sets.push(lacking.to_vec());
    for set in sets {
        let bench = Bench::with(Server::GitLab, |world| {
            world.forge.lacks = set.iter().map(|it| (*it).to_owned()).collect();
        })
        .await;
        works(&bench, &format!("without {set:?}")).await;
        let queries = bench.sim.requests();
        let shapes = queries
            .iter()
            .filter(|it| it.operation.as_deref() == Some("GlShape"));
        assert_eq!(shapes.count(), 1, "{set:?}: asked once what there is");
    }
}

#[tokio::test]
async fn what_premium_alone_has_is_missed_and_not_needed() {
    let bench = Bench::of(Server::GitLab).await;
    let (orders, cases) = (bench.path("orders"), possible(&bench).await);
    for path in ["/protected_environments", "/approval"] {
        let matcher = Matcher {
            path_contains: Some(path.into()),
            ..Matcher::default()
        };
        bench.meet(matcher, None, status(404, r#"{"message":"404 Not Found"}"#));
    }
    // Another start: what was found out before is remembered for a while.
    let bench = Bench {
        forge: bench.again("operate", limits()),
        ..bench
    };
    let facts = bench.board("orders").await;
    assert_eq!(facts.gaps, Vec::<String>::new());
    assert!(facts.environments.iter().all(|it| !it.required_reviewers));
    let found = bench.forge.discover(&orders).await.unwrap();
    assert_eq!(found.reviewed, Vec::<EnvironmentName>::new());
    assert_eq!(found.environments.len(), 3);
    let approve = cases
        .iter()
        .find(|it| it.name == "approve a deployment")
        .unwrap();
    let outcome = bench.forge.act(&orders, &approve.act, &key()).await;
    let Outcome::Rejected {
        status: 404, hint, ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(hint.unwrap().contains("Premium"));
}
