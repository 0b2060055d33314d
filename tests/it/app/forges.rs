//! The demo's evening on a GitHub, a GitLab and a Forgejo: the same keys on each, holds that become
//! each forge's own brake, and a forge that is unplugged.

use gonogo::app::State;
use gonogo::domain::act::Act;
use gonogo::domain::brake::{Bound, Effect};
use gonogo::domain::cell::CellState;
use gonogo::domain::ids::{EnvironmentName, ServiceName};
use gonogo::domain::promotion::Purpose;
use gonogo::domain::promotion::State::Succeeded;
use gonogo::sim;

use crate::harness::{Evening, Operator, PRODUCTION, cell_in, step};
use crate::program::ask;

/// One service on each forge that a merge promotes: what a failed status stops.
const HELD: [(&str, &str); 3] = [
    ("github", "auth"),
    ("gitlab", "portal"),
    ("forgejo", "ferry"),
];

fn bound(state: &State, service: &str) -> Option<Bound> {
    let (service, production) = (ServiceName::new(service), EnvironmentName::new(PRODUCTION));
    state.engine.bound(&service, &production, state.now)
}

fn effect(state: &State, service: &str) -> Option<Effect> {
    bound(state, service).map(|bound| bound.effect)
}

/// What a forge has of a hold on a service: the state of the newest `hold/production`, how many
/// freezes, and how many open pull requests with the label.
fn brakes(evening: &Evening, forge: &str, service: &str) -> (Option<String>, usize, usize) {
    let state = evening.sim.state_of(forge).unwrap();
    let repo = state.repos.iter().find(|it| it.name == service).unwrap();
    let name = "hold/production";
    let project = repo.gitlab.as_ref();
    let external = project.and_then(|it| it.statuses.iter().rfind(|it| it.name == name));
    let status = repo.statuses.iter().rfind(|it| it.context == name);
    let status = external
        .map(|it| it.state.to_owned())
        .or_else(|| status.map(|it| it.state.word().to_owned()));
    let labelled = repo
        .pulls
        .iter()
        .filter(|it| it.labels.iter().any(|it| it == name));
    (
        status,
        project.map_or(0, |it| it.freezes.len()),
        labelled.count(),
    )
}

