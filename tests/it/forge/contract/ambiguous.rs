//! Acts under answers that say nothing: each is still one request, its outcome is `NoAnswer`, and
//! `find` tells by reading whether it happened.

use gonogo::domain::act::Outcome;

use super::cases::{Case, possible};
use super::*;

/// How an answer leaves an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    NotDone,
    Done,
    /// Carried out, and the answer breaks off: where an empty one is documented, nothing is missing.
    DoneAndCut,
}

/// The answers that leave an act's fate open. `there` is another origin, `here` the forge's own.
fn answers(there: &str, here: &str) -> Vec<(&'static str, Effect, Fate)> {
    let redirect = |to: &str, status| Effect::Redirect {
        to: to.into(),
        status: Some(status),
    };
    let message = "{\"message\":\"hm\"}";
    let limited = |body| status_with(429, body, &[("retry-after", "1")]);
    vec![
        ("no answer, done", Effect::DropAfter, Fate::Done),
        ("cut off, done", Effect::Cut { at: 3 }, Fate::DoneAndCut),
        ("no answer, not done", Effect::Drop, Fate::NotDone),
        ("reset", Effect::Refuse, Fate::NotDone),
        ("silence", Effect::Hang, Fate::NotDone),
        ("500", status(500, message), Fate::NotDone),
        (
            "502 HTML",
            status(502, "<html>Unicorn!</html>"),
            Fate::NotDone,
        ),
        (
            "503",
            status_with(503, message, &[("retry-after", "1")]),
            Fate::NotDone,
        ),
        ("504 empty", status(504, ""), Fate::NotDone),
        ("429 JSON", limited(message), Fate::NotDone),
        ("429 text", limited("Retry later"), Fate::NotDone),
        ("a limit", Effect::RateLimit, Fate::NotDone),
        (
            "another limit",
            Effect::Secondary {
                retry_after: Some(1),
            },
            Fate::NotDone,
        ),
        (
            "403 HTML",
            status(403, "<html>a proxy</html>"),
            Fate::NotDone,
        ),
        (
            "200 of no JSON",
            status(200, "<html>a proxy</html>"),
            Fate::NotDone,
        ),
        ("301 elsewhere", redirect(there, 301), Fate::NotDone),
        ("302 elsewhere", redirect(there, 302), Fate::NotDone),
        ("307 elsewhere", redirect(there, 307), Fate::NotDone),
        ("308 elsewhere", redirect(there, 308), Fate::NotDone),
        ("301 here", redirect(here, 301), Fate::NotDone),
        ("307 here", redirect(here, 307), Fate::NotDone),
    ]
}

/// Sends one act under one answer, looks at what was sent, then looks for what it did.
async fn sent_once(bench: &Bench, case: &Case, answer: &str, effect: &Effect, fate: Fate) {
    let what = format!("{:?}: {} under {answer}", bench.server, case.name);
    let (repo, sent_at) = (bench.path(case.service), clock::now());
    let before = bench.writes().len();
    // Only the write meets trouble: reads go on.
    for method in ["POST", "PUT", "PATCH"] {
        let matcher = Matcher {
            method: Some(method.into()),
            path_prefix: Some(match bench.server {
                Server::GitLab => "/projects/".into(),
                _ => "/repos/".into(),
            }),
            ..Matcher::default()
        };
        bench.meet(matcher, None, effect.clone());
    }
    // A pause that the forge asked for would keep the next act from being sent at all.
    let patience = Limits {
        total: Duration::from_millis(if answer == "silence" { 200 } else { 10_000 }),
        ..limits()
    };
    let forge = bench.again("operate", patience);
    let outcome = forge.act(&repo, &case.act, &key()).await;
    bench.sim.clear_faults();
    let sent = bench.writes().split_off(before);
    let paths: Vec<&str> = sent.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(sent.len(), 1, "{what}: {paths:?}");
    let said = format!("{outcome:?}");
    assert!(!said.contains(&bench.secret()), "{what}: {said}");
    match (&outcome, fate) {
        (Outcome::NoAnswer { .. }, _) => {}
        // An empty answer is whole.
        (Outcome::Accepted(_), Fate::DoneAndCut) => {
            let empty = match case.name {
                "cancel" | "dispatch" | "rerun" | "rerun what failed" => true,
                "merge" => bench.server.kind() == ForgeKind::Forgejo,
                _ => false,
            };
            assert!(empty, "{what}: {said}");
        }
        _ => panic!("{what}: {said}"),
    }
    // A server without runs shows one once a runner has taken its first job.
    bench.advance(if bench.server == Server::ForgejoTasks {
        20
    } else {
        3
    });
    // Somebody else looks where the operator's budget is spent.
    let whose = if matches!(effect, Effect::RateLimit) {
        "admin"
    } else {
        "operate"
    };
    let reader = bench.again(whose, limits());
    reader.identify().await.unwrap();
    let found = reader.find(&repo, &case.act, &key(), sent_at).await;
    let found = found.unwrap_or_else(|fault| panic!("{what}: {fault}"));
    // An approval whose job was not started promotes nothing: a second request would be a second try.
    let done = fate != Fate::NotDone && case.name != "approve a deployment";
    assert_eq!(found.is_some(), done, "{what}: {found:?}");
}

async fn no_ambiguous_answer_makes_an_act_two(server: Server) {
    let elsewhere = wiremock::MockServer::start().await;
    let there = format!("{}{}/x", elsewhere.uri(), server.api());
    let here = format!("{}/y", server.api());
    for (answer, effect, fate) in answers(&there, &here) {
        let bench = Bench::of(server).await;
        if fate == Fate::NotDone {
            for case in possible(&bench).await {
                sent_once(&bench, &case, answer, &effect, fate).await;
            }
            continue;
        }
        let count = possible(&bench).await.len();
        for at in 0..count {
            let bench = Bench::of(server).await;
            let case = possible(&bench).await.swap_remove(at);
            sent_once(&bench, &case, answer, &effect, fate).await;
        }
    }
    let asked = elsewhere.received_requests().await.unwrap();
    assert!(asked.is_empty(), "a write is never redirected: {asked:?}");
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two_on_github() {
    no_ambiguous_answer_makes_an_act_two(Server::GitHub).await;
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two_on_gitlab() {
    no_ambiguous_answer_makes_an_act_two(Server::GitLab).await;
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two_on_forgejo() {
    no_ambiguous_answer_makes_an_act_two(Server::Forgejo).await;
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two_on_forgejo_with_tasks() {
    no_ambiguous_answer_makes_an_act_two(Server::ForgejoTasks).await;
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two_on_gitea() {
    no_ambiguous_answer_makes_an_act_two(Server::Gitea).await;
}

#[tokio::test]
async fn an_act_on_a_forge_that_is_not_there_was_never_sent() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let case = possible(&bench).await.swap_remove(0);
        // Nothing listens on port 1.
        let gone = server.adapter("http://127.0.0.1:1", "secret-secret", limits());
        let outcome = gone.act(&bench.path(case.service), &case.act, &key()).await;
        assert!(
            matches!(outcome, Outcome::Rejected { status: 0, .. }),
            "{server:?}: {outcome:?}"
        );
    }
}
