//! What is asked, and how often.

use std::sync::Arc;

use super::*;
use crate::app::interface::harness;
use crate::app::msg::{Answer, Budget, Fetched, Msg};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::{Digest, RunId};
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
    for second in 0..600 {
        let effects = engine.due_questions(at(second));
        asked += answer(&mut engine, effects, forges, at(second));
    }
    let turns = 600 / 30;
    assert!(
        (2 * all..=all + 2 * turns).contains(&asked),
        "in ten minutes: all that an earlier run has read, then each in its turn, two every half minute \
         at the most: {asked}"
    );
}

#[test]
fn what_somebody_opened_is_read_whole_twice_a_minute() {
    let mut engine = harness::state().engine;
    let now = harness::now();
    let opened = engine.board.rows[0].service.name.clone();
    engine.watched.clear();
    engine.focused.insert(opened.clone());
    let mut asked = 0;
    for second in 0..=90 {
        let at = now + SignedDuration::from_secs(second);
        let effects = engine.due_questions(at);
        let of_it = effects.iter().filter(|effect| match effect {
            Effect::Fetch {
                question: Question::Facts(targets),
                ..
            } => targets.iter().any(|target| target.service == opened),
            _ => false,
        });
        asked += of_it.count();
        answer(&mut engine, effects, at, at);
    }
    assert!((3..=4).contains(&asked), "{asked}");
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
    let all: Vec<_> = engine
        .board
        .rows
        .iter()
        .map(|row| row.service.name.clone())
        .collect();
    let wanted = Some(all.len());
    engine.schedule.refresh(&all, later);
    assert_eq!(facts(&engine.due_questions(later)), wanted);
    engine.schedule.refresh(&all, later);
    let soon = later + SignedDuration::from_secs(10);
    assert_eq!(facts(&engine.due_questions(soon)), None, "still being read");
    assert_eq!(facts(&engine.due_questions(later + LOST)), wanted);
}

#[test]
fn a_forge_that_a_changed_config_is_the_first_to_use_is_asked_at_once() {
    let mut engine = harness::state().engine;
    let mut policy = (*engine.policy).clone();
    policy.nth(0).forge = "elsewhere".into();
    policy.version = Digest::from("moved").into();
    let effects = engine.take(Msg::Reloaded(Ok(Arc::new(policy))), harness::now());
    let asked = |effect: &Effect| match effect {
        Effect::Fetch {
            forge, question, ..
        } => forge.as_str() == "elsewhere" && matches!(question, Question::Facts(_)),
        _ => false,
    };
    assert!(effects.iter().any(asked), "{effects:?}");
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
        pull_requests: Some(41),
        pull_requests_at: None,
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
        pull_requests: Some(facts.open_pull_requests),
        pull_requests_at: None,
        latest_release: None,
        pushed_at: None,
        labelled: Vec::new(),
    }
}

#[test]
fn what_a_brief_pulse_leaves_out_is_no_news_and_what_it_tells_all_the_same_is() {
    let mut engine = harness::state().engine;
    let now = harness::now();
    let name = engine.board.rows[0].service.name.clone();
    let facts = engine.board.rows[0].facts.value().unwrap().clone();
    let told = Pulse {
        pull_requests_at: Some(now),
        ..same_pulse(&facts)
    };
    engine.board.rows[0].pulse = Some(told.clone());
    let silent = Pulse {
        pull_requests: None,
        pull_requests_at: None,
        ..told.clone()
    };
    assert_eq!(engine.completed(&name, silent), told);
    for newer in [
        Pulse {
            pull_requests_at: Some(now + SignedDuration::from_secs(9)),
            ..told.clone()
        },
        Pulse {
            pull_requests: Some(facts.open_pull_requests + 1),
            ..told.clone()
        },
    ] {
        assert_eq!(engine.completed(&name, newer.clone()), newer);
    }
}

/// Time goes from one instant at which something is due to the next.
#[test]
fn a_quiet_hour_wakes_the_engine_a_few_hundred_times_and_asks_a_pulse_before_facts_are_stale() {
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
    // Quiet means every 50 s here: five sixths of the age at which facts are stale.
    assert!((72..=76).contains(&pulses), "{pulses} pulses");
    assert!(
        (pulses..=500).contains(&wakes),
        "{wakes} wake-ups in an hour"
    );
    // Once because nothing was known of the pulse before, and then in turn, because a pulse does not
    // see everything.
    let all = engine.board.rows.len();
    let turns = 3600 / 30;
    assert!(
        (2 * all..=all + 2 * turns).contains(&whole),
        "{whole} services read whole"
    );
}

