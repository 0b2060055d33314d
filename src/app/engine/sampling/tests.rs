//! When rounds are taken, and what a promotion makes of them.

use std::sync::Arc;

use super::*;
use crate::app::effect::Question;
use crate::app::interface::harness::{now, press, said, state};
use crate::app::msg::{Answer, Budget, Fetched, Msg};
use crate::app::{State, update};
use crate::domain::entry::{Draft, Entry};
use crate::domain::gate;
use crate::domain::ids::{Digest, Seq};
use crate::domain::policy::{Expect, GateSpec, HealthRule, Probe, ProbeSource, Verification};
use crate::domain::sampling::Sampling;
use crate::domain::seen::{Outcome, Sample};

fn health() -> GateSpec {
    GateSpec::Health(HealthRule {
        probes: vec![Probe {
            name: "up".to_owned(),
            source: ProbeSource::Http {
                url: "https://api.test/{revision}".to_owned(),
                pointer: None,
            },
            expect: Expect::Answer,
        }],
        every: SignedDuration::from_secs(30),
    })
}

/// A board where `api > production` has a health gate alone, and is watched; and its first round.
fn sampled() -> (State, u64) {
    let mut state = state();
    let effects = change(&mut state, vec![GateSpec::Fresh, health()]);
    let [ticket] = samples(&effects)[..] else {
        panic!("{effects:?}")
    };
    (state, ticket)
}

/// Gives `api > production` these gates, as a reload does.
fn change(state: &mut State, gates: Vec<GateSpec>) -> Vec<Effect> {
    let mut policy = (*state.engine.policy).clone();
    policy.nth(0).path[1].gates = gates.into();
    policy.version = Digest::of([format!("{policy:?}").as_str()]).into();
    update(state, now(), Msg::Reloaded(Ok(Arc::new(policy))))
}

fn at(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn samples(effects: &[Effect]) -> Vec<u64> {
    let ticket = |effect: &Effect| match effect {
        Effect::Sample { ticket, .. } => Some(*ticket),
        _ => None,
    };
    effects.iter().filter_map(ticket).collect()
}

fn round(outcome: Outcome) -> Round {
    Round {
        samples: vec![Sample {
            probe: "up".to_owned(),
            outcome,
            value: "status 200".to_owned(),
            url: None,
        }],
    }
}

fn answered(ticket: u64, asked_at: Timestamp, round: impl Into<Option<Round>>) -> Msg {
    Msg::Sampled {
        ticket,
        asked_at,
        round: round.into(),
    }
}

fn verdict(state: &State) -> gate::State {
    let cell = state.engine.board.cell(&"api".into(), &"production".into());
    let verdicts = &cell.unwrap().judgement.verdicts;
    let health = verdicts.iter().find(|verdict| verdict.gate == "health");
    health.unwrap().state_at(state.now)
}

#[test]
fn a_watched_cell_with_a_candidate_is_sampled_as_often_as_its_rule_says() {
    let mut state = state();
    let effects = change(&mut state, vec![GateSpec::Fresh, health()]);
    let [ticket] = samples(&effects)[..] else {
        panic!("{effects:?}")
    };
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Sample {
            sampling: Sampling::Probes(probes),
            ..
        } => Some(probes[0].source.clone()),
        _ => None,
    });
    let url = format!("https://api.test/{}", "2".repeat(40));
    assert_eq!(asked, Some(ProbeSource::Http { url, pointer: None }));
    // Not twice at a time, and not before it is due.
    assert!(samples(&update(&mut state, at(29), Msg::Tick)).is_empty());
    let answer = answered(ticket, at(0), round(Outcome::Success));
    assert!(samples(&update(&mut state, at(29), answer)).is_empty());
    assert_eq!(state.engine.next_round(at(29)), Some(at(30)));
    assert_eq!(samples(&update(&mut state, at(30), Msg::Tick)).len(), 1);
    assert_eq!(state.engine.next_round(at(31)), None, "under way");
}

#[test]
fn a_round_that_nobody_answers_is_asked_for_again() {
    let (mut state, _) = sampled();
    assert_eq!(samples(&update(&mut state, at(64), Msg::Tick)).len(), 0);
    assert_eq!(samples(&update(&mut state, at(65), Msg::Tick)).len(), 1);
}

#[test]
fn what_is_not_asked_about_what_is_level_and_what_is_switched_off_is_not_sampled() {
    for spoil in [
        (|state: &mut State| state.engine.samples = Samples::Off) as fn(&mut State),
        |state| state.engine.samples = Samples::Into("staging".into()),
        |state| state.engine.offline = true,
        |state| {
            state.engine.watched.clear();
            state.engine.named.insert("web".into());
        },
    ] {
        let (mut state, _) = sampled();
        state.engine.rounds = Rounds::default();
        spoil(&mut state);
        assert_eq!(samples(&state.engine.due_rounds(at(0))), Vec::<u64>::new());
        assert_eq!(state.engine.next_round(at(0)), None);
    }
}

