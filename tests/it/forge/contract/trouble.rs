//! Every way in which a forge says no or falls silent, and what becomes of it: for each server in
//! its own words, from what its documentation and its users report.
//!
//! A read stands for all reads: the rules of trying again, pausing and naming are the wire's.

use gonogo::domain::act::{MergeMethod, Outcome};
use gonogo::domain::capability::Capability;
use gonogo::domain::denial;
use gonogo::domain::facts::Permission;
use gonogo::domain::fault::FaultKind;

use super::cases::possible;
use super::*;

/// What a trouble becomes.
struct Row {
    signal: &'static str,
    effect: Effect,
    kind: FaultKind,
    /// In the reason, in the hint.
    says: &'static str,
    hint: &'static str,
    /// How often the read is tried.
    tries: usize,
    /// Whether it says until when the forge is left alone.
    waits: bool,
}

fn row(signal: &'static str, effect: Effect, kind: FaultKind, says: &'static str) -> Row {
    Row {
        signal,
        effect,
        kind,
        says,
        hint: "",
        tries: 1,
        waits: false,
    }
}

/// What any server, or what stands before it, may answer.
fn common() -> Vec<Row> {
    let tried = |row: Row| Row { tries: 3, ..row };
    let message = |words: &str| format!("{{\"message\":\"{words}\"}}");
    let refused = |signal, code, words: &'static str| {
        row(
            signal,
            status(code, &message(words)),
            FaultKind::Refused,
            words,
        )
    };
    let waits = |row: Row| Row { waits: true, ..row };
    let later = [("retry-after", "30")];
    vec![
        refused("400", 400, "unknown version"),
        refused("405", 405, "not allowed here"),
        refused("409", 409, "in conflict"),
        refused("410", 410, "retired"),
        refused("413", 413, "quota exceeded"),
        refused("422", 422, "not processable"),
        refused("423", 423, "archived"),
        refused("451", 451, "taken down"),
        row(
            "404 of a proxy",
            status(404, "<html>"),
            FaultKind::NotFound,
            "404",
        ),
        waits(row(
            "429 HTML",
            status_with(429, "<html>", &later),
            FaultKind::RateLimited,
            "429",
        )),
        waits(row(
            "429 text",
            status_with(429, "Retry later", &later),
            FaultKind::RateLimited,
            "429",
        )),
        waits(row(
            "429 without a time",
            status(429, &message("slow down")),
            FaultKind::RateLimited,
            "slow down",
        )),
        waits(row(
            "503 with a time",
            status_with(503, "", &later),
            FaultKind::ForgeTrouble,
            "503",
        )),
        tried(row(
            "500 JSON",
            status(500, &message("oops")),
            FaultKind::ForgeTrouble,
            "oops",
        )),
        tried(row(
            "502 HTML",
            status(502, "<html>Unicorn!</html>"),
            FaultKind::ForgeTrouble,
            "HTML",
        )),
        tried(row(
            "503 empty",
            status(503, ""),
            FaultKind::ForgeTrouble,
            "503",
        )),
        tried(row("504", status(504, ""), FaultKind::ForgeTrouble, "504")),
        tried(row(
            "cut off",
            Effect::Cut { at: 5 },
            FaultKind::ForgeTrouble,
            "broke off",
        )),
        tried(row(
            "hung up",
            Effect::Drop,
            FaultKind::Unreachable,
            "connection",
        )),
        tried(row(
            "reset",
            Effect::Refuse,
            FaultKind::Unreachable,
            "connection",
        )),
        row(
            "a login page",
            status(200, "<html>sign in</html>"),
            FaultKind::ForgeTrouble,
            "HTML",
        ),
        row(
            "other JSON",
            status(200, "\"odd\""),
            FaultKind::Unreadable,
            "cannot be read",
        ),
    ]
}

/// What is a server's own.
fn own(server: Server) -> Vec<Row> {
    let mut rows = worded(server);
    // As it would begin.
    let begun = match server {
        Server::GitLab | Server::Forgejo => "[{\"id\":",
        Server::ForgejoTasks => "{\"workflow_runs\": [{\"id\":",
        Server::GitHub | Server::Gitea => "{\"jobs\": [{\"id\":",
    };
    rows.push(row(
        "half of JSON",
        status(200, begun),
        FaultKind::ForgeTrouble,
        "not complete",
    ));
    rows
}

