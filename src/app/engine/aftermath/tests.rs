use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::app::State as Program;
use crate::app::effect::Ticket;
use crate::app::interface::harness;
use crate::app::msg::Msg;
use crate::app::update;
use crate::domain::entry::Entry;
use crate::domain::ids::IntentId;
use crate::domain::observed::Fact;
use crate::domain::policy::{
    Expect, GateSpec, HealthRule, Policy, Probe, ProbeSource, Verification,
};
use crate::domain::promotion::Step;
use crate::domain::seen::{Outcome, Round, RoundKey, Sample, Subject};

fn at(seconds: i64) -> Timestamp {
    harness::now() + SignedDuration::from_secs(seconds)
}

/// A board whose journal began an hour ago.
fn board() -> Program {
    let mut state = harness::state();
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.began = Some(at(-3_600));
    known_since(&mut state, -3_600);
    state
}

/// Somebody first wrote by the policy as it is now.
fn known_since(state: &mut Program, seconds: i64) {
    let version = state.engine.policy.version().clone();
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.policies.insert(version, at(seconds));
}

/// Somebody deploys revision 2 of api to production half a minute ago.
fn deployed(state: &mut Program) {
    let row = state.engine.board.rows.iter_mut();
    let mut api = row.filter(|row| row.service.name.as_str() == "api");
    let facts = api
        .next()
        .and_then(|row| row.facts.last.as_mut())
        .expect("facts");
    let mut new = facts.value.deployments[0].clone();
    new.id = crate::domain::ids::DeploymentId(40);
    new.sha = "2".repeat(40).into();
    new.created_at = at(-40);
    new.changed_at = at(-30);
    facts.value.deployments.insert(0, new);
    let now = state.now;
    state.engine.judge_all(now);
    state.engine.restless.insert("api".into());
}

fn appends(effects: &[Effect]) -> Vec<(Ticket, Draft)> {
    let appends = effects.iter().filter_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    appends.collect()
}

/// Ticks, and lets the journal take whatever is appended; returns the kinds.
fn tick(state: &mut Program, seconds: i64) -> Vec<String> {
    let effects = update(state, at(seconds), Msg::Tick);
    journal(state, seconds, effects)
}

/// Lets the journal take whatever is appended; returns the kinds.
fn journal(state: &mut Program, seconds: i64, mut effects: Vec<Effect>) -> Vec<String> {
    let mut kinds = Vec::new();
    loop {
        let taken = appends(&effects);
        if taken.is_empty() {
            return kinds;
        }
        effects.clear();
        for (ticket, draft) in taken {
            kinds.push(draft.event.kind());
            let seq = state.engine.seen().0 + 1;
            let hash = Digest::of([seq.to_string().as_str()]);
            let entry = Entry {
                seq: crate::domain::ids::Seq(seq),
                draft,
                previous: hash.clone(),
                hash,
            };
            let result = Ok(entry);
            effects.extend(update(state, at(seconds), Msg::Recorded { ticket, result }));
        }
    }
}

fn cell(state: &Program) -> &crate::domain::cell::Cell {
    let cell = state.engine.board.cell(&"api".into(), &"production".into());
    cell.expect("a cell")
}

#[test]
fn p8_an_out_of_band_deployment_is_shown_told_and_noted_once() {
    let mut state = board();
    deployed(&mut state);
    assert!(cell(&state).out_of_band);
    assert_eq!(tick(&mut state, 1), ["deployment.out-of-band"]);
    let told = harness::said(&state).to_owned();
    assert!(
        told.contains("api production: out of band: bob deployed 2222222"),
        "{told}"
    );
    assert_eq!(state.interface.problems.len(), 1);
    state.engine.restless.insert("api".into());
    assert_eq!(tick(&mut state, 2), [""; 0]);
    assert!(cell(&state).out_of_band, "it stays marked while it is live");
}

