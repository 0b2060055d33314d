use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::domain::act::Handle;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::facts::Permission;
use crate::domain::few::Few;
use crate::domain::hold::{Cover, HoldKind, Then};
use crate::domain::ids::{Digest, EnvironmentId, Seq};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Run, Waiting};
use crate::domain::policy::Mode;
use crate::domain::promotion::{Intent, Step};
use crate::domain::pull_request::{ChangeState, PullRequest};

mod stops;

const SHA: &str = "2222222222222222222222222222222222222222";

fn now() -> Timestamp {
    "2026-11-21T14:20:30Z".parse().unwrap()
}

fn target() -> Revision {
    Revision::new(Sha::from(SHA))
}

fn hold(until: Option<Timestamp>) -> Hold {
    Hold {
        id: "h-1".into(),
        cover: Cover::default(),
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        owner: "carol".into(),
        since: now(),
        until,
        then: Then::End,
        incident: false,
    }
}

fn request(number: u64, base: &str, labels: &[&str]) -> PullRequest {
    PullRequest {
        number: PullRequestNumber(number),
        title: "ship".to_owned(),
        author: None,
        url: String::new(),
        head: Sha::from(SHA),
        head_ref: "main".to_owned(),
        base_ref: base.to_owned(),
        state: ChangeState::Ready,
        checks: None,
        raw: String::new(),
        labels: labels.iter().map(|it| (*it).to_owned()).collect(),
        updated_at: now(),
    }
}

fn facts(pull_requests: Vec<PullRequest>) -> ServiceFacts {
    ServiceFacts {
        repo: "acme/api".into(),
        url: String::new(),
        archived: false,
        permission: Permission::Write,
        default_branch: None,
        head: None,
        checks: Few::new(),
        environments: Vec::new(),
        deployments: Vec::new(),
        runs: Vec::new(),
        open_pull_requests: pull_requests.len() as u64,
        pull_requests,
        releases: Vec::new(),
        labelled: BTreeMap::new(),
        gaps: Vec::new(),
        hidden: Vec::new(),
    }
}

/// Everything that a case borrows.
struct World {
    ways: Vec<Way>,
    stage: Stage,
    facts: Fact<ServiceFacts>,
    holds: Vec<Hold>,
    ledger: Ledger,
    readings: BTreeMap<Mark, Fact<Reading>>,
    now: Timestamp,
}

impl Readings for BTreeMap<Mark, Fact<Reading>> {
    fn of(&self, tried: &Tried<'_>) -> Option<&Fact<Reading>> {
        self.get(&tried.mark)
    }
}

impl World {
    fn held(ways: &[Way]) -> Self {
        Self {
            ways: ways.to_vec(),
            stage: Stage {
                environment: "production".into(),
                gates: Vec::new().into(),
                via: merge("main"),
                mode: Mode::Confirm,
                verification: None,
            },
            facts: Fact::observed(facts(Vec::new()), now()),
            holds: vec![hold(None)],
            ledger: Ledger::default(),
            readings: BTreeMap::new(),
            now: now(),
        }
    }

    fn requests(mut self, requests: Vec<PullRequest>) -> Self {
        self.facts = Fact::observed(facts(requests), now());
        self
    }