/// Asks what is due in each second, answers it at once, and notes how many services each pulse was of.
fn pulses_in(engine: &mut Engine, from: Timestamp, seconds: i64) -> Vec<(i64, ForgeName, usize)> {
    let mut seen = Vec::new();
    for second in 0..seconds {
        let at = from + SignedDuration::from_secs(second);
        let effects = engine.due_questions(at);
        for effect in &effects {
            if let Effect::Fetch {
                generation,
                forge,
                question: Question::Pulse(targets),
            } = effect
            {
                seen.push((second, forge.clone(), targets.len()));
                engine.answered(*generation, false);
            }
        }
        answer(engine, effects, at, at);
    }
    seen
}

#[test]
fn what_is_on_screen_or_in_flight_is_asked_every_five_seconds_and_the_rest_before_it_is_stale() {
    let mut engine = harness::state().engine;
    let forge = ForgeName::from("github");
    assert!(engine.hot_rows(&forge).len() > 1, "all are on screen");
    engine.watched.clear();
    let seen = engine.board.rows[1].service.name.clone();
    engine.watched.insert(seen.clone());
    let hot = engine.hot_rows(&forge);
    assert!(hot.contains(&seen) && hot.len() < engine.board.rows.len());
    let all = engine.board.rows.len();
    let seen = pulses_in(&mut engine, harness::now(), 100);
    let of_all = seen.iter().filter(|(_, _, count)| *count == all);
    let seconds: Vec<i64> = of_all.map(|(second, ..)| *second).collect();
    assert_eq!(seconds, [0, 50], "{seen:?}");
    // Not those that are read whole at that moment.
    let hot = seen.iter().filter(|(_, _, count)| *count < all).count();
    assert!((9..=18).contains(&hot), "{seen:?}");
    for (second, ..) in seen {
        assert_eq!(second % 5, 0, "all on one grid, so that few wake-ups do");
    }
}

#[test]
fn without_adapting_everything_is_asked_every_interval() {
    let mut engine = harness::state().engine;
    engine.pace.adapt = false;
    let all = engine.board.rows.len();
    let seen = pulses_in(&mut engine, harness::now(), 60);
    let of_all = seen.iter().filter(|(_, _, count)| *count == all);
    assert_eq!(of_all.count(), 4, "{seen:?}");
}

#[test]
fn more_rows_than_a_screen_has_are_not_hot_for_being_watched() {
    let mut engine = harness::state().engine;
    let forge = ForgeName::from("github");
    let row = engine.board.rows[0].clone();
    for number in 0..100 {
        let mut row = row.clone();
        row.cells.clear();
        Arc::make_mut(&mut row.service).name = ServiceName::from(format!("copy-{number}"));
        engine.watched.insert(row.service.name.clone());
        engine.board.rows.push(row);
    }
    let copies = |engine: &Engine| {
        let hot = engine.hot_rows(&forge);
        hot.iter()
            .filter(|name| name.as_str().starts_with("copy"))
            .count()
    };
    assert_eq!(copies(&engine), 0);
    engine
        .watched
        .retain(|name| !name.as_str().starts_with("copy-1"));
    engine
        .watched
        .retain(|name| !name.as_str().starts_with("copy-2"));
    engine
        .watched
        .retain(|name| !name.as_str().starts_with("copy-3"));
    engine
        .watched
        .retain(|name| !name.as_str().starts_with("copy-4"));
    engine
        .watched
        .retain(|name| !name.as_str().starts_with("copy-5"));
    let watched = engine
        .watched
        .iter()
        .filter(|name| name.as_str().starts_with("copy"));
    let watched = watched.count();
    assert!(watched > 0 && watched < 60);
    assert_eq!(copies(&engine), watched);
}

#[test]
fn a_forge_in_trouble_is_asked_less_while_the_others_go_on() {
    let mut engine = harness::state().engine;
    let now = harness::now();
    let (bad, good) = (ForgeName::from("github"), ForgeName::from("other"));
    let place = engine.board.rows.len() - 1;
    Arc::make_mut(&mut engine.board.rows[place].service).forge = good.clone();
    engine
        .forges
        .insert(good.clone(), crate::app::engine::ForgeState::default());
    engine
        .pace
        .forges
        .insert(bad.clone(), SignedDuration::from_secs(20));
    engine.back_off(&bad, 3, None, now);
    let until = now + SignedDuration::from_secs(80);
    assert_eq!(
        engine.paused_until(&bad),
        Some(until),
        "four times its own interval"
    );
    let seen = pulses_in(&mut engine, now, 80);
    assert!(seen.iter().all(|(_, forge, _)| *forge == good), "{seen:?}");
    assert!(!seen.is_empty());
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
