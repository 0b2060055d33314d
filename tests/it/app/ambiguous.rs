//! Answers that say nothing of what happened: the act is looked for by reading, never sent again.

use gonogo::app::state::State;
use gonogo::domain::promotion::State::{Absent, Reconciling, Rejected, Succeeded, Unknown};
use gonogo::sim::Effect;
use jiff::SignedDuration;

use crate::harness::{Evening, Operator, cell_in, promotion_in};

/// Every way of promotion, with what the call's path contains.
const WAYS: [(&str, &str, &str); 4] = [
    ("api-gateway", "POST", "/pending_deployments"),
    ("geo", "POST", "/dispatches"),
    ("search", "POST", "/deployments"),
    ("auth", "PUT", "/merge"),
];

fn status(status: u16) -> Effect {
    let headers = [("retry-after".to_owned(), "1".to_owned())];
    Effect::Status {
        status,
        body: "<html>try again</html>".into(),
        headers: headers.into(),
    }
}

/// The writes about one service.
fn writes(evening: &Evening, service: &str) -> usize {
    let repo = format!("/repos/acme/{service}/");
    evening
        .writes()
        .iter()
        .filter(|write| write.path.contains(&repo))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_answer_was_lost_is_found_by_reading_and_was_sent_once() {
    let evening = Evening::of(&WAYS.map(|(service, ..)| service)).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (service, method, path) in WAYS {
        evening.fault(method, path, Some(1), Effect::DropAfter);
        alice.promote(service, "into the fog");
        alice
            .until_promotion(service, &[Unknown, Reconciling, Succeeded])
            .await;
    }
    for (service, ..) in WAYS {
        alice.until_promotion(service, &[Succeeded]).await;
        let kinds = evening.kinds(service).await;
        let kinds: Vec<&str> = kinds
            .iter()
            .filter_map(|kind| kind.strip_prefix("promotion."))
            .collect();
        let begin = [
            "intended",
            "sending",
            "unknown",
            "reconciling",
            "reconciled",
        ];
        assert_eq!(kinds.get(..5), Some(&begin[..]), "{service}: {kinds:?}");
        assert_eq!(kinds.last(), Some(&"succeeded"));
        assert_eq!(writes(&evening, service), 1, "{service}");
        alice
            .until("nothing more to promote", |state| {
                cell_in(state, service).unwrap().candidate.is_none()
            })
            .await;
    }
    assert!(alice.was_told("was found on github"), "{:?}", alice.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_never_arrived_stays_unknown_and_in_the_end_absent_and_is_not_sent_again() {
    let evening = Evening::of(&WAYS.map(|(service, ..)| service)).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (service, method, path) in WAYS {
        evening.fault(method, path, Some(1), Effect::Drop);
        alice.promote(service, "into the void");
        alice.until_promotion(service, &[Reconciling]).await;
        // Nobody may start another one meanwhile, and the board says why.
        let refusal = alice.plan(service).unwrap_err();
        assert!(
            refusal.why.contains("nobody knows what came of alice's"),
            "{}",
            refusal.why
        );
    }
    // Absence needs three agreeing reads over ten minutes: the operator's clock runs ahead, until
    // each of the four was looked up often enough. A step takes in whatever was read meanwhile, so
    // how many steps that takes depends on the machine.
    for _ in 0..40 {
        let absent = |state: &State| {
            WAYS.iter().all(|(service, ..)| {
                promotion_in(state, service).is_some_and(|it| it.state == Absent)
            })
        };
        if absent(&alice.state) {
            break;
        }
        alice.ahead += SignedDuration::from_mins(10);
        let asked = evening.sim.requests().len();
        alice
            .until("the forge to be read again", |state| {
                evening.sim.requests().len() > asked + 4 || absent(state)
            })
            .await;
    }
    for (service, ..) in WAYS {
        alice.until_promotion(service, &[Absent]).await;
        assert_eq!(writes(&evening, service), 1, "{service}");
        let kinds = evening.kinds(service).await;
        assert_eq!(kinds.last().map(String::as_str), Some("promotion.absent"));
    }
    assert!(alice.was_told("a person decides"), "{:?}", alice.said());
    // A person decides: a new intent may be sent, by a new key.
    let mut carol = Operator::new(&evening.config_of("carol", "admin"));
    carol.settle().await;
    carol.promote("search", "ordered again");
    carol.until_promotion("search", &[Succeeded]).await;
    assert_eq!(writes(&evening, "search"), 2);
}

/// Promotes under an answer, and returns how many requests the forge saw for it.
async fn once(name: &'static str, effect: Effect, done: bool) -> (&'static str, usize) {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    // For ever: a second request would be met as well, and seen in the log.
    evening.fault("POST", "/deployments", None, effect);
    alice.promote("search", name);
    let end = if done { Succeeded } else { Reconciling };
    alice.until_promotion("search", &[end]).await;
    // And for a while after, in which an impatient program would try again.
    let reads = evening.sim.requests().len();
    alice
        .until("some more reads", |_| {
            evening.sim.requests().len() > reads + 3
        })
        .await;
    let kinds = evening.kinds("search").await;
    assert!(
        kinds.contains(&"promotion.unknown".to_owned()),
        "{name}: {kinds:?}"
    );
    (name, evening.writes().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn under_every_ambiguous_answer_the_forge_sees_an_act_once() {
    let answers = [
        ("dropped before", Effect::Drop, false),
        ("dropped after", Effect::DropAfter, true),
        ("reset", Effect::Refuse, false),
        ("cut", Effect::Cut { at: 9 }, true),
        ("never", Effect::Hang, false),
        ("500", status(500), false),
        ("502", status(502), false),
        ("503", status(503), false),
        ("504", status(504), false),
        ("429", status(429), false),
        (
            "secondary limit",
            Effect::Secondary {
                retry_after: Some(1),
            },
            false,
        ),
        (
            "redirect",
            Effect::Redirect {
                to: "/elsewhere".into(),
                status: Some(307),
            },
            false,
        ),
    ];
    let seen = futures_util::future::join_all(
        answers.map(|(name, effect, done)| once(name, effect, done)),
    )
    .await;
    for (name, count) in seen {
        assert_eq!(count, 1, "{name}");
        println!("requests seen for a promotion answered by {name:<16} {count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definite_refusal_is_told_and_ends_it() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let body = r#"{"message":"Conflict: Commit status checks failed"}"#;
    let effect = Effect::Status {
        status: 409,
        body: body.into(),
        headers: [].into(),
    };
    evening.fault("POST", "/deployments", Some(1), effect);
    alice.promote("search", "in vain");
    alice
        .until("the refusal", |state| {
            promotion_in(state, "search").is_some_and(|promotion| !promotion.state.is_open())
                && cell_in(state, "search").is_some()
        })
        .await;
    assert!(
        alice.was_told("refused by github: Conflict: Commit status checks failed"),
        "{:?}",
        alice.said()
    );
    assert_eq!(
        evening.kinds("search").await.last().map(String::as_str),
        Some("promotion.rejected")
    );
    // Nothing happened, so it may be ordered anew.
    alice.promote("search", "once more");
    alice.until_promotion("search", &[Succeeded]).await;
    assert_eq!(evening.writes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_of_which_a_part_is_refused_or_unknown_lists_each_and_its_errors_stay() {
    let evening = Evening::of(&["search", "geo", "api-gateway"]).await;
    let mut alice = Operator::sized(&evening.config(), 120, 40);
    alice.settle().await;
    evening.fault("POST", "/search/deployments", Some(1), status(422));
    evening.fault("POST", "/geo/actions", Some(1), Effect::DropAfter);
    alice.go_to("search");
    alice.press("* P up up");
    alice.write("weekly");
    alice.press("tab");
    alice.write("production");
    alice.press("tab tab enter");
    alice.until_promotion("search", &[Rejected]).await;
    alice.until_promotion("geo", &[Succeeded]).await;
    alice.until_promotion("api-gateway", &[Succeeded]).await;
    let screen = alice.screen();
    assert!(screen.contains("! 2 errors"), "{screen}");
    assert!(screen.contains("m lists each"), "{screen}");
    alice.press("m");
    let screen = alice.screen();
    assert!(
        screen.contains("RESULTS 3 services > production"),
        "{screen}"
    );
    assert!(screen.contains("refused    search"), "{screen}");
    assert!(screen.contains("done       geo"), "{screen}");
    alice.press("esc !");
    let screen = alice.screen();
    for wanted in [
        "promotion search > production",
        "promotion geo > production",
    ] {
        assert!(screen.contains(wanted), "{screen}");
    }
}
