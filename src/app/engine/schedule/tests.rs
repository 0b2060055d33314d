//! What is asked, and how often.

use super::questions::WATCHED;
use super::*;
use crate::app::interface::harness;
use crate::app::msg::{Answer, Budget, Fetched, Msg};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::RunId;
use crate::domain::observed::Fact;

/// Answers every question about facts with what was known, asked at `asked_at`; returns how many
/// services were asked for.
fn answer(engine: &mut Engine, effects: Vec<Effect>, asked_at: Timestamp, now: Timestamp) -> usize {
    let mut services = 0;
    for effect in effects {
        let Effect::Fetch {
            generation,
            forge,
            question: Question::Facts(targets),
        } = effect
        else {
            continue;
        };
        services += targets.len();
        let known = targets.iter().map(|target| {
            let row = engine.board.row(&target.service).unwrap();
            let facts = row.facts.value().unwrap().clone();
            (target.service.clone(), Ok(Box::new(facts)))
        });
        let answer = Answer::Facts(known.collect());
        engine.take(
            Msg::Fetched(Fetched {
                generation,
                forge,
                question: Question::Facts(targets),
                asked_at,
                answer,
                budget: Budget::default(),
                more: false,
            }),
            now,
        );
    }
    services
}

#[test]
fn a_clock_that_was_set_back_does_not_make_everything_due_for_ever() {
    let mut engine = harness::state().engine;
    // The engine's time never goes back; what answers are stamped with does.
    let (engines, forges) = (
        harness::now() + SignedDuration::from_hours(1),
        harness::now(),
    );
    let at = |seconds| engines + SignedDuration::from_secs(seconds);
    let all = engine.board.rows.len();
    let mut asked = 0;
    for second in 0..60 {
        let effects = engine.due_questions(at(second));
        asked += answer(&mut engine, effects, forges, at(second));
    }
    assert_eq!(
        asked,
        all * 6,
        "in a minute: what is watched, every ten seconds"
    );
    let effects = engine.due_questions(at(601));
    assert_eq!(answer(&mut engine, effects, forges, at(601)), all);
}

#[test]
fn a_question_that_nobody_answers_is_asked_again_after_a_while() {
    let mut engine = harness::state().engine;
    let later = harness::now() + SignedDuration::from_hours(1);
    let facts = |effects: &[Effect]| {
        let mut asked = effects.iter().filter_map(|effect| match effect {
            Effect::Fetch {
                question: Question::Facts(targets),
                ..
            } => Some(targets.len()),
            _ => None,
        });
        asked.next()
    };
    let all = engine.board.rows.len();
    assert_eq!(facts(&engine.due_questions(later)), Some(all));
    assert_eq!(facts(&engine.due_questions(later + WATCHED)), None);
    assert_eq!(facts(&engine.due_questions(later + LOST)), Some(all));
}

#[test]
fn what_changed_is_asked_for_in_one_question_after_the_last_part_of_an_answer() {
    let mut engine = harness::state().engine;
    let now = harness::now();
    let effects = engine.due_questions(now);
    let pulse = effects.into_iter().find_map(|effect| match effect {
        Effect::Fetch {
            generation,
            forge,
            question: Question::Pulse(targets),
        } => Some((generation, forge, targets)),
        _ => None,
    });
    let (generation, forge, targets) = pulse.unwrap();
    assert!(targets.len() > 1);
    let changed = Pulse {
        head: Some(Sha::from("new")),
        checks: None,
        deployments: Vec::new(),
        pull_requests: 41,
        latest_release: None,
        pushed_at: None,
        labelled: Vec::new(),
    };
    let last = targets.len() - 1;
    let mut asked = Vec::new();
    for (place, target) in targets.into_iter().enumerate() {
        let answer = (target.service.clone(), Ok(changed.clone()));
        let part = Fetched {
            generation,
            forge: forge.clone(),
            question: Question::Pulse(vec![target]),
            asked_at: now,
            answer: Answer::Pulses(vec![answer]),
            budget: Budget::default(),
            more: place < last,
        };
        let effects = engine.take(Msg::Fetched(part), now);
        let questions = effects.iter().filter_map(|effect| match effect {
            Effect::Fetch {
                question: Question::Facts(targets),
                ..
            } => Some((place, targets.len())),
            _ => None,
        });
        asked.extend(questions);
    }
    assert_eq!(asked, [(last, last + 1)]);
}

/// What a forge answers to a pulse while nothing changes.
fn same_pulse(facts: &ServiceFacts) -> Pulse {
    let head = facts.head.as_ref().map(|head| head.sha.clone());
    let checks = head.as_ref().and_then(|sha| facts.checks.get(sha));
    Pulse {
        checks: checks.and_then(|checks| checks.phase.clone()),
        head,
        deployments: Vec::new(),
        pull_requests: facts.open_pull_requests,
        latest_release: None,
        pushed_at: None,
        labelled: Vec::new(),
    }
}

/// Time goes from one instant at which something is due to the next.
#[test]
fn a_quiet_hour_wakes_the_engine_a_few_hundred_times_and_asks_one_pulse_in_15_seconds() {
    let mut engine = harness::state().engine;
    engine.watched.clear();
    let mut now = harness::now();
    let end = now + SignedDuration::from_hours(1);
    let (mut wakes, mut pulses, mut whole) = (0, 0, 0);
    while now < end {
        wakes += 1;
        let effects = engine.take(Msg::Tick, now);
        let mut later = Vec::new();
        for effect in effects {
            let Effect::Fetch {
                generation,
                forge,
                question: Question::Pulse(targets),
            } = effect
            else {
                later.push(effect);
                continue;
            };
            pulses += 1;
            let known = targets.iter().map(|target| {
                let row = engine.board.row(&target.service).unwrap();
                (
                    target.service.clone(),
                    Ok(same_pulse(row.facts.value().unwrap())),
                )
            });
            let answer = Answer::Pulses(known.collect());
            later.extend(engine.take(
                Msg::Fetched(Fetched {
                    generation,
                    forge,
                    question: Question::Pulse(targets),
                    asked_at: now,
                    answer,
                    budget: Budget::default(),
                    more: false,
                }),
                now,
            ));
        }
        whole += answer(&mut engine, later, now, now);
        let due = engine.due(now);
        assert!(due > now, "due again at once, at {now}");
        now = due;
    }
    println!("{wakes} wake-ups, {pulses} pulses, {whole} services read whole");
    assert!((200..=260).contains(&pulses), "{pulses} pulses");
    assert!(
        (pulses..=800).contains(&wakes),
        "{wakes} wake-ups in an hour"
    );
    // Once because nothing was known of the pulse before, and now and then because a pulse does
    // not see everything.
    let all = engine.board.rows.len();
    assert!(
        (all..=8 * all).contains(&whole),
        "{whole} services read whole"
    );
}

#[test]
fn jobs_of_runs_that_the_forge_does_not_tell_of_any_more_are_forgotten() {
    let mut engine = harness::state().engine;
    let name = |place: usize| engine.board.rows[place].service.name.clone();
    let (service, other) = (name(0), name(1));
    let (gone, logged) = (RunId(990), RunId(991));
    for key in [(&service, gone), (&service, logged), (&other, gone)] {
        engine.jobs.insert(
            (key.0.clone(), key.1),
            Fact::observed(Vec::new(), harness::now()),
        );
    }
    engine.logged = Some((service.clone(), logged));
    engine.forget_jobs(&service);
    assert!(!engine.jobs.contains_key(&(service.clone(), gone)));
    assert!(engine.jobs.contains_key(&(service, logged)));
    assert!(engine.jobs.contains_key(&(other, gone)));
}