fn worded(server: Server) -> Vec<Row> {
    let hinted = |row: Row, hint| Row { hint, ..row };
    let waits = |row: Row| Row { waits: true, ..row };
    let forbidden = |permissions: &str| Effect::Forbidden {
        permissions: Some(permissions.to_owned()),
    };
    let secondary = Effect::Secondary {
        retry_after: Some(30),
    };
    let spent = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "32503680000"),
    ];
    match server {
        Server::GitHub => vec![
            hinted(
                row(
                    "401",
                    Effect::Unauthorized,
                    FaultKind::Unauthorized,
                    "Bad credentials",
                ),
                "gh auth login",
            ),
            hinted(
                row(
                    "403 permission",
                    forbidden("actions=read"),
                    FaultKind::Forbidden,
                    "Resource not accessible",
                ),
                "actions=read",
            ),
            hinted(
                row(
                    "403 single sign-on",
                    Effect::Sso {
                        url: "https://github.com/orgs/acme/sso".into(),
                    },
                    FaultKind::SingleSignOn,
                    "SAML",
                ),
                "https://github.com/orgs/acme/sso",
            ),
            waits(row(
                "403 primary limit",
                Effect::RateLimit,
                FaultKind::RateLimited,
                "API rate limit exceeded",
            )),
            waits(row(
                "429 primary limit",
                status_with(429, "{\"message\":\"API rate limit exceeded\"}", &spent),
                FaultKind::RateLimited,
                "API rate limit exceeded",
            )),
            waits(row(
                "403 secondary limit",
                secondary,
                FaultKind::RateLimited,
                "secondary rate limit",
            )),
            waits(row(
                "secondary limit without a time",
                Effect::Secondary { retry_after: None },
                FaultKind::RateLimited,
                "secondary rate limit",
            )),
            row(
                "422 with fields",
                status(
                    422,
                    r#"{"message":"Validation Failed","errors":[{"resource":"Run","field":"status","code":"invalid"}]}"#,
                ),
                FaultKind::Refused,
                "Validation Failed; status invalid",
            ),
        ],
        Server::GitLab => vec![
            hinted(
                row(
                    "401",
                    Effect::Unauthorized,
                    FaultKind::Unauthorized,
                    "401 Unauthorized",
                ),
                "glab auth login",
            ),
            row(
                "403 role",
                forbidden(""),
                FaultKind::Forbidden,
                "403 Forbidden",
            ),
            hinted(
                row(
                    "403 scope",
                    status(
                        403,
                        r#"{"error":"insufficient_scope","error_description":"higher privileges","scope":"api"}"#,
                    ),
                    FaultKind::Forbidden,
                    "insufficient_scope",
                ),
                "`api`",
            ),
            // A group that enforces it hides what is in it.
            hinted(
                row(
                    "single sign-on",
                    Effect::Sso { url: "u".into() },
                    FaultKind::NotFound,
                    "404 Project Not Found",
                ),
                "the token may read it",
            ),
            waits(row(
                "429 plain text",
                Effect::RateLimit,
                FaultKind::RateLimited,
                "429",
            )),
            waits(row(
                "429 of one action",
                secondary,
                FaultKind::RateLimited,
                "requested too many times",
            )),
            row(
                "422 with a text",
                status(422, r#"{"message":"Ref is not specified"}"#),
                FaultKind::Refused,
                "Ref is not specified",
            ),
            row(
                "400 by fields",
                status(
                    400,
                    r#"{"message":{"base":["Reference not found"],"ref":["is odd"]}}"#,
                ),
                FaultKind::Refused,
                "base: Reference not found; ref: is odd",
            ),
            row(
                "400 with an error",
                status(400, r#"{"error":"ref is missing"}"#),
                FaultKind::Refused,
                "ref is missing",
            ),
        ],
        Server::Forgejo | Server::ForgejoTasks | Server::Gitea => vec![
            hinted(
                row("401", Effect::Unauthorized, FaultKind::Unauthorized, ""),
                "Applications",
            ),
            hinted(
                row(
                    "403 scope",
                    forbidden("read:repository"),
                    FaultKind::Forbidden,
                    "required scope",
                ),
                "read:repository",
            ),
            waits(row(
                "429 of a proxy",
                Effect::RateLimit,
                FaultKind::RateLimited,
                "429",
            )),
            row(
                "422",
                status(
                    422,
                    r#"{"message":"invalid argument","url":"https://there/api/swagger"}"#,
                ),
                FaultKind::Refused,
                "invalid argument",
            ),
        ],
    }
}

#[tokio::test]
async fn each_trouble_of_a_read_has_its_kind_its_words_and_its_tries() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let (repo, run) = bench.any_jobs().await;
        for row in common().into_iter().chain(own(server)) {
            let what = format!("{server:?}: {}", row.signal);
            let bench = Bench::of(server).await;
            bench.forge.identify().await.unwrap();
            let before = bench.sim.requests().len();
            let read = Matcher {
                method: Some("GET".into()),
                ..Matcher::default()
            };
            bench.meet(read, None, row.effect);
            let fault = bench.forge.jobs(&repo, run).await.unwrap_err();
            assert_eq!(fault.kind, row.kind, "{what}: {fault}");
            assert!(fault.why.contains(row.says), "{what}: {fault}");
            let hint = fault.hint.clone().unwrap_or_default();
            assert!(hint.contains(row.hint), "{what}: {hint}");
            let asked = bench.sim.requests().len() - before;
            assert_eq!(asked, row.tries, "{what}: {fault}");
            assert_eq!(fault.retry_at.is_some(), row.waits, "{what}: {fault:?}");
            assert!(
                !format!("{fault} {fault:?}").contains(&bench.secret()),
                "{what}"
            );
            assert!(
                fault.doing.contains(repo.as_str()),
                "{what}: {}",
                fault.doing
            );
            if row.waits {
                bench.sim.clear_faults();
                let again = bench.forge.jobs(&repo, run).await;
                assert_eq!(again.unwrap_err().kind, FaultKind::RateLimited, "{what}");
                let after = bench.sim.requests().len() - before;
                assert_eq!(after, asked, "{what}: nothing is asked in a pause");
            }
        }
    }
}