#[test]
fn an_answer_opens_the_gate_until_it_is_two_rounds_old() {
    let (mut state, ticket) = sampled();
    assert_eq!(verdict(&state), gate::State::Unknown);
    update(
        &mut state,
        at(1),
        answered(ticket, at(0), round(Outcome::Success)),
    );
    assert_eq!(verdict(&state), gate::State::Open);
    assert!(state.engine.rounds_are_taken(&"api".into(), at(0)));
    assert!(!state.engine.rounds_are_taken(&"api".into(), at(1)));
    update(&mut state, at(59), Msg::Tick);
    assert_eq!(verdict(&state), gate::State::Open);
    update(&mut state, at(60), Msg::Tick);
    assert_eq!(verdict(&state), gate::State::Unknown);
}

/// Rows are where an operator looks once a minute: what is well there must not read unknown.
#[test]
fn what_nobody_watches_is_sampled_more_rarely_and_never_runs_out_for_it() {
    let (mut state, ticket) = sampled();
    let well = |state: &mut State, ticket: u64, second: i64| {
        let round = Some(round(Outcome::Success));
        state.engine.sampled(ticket, at(second), round, at(second));
    };
    well(&mut state, ticket, 0);
    state.engine.watched.clear();
    let mut asked = Vec::new();
    for second in 1..=300 {
        for ticket in samples(&state.engine.due_rounds(at(second))) {
            asked.push(second);
            well(&mut state, ticket, second);
        }
        assert!(state.engine.next_round(at(second)) <= Some(at(second + 5)));
        let cell = state.engine.board.cell(&"api".into(), &"production".into());
        let verdicts = &cell.unwrap().judgement.verdicts;
        let health = verdicts.iter().find(|verdict| verdict.gate == "health");
        let seen = health.unwrap().state_at(at(second));
        assert_eq!(seen, gate::State::Open, "after {second} s: {asked:?}");
    }
    // Watched it would have been ten times.
    assert!((6..=9).contains(&asked.len()), "{asked:?}");
}

#[test]
fn an_answer_to_a_question_that_has_changed_is_dropped() {
    let (mut state, ticket) = sampled();
    let GateSpec::Health(mut rule) = health() else {
        unreachable!()
    };
    rule.probes[0].source = ProbeSource::Http {
        url: "https://other.test/".to_owned(),
        pointer: None,
    };
    change(&mut state, vec![GateSpec::Fresh, GateSpec::Health(rule)]);
    update(
        &mut state,
        at(1),
        answered(ticket, at(0), round(Outcome::Success)),
    );
    assert_eq!(verdict(&state), gate::State::Unknown);
}

#[test]
fn a_reload_forgets_what_was_sampled_under_the_old_rules() {
    let (mut state, ticket) = sampled();
    update(
        &mut state,
        at(1),
        answered(ticket, at(0), round(Outcome::Success)),
    );
    assert_eq!(verdict(&state), gate::State::Open);
    change(
        &mut state,
        vec![GateSpec::Fresh, GateSpec::Window, health()],
    );
    assert_eq!(verdict(&state), gate::State::Unknown);
}

/// Orders the promotion of `api`, and takes its intent into the journal.
fn ordered() -> (State, Vec<Effect>) {
    let (mut state, ticket) = sampled();
    update(
        &mut state,
        at(1),
        answered(ticket, at(0), round(Outcome::Success)),
    );
    let effects = press(&mut state, "P up up 'weekly tab 'production tab tab enter");
    let intended = effects.iter().find_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    let (ticket, draft) = intended.expect("an intent");
    let entry = entry(1, draft);
    let msg = Msg::Recorded {
        ticket,
        result: Ok(entry),
    };
    let effects = update(&mut state, at(2), msg);
    (state, effects)
}

fn entry(seq: i64, draft: Draft) -> Entry {
    let hash = Digest::of([seq.to_string().as_str()]);
    Entry {
        seq: Seq(seq),
        draft,
        previous: hash.clone(),
        hash,
    }
}

fn rereads(effects: &[Effect]) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::ReadJournal { .. }))
}

fn abandoned(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| {
        matches!(effect, Effect::Append { draft, .. } if draft.event.kind() == "promotion.abandoned")
    })
}