/// The note of an out-of-band deployment, which the journal refuses: there is something that this
/// board has not read.
fn refused(mut state: Program) -> Program {
    deployed(&mut state);
    let effects = update(&mut state, at(1), Msg::Tick);
    let precondition = effects.iter().find_map(|effect| match effect {
        Effect::Append { precondition, .. } => Some(precondition.clone()),
        _ => None,
    });
    let seen = state.engine.seen();
    assert_eq!(precondition, Some(Precondition::AllRead { seen }));
    let [(ticket, draft)] = &appends(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(draft.event.kind(), "deployment.out-of-band");
    let why = "alice wrote promotion.intended of this cell in between".to_owned();
    let answer = Msg::Recorded {
        ticket: *ticket,
        result: Err(JournalFault::Refused { why }),
    };
    let effects = update(&mut state, at(1), answer);
    let read = Effect::ReadJournal { since: seen };
    assert!(effects.contains(&read), "{effects:?}");
    assert_eq!(appends(&effects), [], "not before the journal was read");
    assert!(!harness::said(&state).contains("out of band"));
    assert_eq!(state.interface.problems.len(), 0, "nothing is told");
    state
}

#[test]
fn p8_a_refused_note_tells_nothing_until_the_journal_was_read_and_then_once() {
    let mut state = refused(board());
    let other = Event::GateClosed {
        id: "g-1".into(),
        cover: Cover::default(),
    };
    let entry = harness::entry((other, 1));
    update(&mut state, at(2), Msg::JournalRead(Ok(vec![entry])));
    assert_eq!(tick(&mut state, 3), ["deployment.out-of-band"]);
    assert!(harness::said(&state).contains("out of band: bob deployed 2222222"));
    assert_eq!(state.interface.problems.len(), 1);
    state.engine.restless.insert("api".into());
    assert_eq!(tick(&mut state, 4), [""; 0], "once");
}

#[test]
fn p8_what_a_refused_note_was_about_is_ours_if_the_journal_says_so() {
    let mut state = board();
    let (_, order) = promotion(&mut state);
    let mut state = refused(state);
    write(&mut state, order);
    assert_eq!(tick(&mut state, 3), ["deployment.seen"]);
    assert!(!harness::said(&state).contains("out of band"));
    assert_eq!(state.interface.problems.len(), 0);
}

#[test]
fn p8_read_only_notes_nothing() {
    let mut state = board();
    state.engine.read_only = true;
    deployed(&mut state);
    assert_eq!(tick(&mut state, 1), [""; 0]);
    assert!(cell(&state).out_of_band, "and shows it all the same");
}

/// Production asks for a verification within ten minutes.
fn verified() -> Program {
    let mut state = board();
    let mut policy: Policy = (*state.engine.policy).clone();
    for service in policy.each() {
        for stage in &mut service.path {
            if stage.environment.as_str() == "production" {
                stage.verification = Some(Verification {
                    within: SignedDuration::from_mins(10),
                    health: HealthRule {
                        probes: vec![Probe {
                            name: "errors".to_owned(),
                            source: ProbeSource::Http {
                                url: "https://api.test/health".to_owned(),
                                pointer: None,
                            },
                            expect: Expect::Answer,
                        }],
                        every: SignedDuration::from_secs(30),
                    },
                    tasks: Vec::new(),
                });
            }
        }
    }
    policy.version = Digest::of(["verify"]).into();
    update(&mut state, at(0), Msg::Reloaded(Ok(Arc::new(policy))));
    known_since(&mut state, -3_600);
    deployed(&mut state);
    state
}

fn sampled(state: &mut Program, seconds: i64, outcome: Outcome) {
    let key = RoundKey {
        environment: "production".into(),
        subject: Subject::Verification,
        revision: "2".repeat(40).into(),
    };
    let sample = Sample {
        probe: "errors".to_owned(),
        outcome,
        value: "5 %".to_owned(),
        url: None,
    };
    let round = Round {
        samples: vec![sample],
    };
    for row in &mut state.engine.board.rows {
        row.seen
            .rounds
            .insert(key.clone(), Fact::observed(round.clone(), at(seconds)));
        row.facts.last.as_mut().expect("facts").at = at(seconds);
    }
    state.engine.judge_all(at(seconds));
}

#[test]
fn p10_a_good_round_verifies_and_is_noted_once() {
    let mut state = verified();
    let kinds = tick(&mut state, 1);
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("verification")),
        "{kinds:?}"
    );
    sampled(&mut state, 20, Outcome::Success);
    assert_eq!(tick(&mut state, 21), ["verification.passed"]);
    assert_eq!(cell(&state).verification, Standing::Passed);
    assert_eq!(tick(&mut state, 22), [""; 0]);
}

