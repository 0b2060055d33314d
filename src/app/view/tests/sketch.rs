//! What an operator looks for on a screen and finds there: the gate that is selected and what helps with
//! it, who decides until when, what was rolled back and why, what runs.

use super::super::scenes::{busy, journal, releases};
use super::*;
use crate::app::interface::harness::running;
use crate::domain::board::Row;
use crate::domain::ids::{JobId, RunId};
use crate::domain::pipeline::Job;
use crate::domain::promotion::{Intent, State as Stands};
use crate::domain::signoff::AtClose;

fn main_of(state: &State) -> String {
    told(&view(state).main)
}

/// The same without its line breaks and columns.
fn flowing(state: &State) -> String {
    let told = main_of(state);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Billing has four gates, two of them closed.
fn gated(rows: u16) -> State {
    let mut state = sized(100, rows);
    state.interface.peek = false;
    on(&mut state, "billing", "production");
    let closed = |gate: &'static str, why: &'static str| {
        Verdict::new(gate, gate::State::Closed, why)
            .opens_when(format!("{gate} is done"))
            .who(format!("{gate} people"))
            .evidence("case", why, Some("https://e.example/1".to_owned()), None)
    };
    with_cell(&mut state.engine.board, "billing", "production", |cell| {
        cell.judgement.verdicts = vec![
            Verdict::new("fresh", gate::State::Open, "read within 60s"),
            closed("review", "#27 has 0 of 1 approvals"),
            closed("blocker", "issue #26 is open"),
            Verdict::new("path", gate::State::Open, "it is verified in staging").evidence(
                "staging",
                "verified by probe",
                None,
                None,
            ),
        ]
        .into();
    });
    state
}

#[test]
fn the_detail_begins_at_the_first_gate_in_the_way_and_says_which_keys_help() {
    let mut state = gated(60);
    press(&mut state, "enter");
    let told = main_of(&state);
    assert!(told.contains("> review"), "{told}");
    assert!(
        told.contains("you can     o open it  @ nudge  O override"),
        "{told}"
    );
    assert_eq!(
        told.matches("you can").count(),
        1,
        "of the selected one: {told}"
    );
    assert_eq!(
        told.matches("opens when").count(),
        2,
        "room for all: {told}"
    );
    press(&mut state, "j");
    assert!(main_of(&state).contains("> blocker"));
    press(&mut state, "j");
    let told = main_of(&state);
    assert!(told.contains("> path"), "{told}");
    assert!(
        told.contains("seen        staging: verified by probe"),
        "{told}"
    );
    let keymap = [("override".to_owned(), vec!["W".to_owned()])].into();
    state.interface.keymap = crate::app::keymap::Keymap::new(&keymap).expect("fine");
    press(&mut state, "k");
    assert!(main_of(&state).contains("W override"), "as it is bound");
}

#[test]
fn where_not_all_has_room_the_selected_gate_alone_is_unfolded() {
    let mut state = gated(20);
    press(&mut state, "enter");
    let told = main_of(&state);
    assert!(told.contains("opens when  review is done"), "{told}");
    assert!(!told.contains("blocker is done"), "{told}");
    assert!(told.contains("#26 is open"), "every gate is there: {told}");
    press(&mut state, "j");
    let told = main_of(&state);
    assert!(told.contains("opens when  blocker is done"), "{told}");
    assert!(!told.contains("review is done"), "{told}");
}

#[test]
fn nobody_is_offered_an_override_that_is_not_theirs() {
    let mut state = gated(60);
    let environments = &mut policy(&mut state).environments;
    let production = environments.get_mut("production").expect("production");
    production.overrides.second_person = true;
    press(&mut state, "enter");
    assert!(main_of(&state).contains("O override (2nd person)"));
    let environments = &mut policy(&mut state).environments;
    let production = environments.get_mut("production").expect("production");
    production.overrides.never = vec!["review".to_owned()];
    assert!(!main_of(&state).contains("override"));
}

#[test]
fn what_opens_after_the_window_says_so_and_which_release_it_misses() {
    let mut state = sized(120, 60);
    add_release(&mut state);
    let hour = |hours| now() + SignedDuration::from_hours(hours);
    policy(&mut state).releases[0].due = Some(hour(4));
    on(&mut state, "api", "production");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        cell.judgement.verdicts = vec![
            Verdict::new("window", gate::State::Open, "evening").valid_until(Some(hour(3))),
            Verdict::new("soak", gate::State::Waiting, "6h of 24h").opens_at(Some(hour(18))),
        ]
        .into();
    });
    press(&mut state, "enter");
    let told = flowing(&state);
    assert!(
        told.contains(", after this window: misses 2026.47"),
        "{told}"
    );
    policy(&mut state).releases[0].due = Some(hour(40));
    let told = flowing(&state);
    assert!(
        told.contains("after this window") && !told.contains("misses"),
        "{told}"
    );
}

