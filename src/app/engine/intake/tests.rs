//! What an answer does to how a forge is shown.

use super::*;
use crate::app::engine::ForgeState;
use crate::app::interface::harness;
use crate::app::msg::Budget;
use crate::domain::fault::FaultKind;

fn fault(kind: FaultKind) -> Fault {
    Fault {
        kind,
        forge: ForgeName::from("github"),
        doing: "reading the jobs of acme/api".to_owned(),
        why: "no connection".to_owned(),
        hint: None,
        request: None,
        at: harness::now(),
        retry_at: None,
    }
}

/// Gives the engine an answer to a question that it had really asked.
fn hear(engine: &mut Engine, question: &Question, answer: Answer, now: Timestamp) {
    let effects = engine.due_questions(now);
    let asked = effects.into_iter().find_map(|effect| match effect {
        Effect::Fetch {
            generation, forge, ..
        } => Some((generation, forge)),
        _ => None,
    });
    let (generation, forge) = asked.expect("something is due");
    let fetched = Fetched {
        generation,
        forge,
        question: question.clone(),
        asked_at: now,
        answer,
        budget: Budget::default(),
        more: false,
    };
    engine.take(Msg::Fetched(fetched), now);
}

fn forge(engine: &Engine) -> &ForgeState {
    engine.forges.values().next().expect("the harness has one")
}

#[test]
fn jobs_that_could_not_be_read_do_not_make_a_dead_forge_look_alive() {
    let mut engine = harness::state().engine;
    let row = engine.board.rows.first().unwrap();
    let question = Question::Jobs {
        service: row.service.name.clone(),
        repo: row.service.repo.clone(),
        run: crate::domain::ids::RunId(1),
    };
    let before = forge(&engine).answered_at;
    let later = harness::now() + SignedDuration::from_hours(1);
    let answer = Answer::Jobs(Err(fault(FaultKind::Unreachable)));
    hear(&mut engine, &question, answer, later);
    assert_eq!(forge(&engine).answered_at, before);
    assert!(forge(&engine).fault.is_some(), "the header shows it");
}

#[test]
fn an_answer_of_faults_alone_is_no_age_to_be_proud_of() {
    let mut engine = harness::state().engine;
    let before = forge(&engine).answered_at;
    let later = harness::now() + SignedDuration::from_hours(1);
    let name = engine.board.rows.first().unwrap().service.name.clone();
    let question = Question::Facts(Vec::new());
    let facts = engine.board.row(&name).unwrap().facts.value().unwrap();
    let good = Answer::Facts(vec![(name.clone(), Ok(Box::new(facts.clone())))]);
    let bad = Answer::Facts(vec![(name, Err(fault(FaultKind::ForgeTrouble)))]);
    hear(&mut engine, &question, bad, later);
    assert_eq!(forge(&engine).answered_at, before);
    assert!(forge(&engine).fault.is_none(), "it is one service's");
    let later = later + SignedDuration::from_hours(1);
    hear(&mut engine, &question, good, later);
    assert_eq!(forge(&engine).answered_at, Some(later));
}

#[test]
fn the_checks_of_a_candidate_that_an_answer_brings_are_asked_for_at_once_and_once() {
    let mut engine = harness::state().engine;
    let name = ServiceName::from("api");
    let facts = engine.board.row(&name).unwrap().facts.value().unwrap();
    let answer = Answer::Facts(vec![(name.clone(), Ok(Box::new(facts.clone())))]);
    let target = engine.target(&name).unwrap();
    assert!(!target.revisions.is_empty(), "api has a candidate");
    let without = Question::Facts(vec![crate::app::effect::Target {
        revisions: Vec::new(),
        ..target.clone()
    }]);
    let with = Question::Facts(vec![target]);
    let mut later = harness::now() + SignedDuration::from_hours(1);
    hear(&mut engine, &without, answer, later);
    assert!(!engine.checks_are_read(&name));
    // A forge that leaves the commit out is not asked for it for ever.
    later += SignedDuration::from_secs(1);
    engine.look_at_candidates(&name, &with, later);
    assert!(engine.checks_are_read(&name));
}