/// GitHub answers a list with 200 though single sign-on keeps organizations out of it.
#[tokio::test]
async fn what_single_sign_on_leaves_out_of_a_good_answer_is_counted() {
    let bench = Bench::of(Server::GitHub).await;
    let (repo, run) = bench.any_jobs().await;
    assert_eq!(bench.forge.budget().hidden, 0);
    let said = "partial-results; organizations=21955855,20582480";
    let empty = r#"{"total_count": 0, "jobs": []}"#;
    let partial = status_with(200, empty, &[("x-github-sso", said)]);
    bench.meet(Matcher::default(), Some(1), partial);
    assert_eq!(bench.forge.jobs(&repo, run).await, Ok(Vec::new()));
    assert_eq!(bench.forge.budget().hidden, 2);
}

#[tokio::test]
async fn a_read_that_is_answered_at_the_third_try_is_answered() {
    for server in SERVERS {
        for effect in [status(502, "<html>"), Effect::Drop, Effect::Cut { at: 5 }] {
            let bench = Bench::of(server).await;
            let (repo, run) = bench.any_jobs().await;
            // One that has read nothing yet: a 304 has no body to be cut.
            let fresh = bench.again("operate", limits());
            fresh.identify().await.unwrap();
            let before = bench.sim.requests().len();
            bench.meet(Matcher::default(), Some(2), effect.clone());
            let jobs = fresh.jobs(&repo, run).await;
            let what = format!("{server:?} {effect:?}: {jobs:?}");
            assert!(jobs.is_ok_and(|it| !it.is_empty()), "{what}");
            assert!(bench.sim.requests().len() - before >= 3, "{what}");
        }
    }
}