#[test]
fn where_gates_have_their_facts_from_stands_beside_them_on_a_wide_screen() {
    let mut state = gated(60);
    press(&mut state, "enter");
    assert!(!main_of(&state).contains("FROM"));
    state.interface.columns = 180;
    let told = main_of(&state);
    let line = told.lines().find(|line| line.contains("> review"));
    assert!(
        line.is_some_and(|line| line.trim_end().ends_with("github")),
        "{told}"
    );
    with_cell(&mut state.engine.board, "billing", "production", |cell| {
        cell.judgement.verdicts =
            vec![Verdict::new("hold", gate::State::Open, "nobody holds it")].into();
    });
    let told = main_of(&state);
    assert!(
        told.lines()
            .any(|line| line.trim_end().ends_with("journal")),
        "{told}"
    );
}

#[test]
fn a_gate_tells_since_when_it_is_so_and_below_it_how_old_that_is() {
    let mut state = sized(80, 40);
    state.interface.peek = false;
    on(&mut state, "billing", "production");
    let ago = |minutes| Some(now() - SignedDuration::from_mins(minutes));
    let seconds = now() - SignedDuration::from_secs(6);
    with_cell(&mut state.engine.board, "billing", "production", |cell| {
        cell.judgement.verdicts = vec![
            Verdict::new("soak", gate::State::Open, "31h of 24h").since(ago(7 * 60)),
            Verdict::new("hold", gate::State::Open, "nobody holds it"),
            Verdict::new("review", gate::State::Closed, "dee asked for changes")
                .since(ago(44))
                .evidence("#27", "0 of 1", None, Some(seconds)),
            Verdict::new("window", gate::State::Open, "evening")
                .since(ago(9))
                .valid_until(ago(1)),
        ]
        .into();
    });
    press(&mut state, "enter");
    let told = main_of(&state);
    let ends = |gate: &str| {
        let line = told.lines().find(|line| line.contains(gate)).unwrap_or("");
        line.split_whitespace().last().unwrap_or("").to_owned()
    };
    assert_eq!(ends("GATE "), "SINCE", "{told}");
    assert_eq!(ends("soak "), "7h", "{told}");
    assert_eq!(ends("hold "), "-", "{told}");
    assert_eq!(ends("> review "), "44m", "{told}");
    assert_eq!(ends("window "), "-", "it has run out: {told}");
    assert!(told.contains("seen        #27: 0 of 1 (6s ago)"), "{told}");
}