    fn with<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        let holds: Vec<&Hold> = self.holds.iter().collect();
        let tried = tried(&self.ledger, &"api".into(), &"production".into());
        look(&Case {
            ways: &self.ways,
            stage: &self.stage,
            place: (0, 1),
            target: Some(&target()),
            facts: Some(&self.facts),
            holds: &holds,
            tried: &tried,
            readings: &self.readings,
            now: self.now,
        })
    }

    fn missing(&self) -> Vec<Act> {
        self.with(missing)
    }

    fn left(&self) -> Vec<Act> {
        self.with(|case| leftovers(case).into_iter().filter_map(undo).collect())
    }

    fn bound(&self) -> Option<Bound> {
        self.with(bound)
    }

    fn effect(&self) -> Effect {
        self.bound().unwrap().effect
    }

    fn write(&mut self, event: Event) {
        let seq = Seq(self.ledger.head.0 + 1);
        let draft = Draft {
            at: now(),
            actor: "carol".into(),
            service: Some("api".into()),
            environment: Some("production".into()),
            revision: None,
            reason: None,
            policy: Digest::from("p"),
            event,
        };
        self.ledger.apply(&Entry {
            seq,
            draft,
            previous: Digest::from(""),
            hash: Digest::from(""),
        });
    }

    /// Records an act with these steps.
    fn sent(&mut self, purpose: Purpose, act: Act, steps: Vec<Step>) {
        let id = IntentId::from(format!("k-{}", self.ledger.head.0));
        self.sent_as(id, purpose, act, steps, true);
    }

    fn sent_as(
        &mut self,
        id: IntentId,
        purpose: Purpose,
        act: Act,
        steps: Vec<Step>,
        permitted: bool,
    ) {
        let intent = Intent {
            id: id.clone(),
            purpose,
            service: "api".into(),
            environment: "production".into(),
            from: None,
            to: target(),
            act,
            reason: String::new(),
            digest: Digest::from("d"),
            replaces: None,
            release: None,
            overrides: Vec::new(),
            rollback: false,
            verify: false,
        };
        self.write(Event::Intended { intent });
        let owner = "here".into();
        let permit = permitted.then_some(Step::Sending { owner });
        for step in permit.into_iter().chain(steps) {
            let id = id.clone();
            self.write(Event::Stepped { id, purpose, step });
        }
    }

    /// Places all that is missing, and the forge takes it.
    fn place(&mut self) {
        for act in self.missing() {
            self.sent(Purpose::Brake, act, vec![taken(None)]);
        }
    }

    /// What the forge shows of every mark, after it has had the time to show it.
    fn read(&mut self, reading: &Reading) {
        self.read_at(reading, now() + SHOWN_AFTER);
    }

    fn read_at(&mut self, reading: &Reading, at: Timestamp) {
        let marks: Vec<Mark> =
            self.with(|case| case.tried.iter().map(|one| one.mark.clone()).collect());
        for mark in marks {
            self.readings
                .insert(mark, Fact::observed(reading.clone(), at));
        }
    }
}

fn taken(freeze: Option<u64>) -> Step {
    Step::Accepted {
        handle: Handle {
            freeze: freeze.map(FreezeId),
            ..Handle::default()
        },
    }
}

fn ours() -> Reading {
    Reading::Ours { binds: Binds::Yes }
}

fn merge(base: &str) -> Via {
    Via::PullRequest {
        base: base.to_owned(),
        head: "topic".to_owned(),
        method: super::super::act::MergeMethod::Merge,
    }
}

#[test]
fn a_hold_wants_each_way_of_its_environment() {
    let requests = vec![
        request(4, "main", &[]),
        request(5, "main", &["hold/production"]),
    ];
    let world = World::held(&[Way::Status, Way::Label, Way::Freeze]).requests(requests);
    let acts = world.missing();
    let [
        Act::SetStatus {
            sha,
            context,
            state,
            description,
            ..
        },
        label,
        freeze,
    ] = &acts[..]
    else {
        panic!("{acts:?}");
    };
    assert_eq!((sha.as_str(), context.as_str()), (SHA, "hold/production"));
    assert_eq!(*state, StatusState::Failure);
    assert_eq!(description, "held by carol: heap grows");
    // What somebody has labelled already is not ours.
    let number = PullRequestNumber(4);
    assert!(matches!(label, Act::AddLabel { number: on, .. } if *on == number));
    let Act::Freeze { start, end } = freeze else {
        panic!("{freeze:?}");
    };
    assert_eq!(
        (start.as_str(), end.as_str()),
        ("20 14 21 11 *", "19 14 21 11 *")
    );
}

