//! Trouble: the journal out of reach, the forge down, a config that changes under the board.

use gonogo::app::engine::JournalState;
use gonogo::app::request::RefusalKind;
use gonogo::domain::gate::Go;
use gonogo::domain::promotion::State::Succeeded;
use gonogo::sim::{Effect, Fault, Matcher};

use crate::harness::{Evening, Operator, cell_in};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_journal_nothing_is_promoted_and_it_comes_back() {
    let evening = Evening::of(&["search"]).await;
    // A file stands where the journal's folder should be.
    let blocker = evening.folder.path().join("state");
    std::fs::write(&blocker, "").unwrap();
    let url = format!("sqlite:{}", blocker.join("journal.db").display());
    evening.edit_config(|config| config["journal"]["url"] = url.into());
    let mut alice = Operator::new(&evening.config());
    alice
        .until("the facts, and no journal", |state| {
            let lost = matches!(state.engine.journal, JournalState::Unreachable { .. });
            lost && cell_in(state, "search").unwrap().candidate.is_some()
        })
        .await;
    let refusal = alice.plan("search").unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Journal);
    alice.prepare("search", "blind");
    assert_eq!(alice.dialog().clone().unwrap_err(), refusal);
    let screen = alice.screen();
    assert!(screen.contains("is unreachable"), "{screen}");
    alice.press("tab enter esc");
    assert!(alice.screen().contains("JOURNAL"), "{}", alice.screen());
    assert!(!alice.screen().contains("READY"), "{}", alice.screen());
    assert_eq!(evening.writes(), []);

    std::fs::remove_file(&blocker).unwrap();
    alice
        .until("the journal", |state| {
            let cell = cell_in(state, "search").unwrap();
            state.engine.journal == JournalState::Ready && cell.judgement.go_at(state.now) == Go::Go
        })
        .await;
    alice.promote("search", "seeing again");
    alice.until_promotion("search", &[Succeeded]).await;
    assert_eq!(evening.writes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forge_that_is_down_ages_its_column_and_never_looks_fresh() {
    let evening = Evening::of(&["search", "geo"]).await;
    evening.edit_config(|config| config["poll"]["max_age"] = "3s".into());
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert!(alice.screen().contains("◆ READY"), "{}", alice.screen());
    evening.sim.inject(Fault {
        matcher: Matcher::default(),
        times: None,
        effect: Effect::Drop,
    });
    alice.until_shown("? STALE").await;
    alice
        .until("the forge's fault", |state| {
            state
                .engine
                .forges
                .values()
                .any(|forge| forge.fault.is_some())
        })
        .await;
    let screen = alice.screen();
    assert!(!screen.contains("READY"), "{screen}");
    // The last that was known is still there, with its age.
    assert!(screen.contains("v7.0.8"), "{screen}");
    for service in ["search", "geo"] {
        assert_eq!(alice.plan(service).unwrap_err().kind, RefusalKind::Facts);
    }
    alice.press("!");
    assert!(alice.screen().contains("github"), "{}", alice.screen());
    alice.press("esc");
    evening.sim.clear_faults();
    alice.until_shown("◆ READY").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_in_trouble_leaves_the_others_alone() {
    let evening = Evening::of(&["search", "geo"]).await;
    let effect = Effect::Partial {
        error: Some("NOT_FOUND".into()),
        message: None,
    };
    let matcher = Matcher {
        repo: Some("acme/geo".into()),
        ..Matcher::default()
    };
    evening.sim.inject(Fault {
        matcher,
        times: None,
        effect,
    });
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert_eq!(alice.plan("geo").unwrap_err().kind, RefusalKind::Forge);
    alice.promote("search", "on its own");
    alice.until_promotion("search", &[Succeeded]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_config_is_in_use_and_a_broken_one_is_told_and_left() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert!(alice.plan("search").is_ok());
    evening.edit_config(|config| {
        let freeze = config["freeze"]["year-end"].as_table_mut().unwrap();
        freeze.insert("from".into(), "2020-01-01 00:00".into());
        freeze.insert("to".into(), "2099-01-01 00:00".into());
    });
    alice
        .until("the freeze", |state| {
            crate::harness::was_told(state, "the changed config is in use")
        })
        .await;
    let refusal = alice.plan("search").unwrap_err();
    assert!(
        refusal.why.contains("window (") && refusal.why.contains("year-end"),
        "{}",
        refusal.why
    );

    evening.edit_config(|config| {
        config["operator"]
            .as_table_mut()
            .unwrap()
            .insert("nane".into(), "alice".into());
    });
    alice
        .until("the complaint", |state| {
            crate::harness::was_told(state, "the changed config is not used")
        })
        .await;
    assert!(alice.was_told("nane"), "{:?}", alice.said());
    assert!(alice.plan("search").unwrap_err().why.contains("year-end"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_never_read_the_screen_claims_nothing() {
    let evening = Evening::of(&["search", "geo"]).await;
    evening.sim.inject(Fault {
        matcher: Matcher::default(),
        times: None,
        effect: Effect::Status {
            status: 502,
            body: "<html>bad gateway</html>".into(),
            headers: std::collections::BTreeMap::new(),
        },
    });
    let mut alice = Operator::sized(&evening.config(), 120, 40);
    alice.until_shown("no facts").await;
    alice.go_to("search");
    for keys in ["", "enter", "]", "]", "]", "]", "4", "]", "5"] {
        alice.press(keys);
        let screen = alice.screen();
        for claim in [
            "nothing to promote",
            "no change",
            "nothing waits",
            "nothing is under way",
            "no recent runs",
            "no open pull requests",
            "level with",
        ] {
            assert!(!screen.contains(claim), "{keys}: {claim}: {screen}");
        }
    }
    alice.press(":");
    alice.write("forges");
    alice.press("enter");
    let screen = alice.screen();
    assert!(screen.contains("no answer yet"), "{screen}");
    assert!(!screen.contains("not asked yet"), "{screen}");
    assert!(!screen.contains("no limit"), "{screen}");
}