/// The line of a service on the board, without what stands to the right of it.
fn row(screen: &str, service: &str) -> String {
    let word = |line: &&str| line.split_whitespace().take(4).any(|word| word == service);
    screen
        .lines()
        .filter_map(|line| line.split('│').next())
        .find(word)
        .unwrap_or_else(|| panic!("{service}\n{screen}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_forge_is_promoted_by_the_same_keys() {
    let ways = [
        ("geo", "v2.3.1", "/dispatches"),
        ("gateway", "v3.3.0", "/play"),
        ("harbour", "v3.2.0", "/dispatches"),
    ];
    let evening = Evening::of_all_forges(&ways.map(|(service, ..)| service), 120.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (service, ..) in ways {
        alice.promote(service, "weekly");
    }
    for (service, version, path) in ways {
        alice.until_promotion(service, &[Succeeded]).await;
        assert_eq!(evening.live(service).as_deref(), Some(version), "{service}");
        let writes = evening.writes();
        let sent = writes.iter().filter(|it| it.path.contains(path));
        assert!(sent.count() >= 1, "{service}: {writes:?}");
    }
    assert_eq!(evening.writes().len(), ways.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_approved_on_each_forge() {
    // A run before its environment; a blocked deployment, whose job is then played; a reviewed pull
    // request, where there are no approvals.
    let ways = [
        ("api-gateway", "/pending_deployments", 1),
        ("orders", "/approval", 2),
        ("ferry", "/merge", 1),
    ];
    let evening = Evening::of_all_forges(&ways.map(|(service, ..)| service), 120.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let mut before = 0;
    for (service, path, requests) in ways {
        alice.go_to(service);
        alice.press("A");
        let screen = alice.screen();
        assert!(screen.contains(&format!("APPROVE {service}")), "{screen}");
        assert!(screen.contains(path), "{screen}");
        let merges = "nothing approves production itself here: #";
        assert_eq!(screen.contains(merges), service == "ferry", "{screen}");
        alice.press("up up");
        alice.write("go ahead");
        alice.press("tab");
        alice.write(PRODUCTION);
        alice.press("tab tab enter");
        alice.until_promotion(service, &[Succeeded]).await;
        let promotion = alice.promotion(service);
        // A merge makes a commit of its own.
        let merged = promotion.handle.and_then(|handle| handle.sha);
        let wanted = merged.unwrap_or(promotion.intent.to.sha);
        // What was merged is deployed by a run of its own.
        alice
            .until("the forge's own word", |_| {
                evening.live_sha(service).as_deref() == Some(wanted.as_str())
            })
            .await;
        assert_eq!(
            evening.writes().len(),
            before + requests,
            "{:?}",
            evening.writes()
        );
        before += requests;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_each_forges_own_brake_and_goes_with_it() {
    let evening = Evening::of_all_forges(&HELD.map(|(_, service)| service), 1.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (forge, service) in HELD {
        let none = brakes(&evening, forge, service);
        assert_ne!(none.0.as_deref(), Some("failure"), "{service}");
        assert_eq!((none.1, none.2), (0, 0), "{service}");
        alice.hold(service, "heap grows");
        alice
            .until(format!("an effective brake of {service}"), |state| {
                let read = bound(state, service)
                    .is_some_and(|it| it.proofs.iter().all(|proof| proof.at.is_some()));
                read && effect(state, service) == Some(Effect::Effective)
            })
            .await;
        let bound = bound(&alice.state, service).unwrap();
        assert_eq!(bound.proofs.len(), 2);
        for proof in &bound.proofs {
            assert!(proof.at.is_some(), "it was read back: {proof:?}");
        }
        let screen = alice.screen();
        assert!(screen.contains("BRAKE effective"), "{screen}");
        let there = brakes(&evening, forge, service);
        let expected = match forge {
            "gitlab" => (Some("failed".to_owned()), 1, 0),
            _ => (Some("failure".to_owned()), 0, 1),
        };
        assert_eq!(there, expected, "{service}");
    }
    // Forgejo itself refuses the merge now: its branch asks for `hold/production`.
    alice
        .until("Forgejo's own word", |state| {
            let judgement = &cell_in(state, "ferry").unwrap().judgement;
            let mut verdicts = judgement.verdicts.iter();
            verdicts.any(|it| {
                it.gate == "forge" && it.why.contains("only the hold's own status has failed")
            })
        })
        .await;
    alice.press(":");
    alice.write("holds");
    alice.press("enter");
    let screen = alice.screen();
    for (_, service) in HELD {
        let line = row(&screen, service);
        assert!(line.contains("effective"), "{line}");
    }
    assert!(screen.contains("hold/production on"), "the proof\n{screen}");
    // The list's own key, on the selected hold.
    for place in 0..HELD.len() {
        alice.press("g H up");
        alice.write("fixed");
        alice.press("tab tab enter");
        alice
            .until("one hold less", |state| {
                let left = state.engine.ledger.as_ref().unwrap().holds.len();
                left == HELD.len() - 1 - place && !state.engine.is_braking(state.now)
            })
            .await;
    }
    for (forge, service) in HELD {
        assert_eq!(effect(&alice.state, service), None, "{service}");
        let left = brakes(&evening, forge, service);
        assert_eq!(left, (Some("success".to_owned()), 0, 0), "{service}");
    }
    assert!(
        alice.screen().contains("nothing is held"),
        "{}",
        alice.screen()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_brake_stops_is_advisory_only_and_says_why() {
    // A dispatch, an approval, a job that waits: none asks for what a hold leaves.
    let held = [
        ("geo", "a dispatch asks for no status"),
        ("api-gateway", "an approval asks for no status"),
        ("gateway", "a job that waits already is played all the same"),
        ("harbour", "a dispatch asks for no status"),
    ];
    let evening = Evening::of_all_forges(&held.map(|(service, _)| service), 1.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (service, why) in held {
        alice.hold(service, "heap grows");
        alice
            .until(format!("the brake of {service}"), |state| {
                bound(state, service).is_some_and(|bound| bound.is_seen_alone())
            })
            .await;
        let screen = alice.screen();
        assert!(!screen.contains("BRAKE effective"), "{screen}");
        assert!(screen.contains("BRAKE advisory only"), "{screen}");
        let bound = bound(&alice.state, service).unwrap();
        let mut proofs = bound.proofs.iter();
        assert!(proofs.any(|proof| proof.says.contains(why)), "{bound:?}");
    }
    // All is there: nothing is to be bound again.
    alice.press(":");
    alice.write("hold bind");
    alice.press("enter tab enter");
    alice.until_shown("no hold lacks a brake").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_candidate_is_braked_by_the_board_and_the_journal_says_so() {
    let evening = Evening::of_all_forges(&["auth"], 60.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.state.engine.keeps_up = true;
    alice.settle().await;
    alice.hold("auth", "heap grows");
    alice
        .until("the brake", |state| {
            effect(state, "auth") == Some(Effect::Effective)
        })
        .await;
    let before = cell_in(&alice.state, "auth").unwrap().candidate.clone();
    let land = r#"{ do = "land", by = "ann", text = "One more key", tag = "v6.4.0" }"#;
    assert!(evening.sim.play("auth", (*step(land)).clone()));
    let candidate = |state: &State| cell_in(state, "auth").unwrap().candidate.clone();
    alice
        .until("what landed in staging", |state| candidate(state) != before)
        .await;
    let wanted = candidate(&alice.state).unwrap();
    alice
        .until("its brake", |state| {
            let bound = bound(state, "auth").unwrap();
            bound.effect == Effect::Effective && !bound.lacks()
        })
        .await;
    let state = evening.sim.state_of("github").unwrap();
    let repo = state.repos.iter().find(|it| it.name == "auth").unwrap();
    let of_it = repo.statuses.iter().filter(|it| {
        it.context == "hold/production"
            && it.sha == wanted.sha.as_str()
            && it.state.word() == "failure"
    });
    assert_eq!(of_it.count(), 1);
    let intended = alice.state.engine.ledger.as_ref().unwrap();
    let braked = intended.promotions.values();
    let braked = braked.filter(|it| {
        it.intent.purpose == Purpose::Brake
            && matches!(&it.intent.act, Act::SetStatus { sha, .. } if *sha == wanted.sha)
    });
    assert_eq!(braked.count(), 1, "the journal has it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brake_that_failed_in_part_is_bound_again_by_hold_bind() {
    let evening = Evening::of_all_forges(&["ferry"], 1.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let refuse = sim::Effect::Status {
        status: 403,
        body: "{\"message\":\"token does not have at least one of required scope(s)\"}".into(),
        headers: std::collections::BTreeMap::default(),
    };
    evening.fault("POST", "/labels", Some(1), refuse);
    alice.hold("ferry", "fog");
    alice
        .until("the refusal", |state| {
            let refused = |it: &Bound| it.proofs.iter().any(|one| one.effect == Effect::Advisory);
            bound(state, "ferry").is_some_and(|it| refused(&it) && it.effect == Effect::Effective)
        })
        .await;
    let screen = alice.screen();
    assert!(
        screen.contains("BRAKE effective") && screen.contains("BRAKE advisory only"),
        "{screen}"
    );
    assert_eq!(evening.writes().len(), 2, "nothing is sent again by itself");
    alice.press(":");
    alice.write("hold bind");
    alice.press("enter");
    let screen = alice.screen();
    assert!(
        screen.contains("BIND AGAIN 1 cell") && screen.contains("ferry > production"),
        "{screen}"
    );
    // It rests on Cancel.
    alice.press("enter");
    assert_eq!(evening.writes().len(), 2);
    alice.press(":");
    alice.write("hold bind");
    alice.press("enter tab enter");
    alice
        .until("the brake", |state| {
            let read = |it: &Bound| it.proofs.iter().all(|one| one.at.is_some());
            bound(state, "ferry")
                .is_some_and(|it| !it.lacks() && read(&it) && it.effect == Effect::Effective)
        })
        .await;
    // The status was there and was left alone.
    let sent = evening.writes();
    let labels = sent.iter().filter(|it| it.path.ends_with("/labels"));
    assert_eq!((sent.len(), labels.count()), (3, 2), "{sent:?}");
    let brakes = alice
        .state
        .engine
        .ledger
        .as_ref()
        .unwrap()
        .promotions
        .values();
    let brakes = brakes.filter(|it| it.intent.purpose == Purpose::Brake);
    assert_eq!(brakes.count(), 3, "a new intent for the second try");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unplugged_forge_ages_its_own_rows_and_comes_back() {
    let services = ["geo", "gateway", "reports", "harbour"];
    let evening = Evening::of_all_forges(&services, 1.0).await;
    evening.edit_config(|config| config["poll"]["max_age"] = "4s".into());
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for service in services {
        let line = row(&alice.screen(), service);
        assert!(line.contains("READY"), "{line}");
    }
    let control = evening.sim.base_url().to_owned();
    let unplug = r#"{"match": {"forge": "gitlab"}, "effect": {"kind": "refuse"}}"#;
    ask(&control, "POST", "/_sim/faults", None, unplug);
    let standing = |state: &State, service: &str| {
        let row = state.engine.board.row(&ServiceName::new(service)).unwrap();
        let cell = cell_in(state, service).unwrap();
        cell.next(&row.facts, &state.engine.policy, state.now)
    };
    alice
        .until("GitLab's rows to be stale", |state| {
            let stale = |it: &str| standing(state, it) == CellState::Stale;
            stale("gateway") && stale("reports")
        })
        .await;
    alice
        .until("the others to be read since", |state| {
            let since = |it: &str| {
                let row = state.engine.board.row(&ServiceName::new(it)).unwrap();
                row.facts.age(state.now).unwrap().as_secs() < 4
            };
            since("geo") && since("harbour")
        })
        .await;
    let screen = alice.screen();
    for service in ["gateway", "reports"] {
        let line = row(&screen, service);
        assert!(line.contains("STALE") && line.contains("old"), "{line}");
        assert!(!line.contains("READY") && !line.contains("OK"), "{line}");
    }
    for service in ["geo", "harbour"] {
        let line = row(&screen, service);
        assert!(line.contains("READY") && !line.contains("STALE"), "{line}");
    }
    assert!(alice.plan("gateway").is_err());
    assert!(alice.plan("harbour").is_ok());
    alice.press("!");
    let errors = alice.screen();
    assert!(errors.contains("gitlab"), "{errors}");
    assert!(
        !errors.contains("forgejo:") && !errors.contains("github:"),
        "{errors}"
    );
    alice.press("esc :");
    alice.write("forges");
    alice.press("enter");
    alice.until_shown("unreachable").await;
    alice.press("1");
    ask(&control, "DELETE", "/_sim/faults", None, "");
    alice
        .until("GitLab's rows to be fresh again", |state| {
            ["gateway", "reports"]
                .iter()
                .all(|it| standing(state, it) == CellState::Ready)
        })
        .await;
}
