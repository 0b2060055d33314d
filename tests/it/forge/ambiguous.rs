//! Acts under answers that say nothing: each is still one request, its outcome is `NoAnswer`, and
//! `find` tells by reading whether it happened.

use std::collections::BTreeMap;

use gonogo::domain::act::{MergeMethod, Outcome, StatusState};
use gonogo::domain::ids::ReleaseId;
use gonogo::forge::Forge;
use gonogo::sim::model::{Conclusion, RunStatus};

use super::*;

/// Every act, each on a service where it is possible this evening.
fn every_act(state: &State) -> Vec<(&'static str, &'static str, Act)> {
    let newest = |name: &str, wanted: &dyn Fn(&Run) -> bool| {
        let repo = state.repo("acme", name).unwrap();
        RunId(repo.runs.iter().rev().find(|it| wanted(it)).unwrap().id)
    };
    let (number, pull_head) = promotion_pull(state);
    let (rejected, environment) = waiting(state, "notify", "production");
    let web = state.repo("acme", "web").unwrap();
    let draft = web.releases.iter().find(|it| it.draft).unwrap();
    let inputs = [
        ("environment", "production"),
        ("revision", "v9.0.1"),
        ("gonogo", "it-7f3a"),
    ];
    vec![
        ("approve", "api-gateway", approve(state, "api-gateway")),
        (
            "reject",
            "notify",
            Act::Reject {
                run: RunId(rejected.id),
                environments: vec![EnvironmentId(environment)],
                comment: String::new(),
            },
        ),
        (
            "dispatch",
            "checkout",
            Act::Dispatch {
                workflow: "deploy.yml".into(),
                git_ref: "main".into(),
                inputs: BTreeMap::from(inputs.map(|(name, value)| (name.into(), value.into()))),
            },
        ),
        (
            "create deployment",
            "search",
            Act::CreateDeployment {
                sha: head(state, "search"),
                environment: EnvironmentName::from("production"),
                description: "gonogo".into(),
            },
        ),
        (
            "merge",
            "auth",
            Act::MergePullRequest {
                number,
                head: pull_head,
                method: MergeMethod::Merge,
            },
        ),
        (
            "publish release",
            "web",
            Act::PublishRelease {
                release: Some(ReleaseId(draft.id)),
                tag: draft.tag.clone(),
                target: head(state, "web"),
                prerelease: false,
            },
        ),
        (
            "cancel",
            "fraud-ml",
            Act::Cancel {
                run: newest("fraud-ml", &|it| it.status == RunStatus::InProgress),
            },
        ),
        (
            "rerun",
            "ledger",
            Act::Rerun {
                run: newest("ledger", &|it| it.conclusion == Some(Conclusion::Failure)),
                failed_only: true,
            },
        ),
        (
            "set status",
            "geo",
            Act::SetStatus {
                sha: head(state, "geo"),
                context: "hold/production".into(),
                state: StatusState::Failure,
                description: "held".into(),
                target_url: None,
            },
        ),
    ]
}

/// The answers that leave an act's fate open, and whether it was carried out under each.
fn ambiguous(elsewhere: &str) -> Vec<(&'static str, Effect, bool)> {
    let status = |status, body: &str| Effect::Status {
        status,
        body: body.into(),
        headers: BTreeMap::default(),
    };
    let redirect = |status| Effect::Redirect {
        to: elsewhere.into(),
        status: Some(status),
    };
    vec![
        ("no answer, done", Effect::DropAfter, true),
        ("no answer, not done", Effect::Drop, false),
        ("silence", Effect::Hang, false),
        ("502 HTML", status(502, "<html>Unicorn!</html>"), false),
        ("504", status(504, "{\"message\":\"timed out\"}"), false),
        ("429", status(429, "{\"message\":\"slow down\"}"), false),
        (
            "secondary limit",
            Effect::Secondary {
                retry_after: Some(1),
            },
            false,
        ),
        ("200 of no JSON", status(200, "<html>proxy</html>"), false),
        ("301", redirect(301), false),
        ("307", redirect(307), false),
    ]
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two() {
    let elsewhere = wiremock::MockServer::start().await;
    let patient = Limits {
        total: Duration::from_millis(700),
        ..limits()
    };
    let mut table = Vec::new();
    let answers = ambiguous(&format!("{}/api/v3/repos/acme/x", elsewhere.uri()));
    for (answer, effect, carried_out) in answers {
        // One evening an answer: each act is on a service of its own.
        let site = Site::evening().await;
        let patient = adapter(&site.sim, "operate", patient.clone());
        for (name, service, act) in every_act(&site.sim.state()) {
            let sent_at = clock::now();
            let before = site.writes().len();
            // Only the write meets trouble: reads go on.
            for method in ["POST", "PUT", "PATCH"] {
                let matcher = Matcher {
                    method: Some(method.into()),
                    path_prefix: Some("/repos/".into()),
                    ..Matcher::default()
                };
                site.meet(matcher, None, effect.clone());
            }
            // A pause that the forge asked for would keep the next act from being sent at all.
            let limited = matches!(answer, "429" | "secondary limit");
            let fresh = adapter(&site.sim, "operate", limits());
            let github = match (&effect, limited) {
                (Effect::Hang, _) => &patient,
                (_, true) => &fresh,
                (_, false) => &site.github,
            };
            let outcome = github.act(&repo(service), &act, &key()).await;
            site.sim.clear_faults();
            let sent = site.writes().len() - before;
            table.push(format!("{name:<18}{answer:<22}{sent}"));
            assert_eq!(sent, 1, "{name} under {answer}");
            assert!(
                matches!(outcome, Outcome::NoAnswer { .. }),
                "{name} under {answer}: {outcome:?}"
            );
            site.advance(30);
            let found = adapter(&site.sim, "operate", limits())
                .find(&repo(service), &act, &key(), sent_at)
                .await;
            let found = found.unwrap_or_else(|fault| panic!("{name} under {answer}: {fault}"));
            assert_eq!(
                found.is_some(),
                carried_out,
                "{name} under {answer}: {found:?}"
            );
        }
    }
    println!(
        "{:<18}{:<22}requests\n{}",
        "act",
        "answer",
        table.join("\n")
    );
    let asked = elsewhere.received_requests().await.unwrap();
    assert!(asked.is_empty(), "a write is never redirected: {asked:?}");
}

#[tokio::test]
async fn an_act_on_a_forge_that_is_not_there_was_never_sent() {
    let site = Site::evening().await;
    let act = approve(&site.sim.state(), "api-gateway");
    let gone = Settings {
        name: ForgeName::from("github"),
        // Nothing listens on port 1.
        url: "http://127.0.0.1:1".into(),
        api_url: None,
        token: None,
        ca_file: None,
        limits: limits(),
    };
    let github = GitHub::new(gone, clock::clock()).unwrap();
    let outcome = github.act(&repo("api-gateway"), &act, &key()).await;
    assert!(
        matches!(outcome, Outcome::Rejected { status: 0, .. }),
        "{outcome:?}"
    );
}