#[test]
fn before_the_permit_the_round_is_taken_anew_and_only_then_the_facts() {
    let (mut state, effects) = ordered();
    let [ticket] = samples(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert!(!rereads(&effects));
    let effects = update(
        &mut state,
        at(3),
        answered(ticket, at(2), round(Outcome::Success)),
    );
    assert!(rereads(&effects));
    let permit = go_on(&mut state, &effects);
    assert!(permit.iter().any(|effect| {
        matches!(effect, Effect::Append { draft, .. } if draft.event.kind() == "promotion.sending")
    }));
}

#[test]
fn a_service_that_fell_ill_meanwhile_is_not_promoted() {
    let (mut state, effects) = ordered();
    let ticket = samples(&effects)[0];
    let effects = update(
        &mut state,
        at(3),
        answered(ticket, at(2), round(Outcome::Failure)),
    );
    let effects = go_on(&mut state, &effects);
    assert!(abandoned(&effects), "{effects:?}");
}

#[test]
fn a_round_that_is_given_up_ends_the_promotion_before_anything_is_sent() {
    let (mut state, effects) = ordered();
    let ticket = samples(&effects)[0];
    let effects = update(&mut state, at(3), answered(ticket, at(2), None));
    assert!(abandoned(&effects), "{effects:?}");
    assert!(!rereads(&effects));
    assert!(!said(&state).contains("accepted"));
}

/// Answers the facts and the journal of a recheck.
fn go_on(state: &mut State, effects: &[Effect]) -> Vec<Effect> {
    let mut last = update(state, at(3), Msg::JournalRead(Ok(Vec::new())));
    for effect in effects {
        let Effect::Fetch {
            generation,
            forge,
            question: Question::Facts(targets),
        } = effect
        else {
            continue;
        };
        let known = targets.iter().map(|target| {
            let row = state.engine.board.row(&target.service).unwrap();
            let facts = row.facts.value().unwrap().clone();
            (target.service.clone(), Ok(Box::new(facts)))
        });
        let fetched = Fetched {
            generation: *generation,
            forge: forge.clone(),
            answer: Answer::Facts(known.collect()),
            question: Question::Facts(targets.clone()),
            asked_at: at(3),
            budget: Budget::default(),
            more: false,
        };
        last.extend(update(state, at(4), Msg::Fetched(fetched)));
    }
    last
}

/// What is live in `api > production` is to be verified, and was there before the journal began.
fn never_well() -> State {
    let mut state = state();
    let mut policy = (*state.engine.policy).clone();
    let stage = &mut policy.nth(0).path[1];
    stage.gates = vec![GateSpec::Fresh].into();
    let GateSpec::Health(health) = health() else {
        panic!("no health")
    };
    stage.verification = Some(Verification {
        within: SignedDuration::from_mins(10),
        health,
        tasks: Vec::new(),
    });
    policy.version = Digest::of(["verified"]).into();
    let began = now() + SignedDuration::from_secs(1);
    state.engine.ledger.get_or_insert_default().began = Some(began);
    update(&mut state, now(), Msg::Reloaded(Ok(Arc::new(policy))));
    state
}

#[test]
fn what_was_there_before_the_journal_and_is_never_well_is_looked_at_less_and_less_and_then_no_more()
{
    let mut state = never_well();
    let mut looks = Vec::new();
    let mut second = 1;
    while second < 86_400 {
        let here = at(second);
        for ticket in samples(&update(&mut state, here, Msg::Tick)) {
            looks.push(second);
            let sample = Sample {
                probe: "up".to_owned(),
                outcome: Outcome::Failure,
                value: "503".to_owned(),
                url: None,
            };
            let round = Some(Round {
                samples: vec![sample],
            });
            let asked_at = here;
            let answer = Msg::Sampled {
                ticket,
                asked_at,
                round,
            };
            update(&mut state, here, answer);
        }
        second += 5;
    }
    assert_eq!(looks.len(), 10, "{looks:?}");
    let distances: Vec<i64> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(distances[..4], [60, 120, 240, 480]);
    assert!(
        distances.iter().all(|distance| *distance <= 1_805),
        "{distances:?}"
    );
    let told = said(&state).to_owned();
    assert!(
        told.contains("was not well in 10 looks (up 503): it is looked at no more"),
        "{told}"
    );
    // Somebody who mended it asks for another look.
    press(&mut state, "r");
    let effects = update(&mut state, at(86_401), Msg::Tick);
    assert_eq!(samples(&effects).len(), 1, "{effects:?}");
}

#[test]
fn a_round_that_comes_after_it_was_given_up_as_lost_ends_the_promotion() {
    let (mut state, effects) = ordered();
    let ticket = samples(&effects)[0];
    update(&mut state, at(200), Msg::Tick);
    let late = answered(ticket, at(2), round(Outcome::Success));
    let effects = update(&mut state, at(201), late);
    assert!(abandoned(&effects), "{effects:?}");
    assert!(!rereads(&effects));
}

#[test]
fn a_round_that_looks_older_than_the_one_that_is_known_ends_the_promotion() {
    let (mut state, effects) = ordered();
    let ticket = samples(&effects)[0];
    // The machine's clock was put back.
    let dated = answered(ticket, at(-10), round(Outcome::Failure));
    let effects = update(&mut state, at(3), dated);
    assert!(abandoned(&effects), "{effects:?}");
    assert!(!rereads(&effects));
}