#[test]
fn a_freeze_lasts_as_long_as_the_longest_hold() {
    let until = |minutes| Some(now() + SignedDuration::from_mins(minutes));
    // One that asks has no end.
    let asking = Hold {
        then: Then::Ask,
        ..hold(until(30))
    };
    let mut world = World::held(&[Way::Freeze]);
    for (holds, end) in [
        (vec![hold(until(30))], "51 14 21 11 *"),
        (vec![hold(until(30)), hold(until(90))], "51 15 21 11 *"),
        (vec![hold(until(30)), hold(None)], "19 14 21 11 *"),
        (vec![asking], "19 14 21 11 *"),
        (vec![hold(until(60 * 24 * 365))], "19 14 21 11 *"),
    ] {
        world.holds = holds;
        let acts = world.missing();
        assert!(
            matches!(&acts[..], [Act::Freeze { end: found, .. }] if found == end),
            "{acts:?}"
        );
    }
}

#[test]
fn only_what_promotes_is_labelled_where_a_merge_promotes() {
    let requests = vec![request(4, "main", &[]), request(5, "production", &[])];
    let mut world = World::held(&[Way::Label]).requests(requests);
    world.stage.via = merge("production");
    let acts = world.missing();
    let [Act::AddLabel { number, .. }] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!(number.0, 5);
}

#[test]
fn a_brake_is_effective_only_when_it_was_read_back_as_ours_and_a_merge_asks_for_it() {
    let status = |binds| Reading::Ours { binds };
    let why = || "production does not require it".to_owned();
    let foreign = Reading::Foreign {
        says: "success".to_owned(),
    };
    for (reading, effect) in [
        (Some(status(Binds::Yes)), Effect::Effective),
        (Some(status(Binds::No { why: why() })), Effect::Advisory),
        // What the forge did not say is no proof.
        (Some(status(Binds::Unread { why: why() })), Effect::Pending),
        (Some(status(Binds::Unasked)), Effect::Pending),
        (Some(foreign), Effect::Advisory),
        (Some(Reading::Gone), Effect::Advisory),
        (None, Effect::Pending),
    ] {
        let mut world = World::held(&[Way::Status]);
        assert_eq!(world.effect(), Effect::Pending, "nothing was sent");
        world.place();
        assert_eq!(world.missing(), [], "it is on its way or there");
        if let Some(reading) = &reading {
            world.read(reading);
        }
        assert_eq!(world.effect(), effect, "{reading:?}");
    }
}

#[test]
fn what_was_refused_or_lost_is_told_and_missing_until_somebody_binds_again() {
    let refused = Step::Rejected {
        why: "Resource not accessible; needs statuses=write".to_owned(),
    };
    let unknown = Step::Unknown {
        why: "timed out".to_owned(),
    };
    for (step, effect, missing, says) in [
        (refused, Effect::Advisory, 1, "statuses=write"),
        (unknown, Effect::Pending, 0, "unknown: timed out"),
    ] {
        let mut world = World::held(&[Way::Status]);
        let act = world.missing().remove(0);
        world.sent(Purpose::Brake, act, vec![step]);
        let bound = world.bound().unwrap();
        assert_eq!(bound.effect, effect);
        assert!(bound.proofs[0].says.contains(says), "{bound:?}");
        assert_eq!(world.missing().len(), missing, "{says}");
    }
    // What somebody else took away may be put back, by a person.
    let mut world = World::held(&[Way::Status]);
    world.place();
    world.read(&Reading::Gone);
    assert_eq!(world.missing().len(), 1);
}