#[test]
fn p10_a_failed_verification_is_an_incident_that_holds_the_revision_before_it_is_noted() {
    let mut state = verified();
    tick(&mut state, 1);
    sampled(&mut state, 500, Outcome::Failure);
    assert_eq!(tick(&mut state, 501), [""; 0], "there is time left");
    sampled(&mut state, 600, Outcome::Failure);
    assert_eq!(
        tick(&mut state, 601),
        ["hold.placed", "verification.failed"]
    );
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    let hold = ledger.holds.values().next().expect("the incident's hold");
    assert!(hold.incident && hold.names(&"2".repeat(40).into()));
    assert_eq!(hold.owner.as_str(), "alice");
    assert_eq!(
        hold.reason,
        "incident: its verification in production failed: not well in time: errors 5 %"
    );
    assert!(hold.is_on(at(1_000_000)), "it never expires silently");
    assert!(matches!(cell(&state).verification, Standing::Failed { .. }));
    assert!(harness::said(&state).contains("failed its verification"));
    assert_eq!(tick(&mut state, 602), [""; 0]);
}

#[test]
fn what_was_there_before_the_policy_that_asks_for_it_does_not_fail_its_verification() {
    let mut state = verified();
    // The first entry by this policy is younger than the deployment.
    known_since(&mut state, -10);
    tick(&mut state, 1);
    sampled(&mut state, 600, Outcome::Failure);
    assert_eq!(tick(&mut state, 601), [""; 0], "no hold, no failure");
    sampled(&mut state, 700, Outcome::Success);
    assert_eq!(tick(&mut state, 701), ["verification.passed"]);
}

#[test]
fn p10_an_incident_hold_that_was_lifted_does_not_come_back_by_itself() {
    let mut state = verified();
    tick(&mut state, 1);
    sampled(&mut state, 600, Outcome::Failure);
    tick(&mut state, 601);
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.holds.clear();
    state.engine.restless.insert("api".into());
    assert_eq!(tick(&mut state, 602), [""; 0]);
}

#[test]
fn h2_an_incident_hold_takes_no_expiry() {
    use crate::app::request::{Expiry, Request};
    let mut state = verified();
    tick(&mut state, 1);
    sampled(&mut state, 600, Outcome::Failure);
    tick(&mut state, 601);
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    let id = ledger.holds.keys().next().cloned().expect("a hold");
    let request = Request::EditHold {
        id,
        reason: None,
        until: Expiry::At(at(10_000)),
        then: None,
    };
    let effects = update(&mut state, at(602), Msg::Asked(request));
    assert_eq!(appends(&effects), []);
    assert!(harness::said(&state).contains("does not expire"));
}

#[test]
fn p10_what_was_deployed_is_sampled_until_it_is_verified() {
    let mut state = verified();
    state.engine.watched.clear();
    let asked = |state: &mut Program, seconds| -> Vec<u64> {
        let effects = update(state, at(seconds), Msg::Tick);
        let asked = effects.iter().filter_map(|effect| match effect {
            Effect::Sample { ticket, .. } => Some(*ticket),
            _ => None,
        });
        asked.collect()
    };
    let [ticket] = asked(&mut state, 1)[..] else {
        panic!("it is not asked for")
    };
    assert_eq!(asked(&mut state, 2).len(), 0, "asked for already");
    let sample = Sample {
        probe: "errors".to_owned(),
        outcome: Outcome::Success,
        value: "0 %".to_owned(),
        url: None,
    };
    let answer = Msg::Sampled {
        ticket,
        asked_at: at(2),
        round: Some(Round {
            samples: vec![sample],
        }),
    };
    let effects = update(&mut state, at(3), answer);
    // At once, not with the next tick.
    assert_eq!(journal(&mut state, 3, effects), ["verification.passed"]);
    assert_eq!(asked(&mut state, 40), Vec::<u64>::new());
}