#[tokio::test]
async fn one_service_in_trouble_is_in_trouble_alone() {
    for (server, name) in [
        (Server::GitHub, "billing"),
        (Server::GitLab, "portal"),
        (Server::Forgejo, "pilot"),
        (Server::ForgejoTasks, "pilot"),
        (Server::Gitea, "lighthouse"),
    ] {
        for effect in [
            status(404, r#"{"message":"404 Not Found"}"#),
            status(403, r#"{"message":"403 Forbidden"}"#),
            Effect::Partial {
                error: None,
                message: None,
            },
        ] {
            // Where everything is asked in one document, a service of it is missing there.
            if matches!(effect, Effect::Partial { .. }) == (server.kind() == ForgeKind::Forgejo) {
                continue;
            }
            let bench = Bench::of(server).await;
            let matcher = Matcher {
                repo: Some(bench.path(name).as_str().to_owned()),
                method: (server.kind() == ForgeKind::Forgejo).then(|| "GET".into()),
                ..Matcher::default()
            };
            if server.kind() != ForgeKind::Forgejo && !matches!(effect, Effect::Partial { .. }) {
                continue;
            }
            bench.meet(matcher, None, effect);
            let targets = bench.targets();
            for (service, answer) in bench.forge.board(&targets).await.answers {
                assert_eq!(
                    answer.is_err(),
                    service.as_str() == name,
                    "{server:?} {service}"
                );
            }
            for (service, answer) in bench.forge.pulse(&targets).await.answers {
                assert_eq!(
                    answer.is_err(),
                    service.as_str() == name,
                    "{server:?} {service}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_forge_that_is_gone_is_unreachable_for_all_its_services() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let targets = bench.targets();
        bench.meet(Matcher::default(), None, Effect::Refuse);
        for (service, answer) in bench.forge.board(&targets).await.answers {
            let fault = answer.unwrap_err();
            assert_eq!(
                fault.kind,
                FaultKind::Unreachable,
                "{server:?} {service}: {fault}"
            );
        }
    }
}

#[tokio::test]
async fn a_merge_is_refused_in_the_forges_own_words() {
    for (server, name, draft, moved) in [
        (
            Server::GitHub,
            "api-gateway",
            "draft",
            "Head branch was modified",
        ),
        (Server::GitLab, "orders", "405", "SHA does not match"),
        (Server::Forgejo, "harbour", "", "head out of date"),
        (Server::ForgejoTasks, "harbour", "", "head out of date"),
    ] {
        let bench = Bench::of(server).await;
        bench.advance(600);
        let (repo, state) = (bench.path(name), bench.repo(name));
        let merge = |number: u64, head: &str| Act::MergePullRequest {
            number: PullRequestNumber(number),
            head: Sha::from(head),
            method: MergeMethod::Merge,
        };
        let drafted = state.pulls.iter().find(|it| it.draft).unwrap();
        let act = merge(drafted.number, &drafted.head_sha);
        let outcome = bench.forge.act(&repo, &act, &key()).await;
        let Outcome::Rejected {
            status: 405,
            why,
            hint,
            denied: false,
        } = outcome
        else {
            panic!("{server:?}: {outcome:?}")
        };
        let said = format!("{why} {}", hint.unwrap_or_default()).to_lowercase();
        assert!(said.contains(draft), "{server:?}: {said}");
        // Somebody pushed after the operator looked.
        let bench = Bench::of(server).await;
        let cases = possible(&bench).await;
        let case = cases.iter().find(|it| it.name == "merge").unwrap();
        let Act::MergePullRequest { number, .. } = &case.act else {
            panic!("{:?}", case.act)
        };
        let act = merge(number.0, &"0".repeat(40));
        let outcome = bench
            .forge
            .act(&bench.path(case.service), &act, &key())
            .await;
        let Outcome::Rejected {
            status: 409,
            why,
            denied: false,
            ..
        } = outcome
        else {
            panic!("{server:?}: {outcome:?}")
        };
        assert!(why.contains(moved), "{server:?}: {why}");
    }
}

#[tokio::test]
async fn a_reader_may_not_act_and_learns_what_is_missing() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let cases = possible(&bench).await;
        let case = cases.iter().find(|it| it.name == "set a status").unwrap();
        let reader = bench.again("read", limits());
        reader.identify().await.unwrap();
        let before = bench.writes().len();
        let outcome = reader
            .act(&bench.path(case.service), &case.act, &key())
            .await;
        let Outcome::Rejected {
            status: 403,
            why,
            hint,
            denied: true,
        } = outcome
        else {
            panic!("{server:?}: {outcome:?}")
        };
        assert!(!why.is_empty(), "{server:?}");
        println!("{server:?}: {why} ({hint:?})");
        assert_eq!(bench.writes().len(), before + 1, "{server:?}");
        // The repository says so itself when it is read, before anything is tried.
        let target = bench.target(case.service);
        let mut read = reader.board(std::slice::from_ref(&target)).await;
        let facts = read.answers.remove(0).1.unwrap();
        let permission = facts.permission;
        assert_eq!(permission, Permission::Read, "{server:?}");
        let denied = denial::by_role(server.kind(), &facts, Capability::Dispatch);
        assert!(
            denied.unwrap().why.contains(facts.repo.as_str()),
            "{server:?}"
        );
    }
}

#[tokio::test]
async fn gitlab_says_401_to_a_merge_that_its_user_may_not_make() {
    let bench = Bench::with(Server::GitLab, |world| {
        // May use the API for everything, and reads only.
        let reader = world.tokens.get_mut("read").unwrap();
        reader.scopes = vec!["api".to_owned()];
    })
    .await;
    let cases = possible(&bench).await;
    let case = cases.iter().find(|it| it.name == "merge").unwrap();
    let reader = bench.again("read", limits());
    let outcome = reader
        .act(&bench.path(case.service), &case.act, &key())
        .await;
    let Outcome::Rejected {
        status: 401,
        hint,
        denied: true,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(hint.unwrap().contains("may not merge"));
    // It is no word about the token: reads go on.
    assert!(reader.identify().await.is_ok());
}
