//! About which services forges are asked.

use super::*;
use crate::app::effect::{Effect, Question};
use crate::app::interface::harness;
use jiff::SignedDuration;

/// Everybody whom the questions of ten minutes are about; nobody answers them.
fn asked(engine: &mut Engine) -> BTreeSet<ServiceName> {
    let mut about = BTreeSet::new();
    for second in 0..600 {
        let now = harness::now() + SignedDuration::from_hours(1);
        let effects = engine.due_questions(now + SignedDuration::from_secs(second));
        for effect in effects {
            let Effect::Fetch { question, .. } = effect else {
                continue;
            };
            match question {
                Question::Pulse(targets) | Question::Facts(targets) => {
                    about.extend(targets.into_iter().map(|target| target.service));
                }
                Question::Scope { service, .. }
                | Question::Declared { service, .. }
                | Question::Jobs { service, .. }
                | Question::Marks { service, .. } => {
                    about.insert(service);
                }
                Question::Identity | Question::Find { .. } => {}
            }
        }
    }
    about
}

fn names(engine: &Engine) -> Vec<ServiceName> {
    let rows = engine.board.rows.iter();
    rows.map(|row| row.service.name.clone()).collect()
}

#[test]
fn a_command_about_one_service_asks_about_that_one_alone() {
    let mut engine = harness::state().engine;
    let all = names(&engine);
    assert!(all.len() > 2);
    // A screen that nobody sees may show any of them.
    engine.watched = all.iter().cloned().collect();
    engine.reach = Reach::Only(BTreeSet::new());
    assert!(asked(&mut engine).is_empty());
    engine.reach_for([&all[1]]);
    assert_eq!(asked(&mut engine), BTreeSet::from([all[1].clone()]));
    engine.reach_for(&all);
    assert_eq!(engine.reach, Reach::All);
    assert!(asked(&mut engine).len() > 1);
}

#[test]
fn what_an_earlier_run_has_read_is_no_answer_of_this_one() {
    let mut engine = harness::state().engine;
    let service = names(&engine)[0].clone();
    let now = harness::now();
    let later = now + SignedDuration::from_secs(5);
    assert_eq!(
        engine.unread(&service, now - SignedDuration::from_hours(1)),
        None
    );
    let fault = engine
        .unread(&service, later)
        .expect("nothing was heard since");
    assert_eq!(fault.kind, FaultKind::Unreachable);
    engine.offline = true;
    assert_eq!(
        engine.unread(&service, later),
        None,
        "offline the cache is what was asked for"
    );
}