#[test]
fn requests_are_counted_over_the_last_minute_and_faults_are_remembered_up_to_a_point() {
    let begin = harness::now();
    let mut forge = ForgeState::default();
    for (seconds, sent, rate) in [(0, 10, 0), (30, 25, 15), (90, 40, 15), (300, 41, 0)] {
        let now = begin + SignedDuration::from_secs(seconds);
        let budget = Budget {
            sent,
            ..Default::default()
        };
        forge.budget_is(budget, now);
        assert_eq!(forge.rate(now), rate, "after {seconds} s");
    }
    for number in 0..100 {
        let doing = format!("reading {number}");
        forge.remember(Fault {
            doing,
            ..fault(FaultKind::ForgeTrouble)
        });
    }
    assert_eq!(forge.faults.len(), 30);
    assert_eq!(
        forge.faults.back().map(|last| last.doing.as_str()),
        Some("reading 99")
    );
}

/// The troubles that were reported since.
fn troubles(engine: &mut Engine) -> Vec<(FaultKind, String)> {
    let reports = std::mem::take(&mut engine.reports).into_iter();
    let told = reports.filter_map(|report| match report {
        Report::Trouble(fault) => Some((fault.kind, fault.why)),
        _ => None,
    });
    told.collect()
}

#[test]
fn what_keeps_every_service_of_a_forge_from_being_read_is_told_once() {
    let mut engine = harness::state().engine;
    troubles(&mut engine);
    let name = engine.board.rows.first().unwrap().service.name.clone();
    let mut later = harness::now();
    for (kind, told) in [
        // Each service's own.
        (FaultKind::NotFound, 5),
        (FaultKind::Unreachable, 1),
        (FaultKind::Unauthorized, 1),
    ] {
        later += SignedDuration::from_hours(1);
        let answers = (0..5).map(|_| (name.clone(), Err(fault(kind)))).collect();
        let question = Question::Facts(Vec::new());
        hear(&mut engine, &question, Answer::Facts(answers), later);
        assert_eq!(troubles(&mut engine).len(), told, "{kind:?}");
    }
}

#[test]
fn what_single_sign_on_hides_is_told_once_and_stays_on_the_forge() {
    let mut engine = harness::state().engine;
    let hidden = |hidden| Budget {
        hidden,
        ..Budget::default()
    };
    let heard = |engine: &mut Engine, budget, hour| {
        let now = harness::now() + SignedDuration::from_hours(hour);
        let fetched = Fetched {
            generation: u64::MAX,
            forge: ForgeName::from("github"),
            question: Question::Identity,
            asked_at: now,
            answer: Answer::Cancelled,
            budget,
            more: false,
        };
        troubles(engine);
        engine.take(Msg::Fetched(fetched), now);
        let mut told = troubles(engine);
        told.retain(|(kind, _)| *kind == FaultKind::SingleSignOn);
        told
    };
    let told = heard(&mut engine, hidden(2), 1);
    assert!(
        told.len() == 1 && told[0].1.contains("leave out 2 organizations"),
        "{told:?}"
    );
    assert!(heard(&mut engine, hidden(2), 2).is_empty());
    assert!(forge(&engine).incomplete().is_some());
    assert!(heard(&mut engine, hidden(0), 3).is_empty());
    assert_eq!(forge(&engine).incomplete(), None);
}

#[test]
fn a_forge_that_refuses_the_token_is_left_alone_at_once_until_somebody_asks_again() {
    let mut engine = harness::state().engine;
    let name = engine.board.rows.first().unwrap().service.name.clone();
    let first = harness::now() + SignedDuration::from_hours(1);
    let mut hears = |kind, now| {
        let answers = vec![(name.clone(), Err(fault(kind)))];
        let question = Question::Facts(Vec::new());
        hear(&mut engine, &question, Answer::Facts(answers), now);
        engine.paused_until(&ForgeName::from("github")).unwrap()
    };
    assert!(hears(FaultKind::Unreachable, first) < first + SignedDuration::from_mins(2));
    let later = first + SignedDuration::from_hours(1);
    let until = hears(FaultKind::Unauthorized, later);
    assert_eq!(until, later + SignedDuration::from_mins(5));
    engine.schedule.refresh([&name], later);
    let until = engine.paused_until(&ForgeName::from("github"));
    assert_eq!(until, None, "r asks again");
}
