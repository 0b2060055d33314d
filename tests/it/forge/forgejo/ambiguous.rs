//! Acts under answers that say nothing: each is still one request, its outcome is `NoAnswer`, and
//! `find` tells by reading whether it happened.

use super::*;

/// Every act that this Forgejo has, each on a service where it is possible.
async fn every_act(tide: &Tide) -> Vec<(&'static str, &'static str, Act)> {
    tide.play(
        "pilot",
        r#"{ do = "open", by = "alice", head = "main", base = "production", text = "Promote" }"#,
    );
    tide.play(
        "harbour",
        r#"{ do = "dispatch", by = "bob", workflow = "deploy.yml", branch = "main", inputs = { environment = "production", revision = "v3.2.0" } }"#,
    );
    tide.advance(15);
    let state = tide.sim.state();
    let pilot = tide.board(modelled(&state, "pilot")).await;
    let pull = &pilot.pull_requests[0];
    let almanac = tide.board(modelled(&state, "almanac")).await;
    let draft = almanac.releases.iter().find(|it| it.draft).unwrap();
    let harbour = tide.board(modelled(&state, "harbour")).await;
    let running = harbour.runs.iter().find(|it| it.phase.is_in_flight());
    let inputs = [
        ("environment", "production"),
        ("revision", "v3.2.0"),
        ("gonogo", "it-7f3a"),
    ];
    let head = main_of(&state, "harbour");
    vec![
        (
            "merge",
            "pilot",
            Act::MergePullRequest {
                number: pull.number,
                head: pull.head.clone(),
                method: MergeMethod::Merge,
            },
        ),
        (
            "publish release",
            "almanac",
            Act::PublishRelease {
                release: Some(ReleaseId(draft.id.unwrap().0)),
                tag: draft.tag.clone(),
                target: draft.sha.clone().unwrap(),
                prerelease: false,
            },
        ),
        (
            "create tag",
            "harbour",
            Act::CreateTag {
                tag: "v9.9.9".into(),
                target: head.clone(),
            },
        ),
        (
            "set status",
            "harbour",
            Act::SetStatus {
                sha: head,
                context: "hold/production".into(),
                state: StatusState::Failure,
                description: "held".into(),
                target_url: None,
            },
        ),
        (
            "cancel",
            "harbour",
            Act::Cancel {
                run: running.unwrap().id,
            },
        ),
        (
            "dispatch",
            "harbour",
            Act::Dispatch {
                workflow: "deploy.yml".into(),
                git_ref: "main".into(),
                inputs: BTreeMap::from(inputs.map(|(name, value)| (name.into(), value.into()))),
            },
        ),
    ]
}

/// The answers that leave an act's fate open, and whether it was carried out under each.
fn answers(elsewhere: &str) -> Vec<(&'static str, Effect, bool)> {
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
        ("500", status(500, "{\"message\":\"\"}"), false),
        ("502 HTML", status(502, "<html>bad gateway</html>"), false),
        ("503", status(503, "{\"message\":\"busy\"}"), false),
        ("429", status(429, "{\"message\":\"slow down\"}"), false),
        ("403 HTML", status(403, "<html>a proxy</html>"), false),
        ("200 of no JSON", status(200, "<html>a proxy</html>"), false),
        ("301", redirect(301), false),
        ("307", redirect(307), false),
    ]
}

#[tokio::test]
async fn no_ambiguous_answer_makes_an_act_two() {
    let elsewhere = wiremock::MockServer::start().await;
    let mut table = Vec::new();
    for (answer, effect, carried_out) in answers(&format!("{}/api/v1/x", elsewhere.uri())) {
        let tide = Tide::forgejo().await;
        for (name, service, act) in every_act(&tide).await {
            let repo = path_of(&tide.sim.state(), service);
            let sent_at = clock::now();
            let before = tide.writes().len();
            // Only the write meets trouble: reads go on.
            for method in ["POST", "PATCH"] {
                let matcher = Matcher {
                    method: Some(method.into()),
                    ..Matcher::default()
                };
                tide.sim.inject(Fault {
                    matcher,
                    times: None,
                    effect: effect.clone(),
                });
            }
            let patience = Limits {
                total: Duration::from_millis(if answer == "silence" { 700 } else { 10_000 }),
                ..limits()
            };
            // A pause that the forge asked for would keep the next act from being sent at all.
            let forgejo = speaker(&tide.sim, "operate", patience);
            let outcome = forgejo.act(&repo, &act, &key()).await;
            tide.sim.clear_faults();
            let sent = tide.writes().len() - before;
            table.push(format!("{name:<18}{answer:<22}{sent}"));
            assert_eq!(sent, 1, "{name} under {answer}");
            let no_answer = matches!(outcome, Outcome::NoAnswer { .. });
            assert!(no_answer, "{name} under {answer}: {outcome:?}");
            tide.advance(3);
            let reader = speaker(&tide.sim, "operate", limits());
            reader.identify().await.unwrap();
            let found = reader.find(&repo, &act, &key(), sent_at).await;
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