#[test]
fn a_new_candidate_needs_a_status_of_its_own_and_both_are_lifted() {
    let mut world = World::held(&[Way::Status]);
    world.place();
    let old = Act::SetStatus {
        sha: Sha::from("1111111111111111111111111111111111111111"),
        context: "hold/production".to_owned(),
        state: StatusState::Failure,
        description: String::new(),
        target_url: None,
    };
    world.sent(Purpose::Brake, old, vec![taken(None)]);
    world.read(&ours());
    assert_eq!(world.effect(), Effect::Effective);
    assert_eq!(world.left(), [], "a hold is still on");
    world.holds.clear();
    let left = world.left();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|act| matches!(
        act,
        Act::SetStatus {
            state: StatusState::Success,
            ..
        }
    )));
}

#[test]
fn nothing_is_lifted_that_is_not_ours_or_was_lifted_already() {
    for (reading, lifted) in [
        (ours(), 1),
        (Reading::Gone, 0),
        (
            Reading::Foreign {
                says: "failure".to_owned(),
            },
            0,
        ),
    ] {
        let mut world = World::held(&[Way::Status]);
        world.place();
        world.holds.clear();
        world.read(&reading);
        assert_eq!(world.left().len(), lifted, "{reading:?}");
        for act in world.left() {
            world.sent(Purpose::Unbrake, act, vec![taken(None)]);
        }
        assert_eq!(world.left(), []);
        assert_eq!(world.bound(), None, "nothing holds it and nothing is left");
        // Held again, it is placed again.
        world.holds.push(hold(None));
        world.readings.clear();
        assert_eq!(world.missing().len(), usize::from(lifted == 1));
    }
}

#[test]
fn a_freeze_is_taken_away_by_its_number() {
    let mut world = World::held(&[Way::Freeze]);
    let act = world.missing().remove(0);
    world.sent(Purpose::Brake, act, vec![taken(Some(7))]);
    world.read(&ours());
    assert!(!world.bound().unwrap().lacks());
    assert_eq!(world.missing(), []);
    world.holds.clear();
    let left = world.left();
    assert!(
        matches!(
            &left[..],
            [Act::Unfreeze {
                freeze: FreezeId(7),
                ..
            }]
        ),
        "{left:?}"
    );
    assert!(world.bound().unwrap().left);
}

#[test]
fn a_second_try_that_was_given_up_hides_nothing_of_what_the_first_has_left() {
    let mut world = World::held(&[Way::Status]);
    let act = world.missing().remove(0);
    world.place();
    let why = "it is there by now".to_owned();
    let given_up = vec![Step::Abandoned { why }];
    world.sent_as("k-again".into(), Purpose::Brake, act, given_up, false);
    world.read(&ours());
    assert_eq!(world.missing(), [], "it is there");
    world.holds.clear();
    assert_eq!(world.left().len(), 1, "and goes with the hold");
}

#[test]
fn a_lift_that_was_refused_is_told_and_what_is_left_stays_known() {
    let mut world = World::held(&[Way::Status]);
    world.place();
    world.holds.clear();
    world.read(&ours());
    let act = world.left().remove(0);
    let why = "forbidden".to_owned();
    world.sent(Purpose::Unbrake, act, vec![Step::Rejected { why }]);
    let bound = world.bound().unwrap();
    assert!(
        bound.left && bound.proofs[0].says.contains("forbidden"),
        "{bound:?}"
    );
    assert_eq!(world.left().len(), 1, "it can be ordered again");
}

#[test]
fn what_waits_is_refused_and_nothing_waiting_is_effective() {
    let mut world = World::held(&[Way::Reject]);
    world.stage.via = Via::Approval { workflow: None };
    assert_eq!(world.effect(), Effect::Effective);
    let mut facts = facts(Vec::new());
    facts.runs.push(Run {
        id: RunId(9),
        name: "release".to_owned(),
        workflow: None,
        title: None,
        number: 1,
        attempt: 1,
        event: "push".to_owned(),
        sha: Sha::from(SHA),
        branch: None,
        phase: Phase::Gated,
        raw: String::new(),
        url: String::new(),
        actor: None,
        created_at: now(),
        updated_at: now(),
        waiting: vec![Waiting {
            environment: "production".into(),
            door: Door::Review(EnvironmentId(3)),
            may_approve: true,
            reviewers: Vec::new(),
            wait_timer: SignedDuration::ZERO,
            wait_started_at: None,
        }],
    });
    world.facts = Fact::observed(facts, now());
    assert_eq!(world.effect(), Effect::Pending);
    let acts = world.missing();
    assert!(
        matches!(&acts[..], [Act::Reject { run: RunId(9), .. }]),
        "{acts:?}"
    );
    world.sent(
        Purpose::Brake,
        acts[0].clone(),
        vec![Step::Rejected {
            why: "not a reviewer".to_owned(),
        }],
    );
    assert_eq!(world.effect(), Effect::Advisory);
}