#[test]
fn the_set_of_a_release_tells_what_it_brings_as_far_as_that_is_known() {
    fn rows<'a>(state: &'a mut State, names: &'a [&str]) -> impl Iterator<Item = &'a mut Row> {
        let rows = state.engine.board.rows.iter_mut();
        rows.filter(move |row| names.contains(&row.service.name.as_str()))
    }
    let says = |state: &State, what: &str| {
        let told = main_of(state);
        let set = told.lines().nth(1).unwrap_or("");
        assert!(set.contains(what) && set.len() <= 79, "{what}: {set}");
    };
    let mut state = releases::divided(80, 24);
    says(
        &state,
        "5 of 6 services move, 60 commits, 20 PRs, 3 waves; ",
    );
    for row in rows(&mut state, &["search"]) {
        for fact in row.scopes.values_mut() {
            let scope = &mut fact.last.as_mut().unwrap().value;
            (scope.total, scope.complete) = (42, false);
        }
    }
    says(&state, " move, 90 commits, 20+ PRs");
    rows(&mut state, &["notify"]).for_each(|row| row.scopes.clear());
    says(&state, " move, 78+ commits, 16+ PRs");
    let rest = ["search", "api-gateway", "billing", "sessions"];
    rows(&mut state, &rest).for_each(|row| row.scopes.clear());
    says(&state, " move, ? commits; ");
}

#[test]
fn at_80_columns_the_set_and_whose_go_counts_stand_in_one_line() {
    let mut state = releases::closing(80, 24, AtClose::Keep);
    let policy = std::sync::Arc::make_mut(&mut state.engine.policy);
    policy.releases[0].distinct = false;
    let told = main_of(&state);
    let set = told.lines().nth(1).unwrap_or("");
    let rest = set.split_once(": ").map_or("", |(_, rest)| rest);
    assert_eq!(
        rest,
        "5 of 6 move, 60 commits, 20 PRs; each role says go; kept at close"
    );
}

#[test]
fn at_80_columns_nothing_of_whose_go_counts_for_how_long_is_cut_off() {
    for (at_close, word) in [
        (AtClose::Keep, "kept when its window closes"),
        (AtClose::Withdraw, "withdrawn when its window closes"),
    ] {
        let state = releases::closing(80, 24, at_close);
        let told = main_of(&state);
        let set: Vec<&str> = told.lines().skip(1).take(2).collect();
        let both = set.join(" ");
        assert!(set.iter().all(|line| line.len() <= 79), "{set:?}");
        for part in [
            "5 of 6 services move",
            "owner alice",
            "by another person",
            word,
        ] {
            assert!(both.contains(part), "{part}: {told}");
        }
        assert!(told.contains("VERDICT"), "{told}");
    }
}

#[test]
fn a_narrow_header_tells_how_many_say_go() {
    let mut state = sized(80, 24);
    add_release(&mut state);
    assert!(header(&view(&state)).contains("GO 0/1 2026.47"));
    state.interface.screen = Screen::Release;
    assert!(!header(&view(&state)).contains("GO 0/1"), "the screen does");
    state.interface.screen = Screen::Board;
    (state.interface.columns, state.interface.rows) = (160, 45);
    assert!(!header(&view(&state)).contains("GO 0/1"), "the side does");
}

#[test]
fn what_is_in_flight_tells_the_job_that_runs() {
    let mut state = sized(160, 45);
    running(&mut state, "api", "production");
    let job = |id: u64, name: &str, phase: Phase| Job {
        id: JobId(id),
        name: name.to_owned(),
        raw: String::new(),
        phase,
        started_at: None,
        completed_at: None,
        url: None,
    };
    let jobs = vec![
        job(1, "build", Phase::Succeeded),
        job(2, "e2e", Phase::Running),
    ];
    let key = ("api".into(), RunId(8812));
    state.engine.jobs.insert(key, Fact::observed(jobs, now()));
    press(&mut state, "t");
    let told = told(&view(&state).side);
    assert!(told.contains("e2e 1/2 jobs"), "{told}");
}