/// The promotion of revision 2, which brought what is live.
fn promoted(state: &mut Program) -> IntentId {
    let (id, events) = promotion(state);
    write(state, events);
    id
}

/// What the journal has of it.
fn promotion(state: &mut Program) -> (IntentId, Vec<Event>) {
    let wish = crate::app::engine::planning::Wish::Promote { revision: None };
    let (service, environment) = ("api".into(), "production".into());
    let plan = state.engine.plan(&service, &environment, &wish, at(0));
    let mut intent = plan.expect("a plan").intent;
    intent.to = crate::domain::revision::Revision::new("2".repeat(40));
    let id = intent.id.clone();
    let purpose = intent.purpose;
    let owner = crate::domain::ids::InstanceId::from("here");
    let handle = crate::domain::act::Handle {
        deployment: Some(crate::domain::ids::DeploymentId(40)),
        ..crate::domain::act::Handle::default()
    };
    let mut events = vec![Event::Intended { intent }];
    for step in [
        Step::Sending { owner },
        Step::Accepted { handle },
        Step::Succeeded,
    ] {
        let id = id.clone();
        events.push(Event::Stepped { id, purpose, step });
    }
    (id, events)
}

fn write(state: &mut Program, events: Vec<Event>) {
    for event in events {
        let seq = state.engine.seen().0 + 1;
        let hash = Digest::of([seq.to_string().as_str()]);
        let draft = Draft {
            service: Some("api".into()),
            environment: Some("production".into()),
            ..state.engine.draft(&"alice".into(), event, at(-60))
        };
        let entry = Entry {
            seq: crate::domain::ids::Seq(seq),
            draft,
            previous: hash.clone(),
            hash,
        };
        state.engine.take_entries(&[entry], at(0));
    }
}

#[test]
fn p6_a_rerun_that_turns_red_after_a_promotion_alerts_once_and_does_not_flip_history() {
    let mut state = board();
    let mut policy: Policy = (*state.engine.policy).clone();
    policy.nth(0).path[1].gates = vec![GateSpec::Pipeline(
        crate::domain::policy::PipelineRule::default(),
    )]
    .into();
    policy.version = Digest::of(["pipeline"]).into();
    let id = promoted(&mut state);
    deployed(&mut state);
    let checked = |state: &mut Program, phase: Phase| {
        let row = &mut state.engine.board.rows[0];
        let facts = &mut row.facts.last.as_mut().expect("facts").value;
        let mut checks = crate::domain::gate::fixture::checks('2', &["e2e"]);
        checks.failed = u32::from(phase == Phase::Failed);
        checks.succeeded = 1 - checks.failed;
        checks.phase = Some(phase.clone());
        checks.contexts[0].phase = phase;
        facts.checks.insert("2".repeat(40).into(), checks);
        let now = state.now;
        state.engine.judge_all(now);
        state.engine.restless.insert("api".into());
    };
    update(&mut state, at(0), Msg::Reloaded(Ok(Arc::new(policy))));
    known_since(&mut state, -3_600);
    checked(&mut state, Phase::Succeeded);
    let noted = tick(&mut state, 1);
    assert!(!noted.contains(&"alert.raised".to_owned()), "{noted:?}");
    // Somebody runs a check again, and it comes out red.
    checked(&mut state, Phase::Failed);
    assert!(cell(&state).red.is_some());
    assert_eq!(tick(&mut state, 2), ["alert.raised"]);
    let told = harness::said(&state).to_owned();
    assert!(
        told.contains("checks of 2222222 turned red after its promotion"),
        "{told}"
    );
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    assert_eq!(
        ledger.promotions[&id].state,
        State::Succeeded,
        "history stays"
    );
    assert_eq!(
        cell(&state).live.as_ref().expect("live").sha.short(),
        "2222222"
    );
    state.engine.restless.insert("api".into());
    assert_eq!(tick(&mut state, 3), [""; 0], "once");
    assert!(cell(&state).red.is_some(), "and it stays marked");
}