#[test]
fn one_way_that_stops_it_is_enough_and_what_lacks_beside_it_is_told() {
    let mut world = World::held(&[Way::Status, Way::Freeze]);
    for act in world.missing() {
        let step = match act {
            Act::Freeze { .. } => Step::Rejected {
                why: "Maintainer".to_owned(),
            },
            _ => taken(None),
        };
        world.sent(Purpose::Brake, act, vec![step]);
    }
    assert_eq!(world.effect(), Effect::Pending, "one was not read back yet");
    world.read(&ours());
    let bound = world.bound().unwrap();
    assert_eq!(bound.effect, Effect::Effective, "the status stops it");
    assert!(bound.lacks(), "the freeze was refused");
    assert_eq!(bound.proofs[1].effect, Effect::Advisory);
    world.read(&Reading::Ours {
        binds: Binds::No { why: String::new() },
    });
    assert_eq!(world.effect(), Effect::Advisory);
    let none = World::held(&[]);
    assert_eq!(none.effect(), Effect::Advisory, "no brake at all");
}

#[test]
fn labels_on_more_than_is_shown_are_not_said_to_be_everywhere() {
    let mut world = World::held(&[Way::Label]).requests(vec![request(4, "main", &[])]);
    assert_eq!(world.effect(), Effect::Pending);
    world.place();
    world.read(&ours());
    let says = world.bound().unwrap().proofs[0].says.clone();
    assert!(says.starts_with("a merge asks for no label; "), "{says}");
    if let Some(seen) = &mut world.facts.last {
        seen.value.open_pull_requests = 3;
    }
    let bound = world.bound().unwrap();
    assert_eq!(bound.effect, Effect::Advisory);
    assert!(bound.proofs[0].says.contains("2 more"), "{bound:?}");
}

#[test]
fn that_a_mark_is_not_there_says_nothing_until_forges_show_what_they_took() {
    let mut world = World::held(&[Way::Status]);
    world.place();
    world.holds.clear();
    let lost = |world: &World| world.with(|case| case.seems_lost(&case.tried[0]));
    let moment = SHOWN_AFTER - SignedDuration::from_secs(1);
    world.read_at(&Reading::Gone, now() + moment);
    assert_eq!(lost(&world), None);
    assert_eq!(world.left().len(), 1, "it may be there");
    world.read_at(&ours(), now() + moment);
    assert_eq!(lost(&world), Some(false));
    world.read(&Reading::Gone);
    assert_eq!(lost(&world), Some(true));
    assert_eq!(world.left(), []);
}

#[test]
fn what_seems_lost_is_looked_for_until_no_clock_can_be_that_wrong() {
    let mut world = World::held(&[Way::Status]);
    world.place();
    world.holds.clear();
    let gone = |world: &World| world.with(|case| case.is_gone(&case.tried[0]));
    let moment = GONE_AFTER - SignedDuration::from_secs(1);
    world.read_at(&Reading::Gone, now() + moment);
    assert!(!gone(&world));
    world.read_at(&ours(), now() + GONE_AFTER);
    assert!(!gone(&world));
    world.read_at(&Reading::Gone, now() + GONE_AFTER);
    assert!(gone(&world));
}