#[test]
fn deployments_tell_why_they_came_and_why_they_were_left() {
    let mut state = sized(140, 60);
    on(&mut state, "api", "production");
    let facts = state
        .engine
        .board
        .row(&"api".into())
        .and_then(|row| row.facts.value());
    let live = facts.expect("facts").deployments[0].sha.clone();
    let intent = |rollback: bool, reason: &str| Intent {
        id: reason.into(),
        service: "api".into(),
        environment: "production".into(),
        from: rollback.then(|| crate::domain::revision::Revision::new(live.clone())),
        to: crate::domain::revision::Revision::new(if rollback {
            Sha::new("d".repeat(40))
        } else {
            live.clone()
        }),
        reason: reason.to_owned(),
        rollback,
        ..journal::intent("api", "1", "2")
    };
    let went = |state: &mut State, intent: Intent| {
        let ledger = state.engine.ledger.as_mut().expect("a ledger");
        let id = intent.id.clone();
        let seq = i64::try_from(ledger.promotions.len()).expect("few") + 1;
        ledger.apply(&entry((Event::Intended { intent }, seq)));
        let promotion = ledger.promotions.get_mut(&id).expect("a promotion");
        promotion.state = Stands::Succeeded;
    };
    let brought = intent(false, "weekly");
    let left = intent(true, "p99");
    went(&mut state, brought);
    press(&mut state, "enter ] ]");
    let told = main_of(&state);
    assert!(told.contains("\"weekly\""), "{told}");
    assert!(!told.contains("BACK"), "{told}");
    went(&mut state, left);
    let told = main_of(&state);
    assert!(told.contains("< BACK"), "{told}");
    assert!(told.contains("rolled back: p99"), "{told}");
}

/// The peek never promises what the footer strikes out.
#[test]
fn the_peek_says_what_one_would_go_back_to_where_b_would() {
    use crate::app::command::{self, Command};
    let mut state = busy(200, 60);
    let rollback = |state: &State| {
        let sections = command::help(state).into_iter();
        let mut hints = sections.flat_map(|section| section.hints);
        hints.find(|hint| hint.label == Command::Rollback.spec().label)
    };
    let promised = |state: &State| {
        let told = main_of(state);
        let heading = told.lines().find(|line| line.contains("DEPLOYMENTS  prod"));
        heading.is_some_and(|heading| heading.contains("B goes back to 2.40"))
    };
    let refused = |state: &State| rollback(state).expect("it is listed").blocked.is_some();
    assert!(
        refused(&state),
        "the run that brought it is not known any more"
    );
    assert!(!promised(&state));
    // Where a deployment is made of any revision, no run is needed.
    let policy = std::sync::Arc::make_mut(&mut state.engine.policy);
    for service in &mut policy.services {
        for stage in &mut std::sync::Arc::make_mut(service).path {
            stage.via = crate::domain::policy::Via::Deployment;
        }
    }
    for row in &mut state.engine.board.rows {
        let service = policy.service(&row.service.name).expect("it is configured");
        row.service = std::sync::Arc::new(service.clone());
    }
    assert_eq!(promised(&state), !refused(&state));
}

#[test]
fn a_wide_footer_has_the_message_before_the_last_too() {
    let mut state = sized(160, 45);
    for text in ["first of them", "second of them", "third of them"] {
        let at = state.now;
        let told = Msg::Told {
            tone_good: true,
            text: text.to_owned(),
        };
        update(&mut state, at, told);
    }
    let said = |state: &State| {
        let footer = view(state).footer;
        let parts = footer[0].left.iter().map(|part| text(&part.line));
        parts.collect::<String>()
    };
    let wide = said(&state);
    let third = wide.find("third").expect("the last");
    assert!(
        wide.find("second").is_some_and(|second| second > third),
        "{wide}"
    );
    assert!(!wide.contains("first"), "{wide}");
    state.interface.columns = 120;
    assert!(!said(&state).contains("second"));
}

#[test]
fn the_lane_and_the_last_deployments_have_room_before_gates_that_let_through() {
    let told = main_of(&busy(160, 45));
    for part in ["LANE", "DEPLOYMENTS", "earliest go", "SCOPE"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
