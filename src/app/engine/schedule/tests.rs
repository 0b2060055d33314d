//! What is asked, and how often.

use super::*;
use crate::app::interface::harness;
use crate::app::msg::{Answer, Budget, Fetched, Msg};

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
    assert_eq!(asked, all * 6, "in a minute: what is watched, every ten seconds");
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
