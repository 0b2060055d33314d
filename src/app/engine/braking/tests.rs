use std::sync::Arc;

use super::*;
use crate::app::effect::Question;
use crate::app::effect::Ticket;
use crate::app::interface::harness::{self, now, press, state};
use crate::app::msg::{Answer, Budget, Fetched, JournalFault};
use crate::app::request::Request;
use crate::app::{Msg, State, update};
use crate::domain::act::{Handle, MergeMethod, Outcome, StatusState};
use crate::domain::brake::{Binds, Brakes, Effect as Took};
use crate::domain::entry::{Draft, Entry};
use crate::domain::facts::ServiceFacts;
use crate::domain::hold::{HoldKind, Then};
use crate::domain::ids::ForgeName;
use crate::domain::ids::{DeploymentId, Digest, IntentId, Seq, Sha};
use crate::domain::notice::Tell;
use crate::domain::policy::Via;

mod following;

/// A journal and a forge that take everything, as far as the test lets them.
struct Desk {
    state: State,
    seq: i64,
    kinds: Vec<String>,
    acts: Vec<Act>,
    /// What the forge answers to each act.
    outcome: Outcome,
    /// What it shows of marks; `None` is no answer at all.
    reading: Option<Reading>,
    /// The freezes that somebody else has taken away.
    gone: Vec<FreezeId>,
    /// How much time has passed.
    seconds: i64,
    /// An entry of this kind is taken, and nobody hears of it yet.
    keeping: Option<&'static str>,
    kept: Option<(Ticket, Entry)>,
}

impl Desk {
    fn new(ways: &[Way]) -> Self {
        let mut state = state();
        let mut policy = (*state.engine.policy).clone();
        for environment in policy.environments.values_mut() {
            environment.brakes = Brakes {
                github: ways.to_vec(),
                ..Brakes::default()
            };
        }
        state.engine.policy = Arc::new(policy);
        let rows = state.engine.board.rows.iter_mut();
        for stage in rows.flat_map(|row| &mut Arc::make_mut(&mut row.service).path) {
            stage.via = Via::PullRequest {
                base: "production".to_owned(),
                head: "main".to_owned(),
                method: MergeMethod::Merge,
            };
        }
        Self {
            state,
            seq: 0,
            kinds: Vec::new(),
            acts: Vec::new(),
            outcome: Outcome::Accepted(Handle::default()),
            reading: Some(ours()),
            gone: Vec::new(),
            seconds: 0,
            keeping: None,
            kept: None,
        }
    }

    fn handle(&mut self, msg: Msg) {
        let now = now() + SignedDuration::from_secs(self.seconds);
        let effects = update(&mut self.state, now, msg);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Append { ticket, draft, .. } => self.append(ticket, *draft),
                Effect::Act { id, act, .. } => self.act(id, act),
                Effect::Fetch {
                    generation,
                    forge,
                    question: question @ Question::Marks { .. },
                } => self.answer(generation, forge, question),
                _ => {}
            }
        }
    }

    fn append(&mut self, ticket: Ticket, draft: Draft) {
        self.seq += 1;
        self.kinds.push(draft.event.kind());
        let entry = Entry {
            seq: Seq(self.seq),
            draft,
            previous: Digest::from(""),
            hash: Digest::from(""),
        };
        if self.keeping == self.kinds.last().map(String::as_str) {
            self.kept = Some((ticket, entry));
            return;
        }
        let result = Ok(entry);
        self.handle(Msg::Recorded { ticket, result });
    }

    /// A colleague writes something, and it is read with what was kept; then that is answered.
    fn meanwhile(&mut self, event: Event) {
        let (ticket, entry) = self.kept.take().expect("something that was kept");
        self.seq += 1;
        let between = harness::entry((event, self.seq));
        self.handle(Msg::JournalRead(Ok(vec![entry.clone(), between])));
        self.keeping = None;
        let result = Ok(entry);
        self.handle(Msg::Recorded { ticket, result });
        self.wait(1);
    }

    fn act(&mut self, id: IntentId, act: Act) {
        self.acts.push(act);
        let mut outcome = self.outcome.clone();
        if let (Outcome::Accepted(handle), Some(Act::Freeze { .. })) =
            (&mut outcome, self.acts.last())
        {
            handle.freeze = Some(FreezeId(self.acts.len() as u64));
        }
        self.handle(Msg::Acted { id, outcome });
    }

    fn answer(&mut self, generation: u64, forge: ForgeName, question: Question) {
        let (Some(reading), Question::Marks { marks, .. }) = (&self.reading, &question) else {
            return;
        };
        let is_gone = |sought: &Sought| sought.freeze.is_some_and(|it| self.gone.contains(&it));
        let shown = marks.iter().map(|sought| {
            if is_gone(sought) {
                Reading::Gone
            } else {
                reading.clone()
            }
        });
        let answer = Answer::Marks(shown.map(Ok).collect());
        let asked_at = now() + SignedDuration::from_secs(self.seconds);
        self.handle(Msg::Fetched(Fetched {
            generation,
            forge,
            question,
            asked_at,
            answer,
            budget: Budget::default(),
            more: false,
        }));
    }

    fn order(&mut self, request: Request) {
        self.handle(Msg::Asked(request));
        self.handle(Msg::Tick);
    }

    fn hold(&mut self, service: &str, until: Option<Timestamp>) -> HoldId {
        let known = self.holds();
        self.order(Request::Hold {
            cover: cover(service),
            kind: crate::domain::hold::HoldKind::Forward,
            reason: format!("heap grows, {}", self.seq),
            until,
            then: Then::End,
            tell: Tell::Rules,
        });
        let new = self.holds().into_iter().find(|id| !known.contains(id));
        new.expect("a hold")
    }

    fn holds(&self) -> Vec<HoldId> {
        let ledger = self.state.engine.ledger.as_ref().unwrap();
        ledger.holds.keys().cloned().collect()
    }

    fn lift(&mut self, id: HoldId) {
        let reason = "fixed".to_owned();
        self.order(Request::LiftHold { id, reason });
    }

    fn wait(&mut self, seconds: i64) {
        self.seconds += seconds;
        self.handle(Msg::Tick);
    }

    fn took(&self) -> Option<Took> {
        self.took_in("production")
    }

    fn bound_in(&self, environment: &str) -> Option<Bound> {
        let now = now() + SignedDuration::from_secs(self.seconds);
        let (service, environment) = ("api".into(), environment.into());
        self.state.engine.bound(&service, &environment, now)
    }

    fn took_in(&self, environment: &str) -> Option<Took> {
        let bound = self.bound_in(environment);
        bound.filter(|bound| !bound.left).map(|bound| bound.effect)
    }

    fn lacks(&self, environment: &str) -> bool {
        self.bound_in(environment)
            .is_some_and(|bound| bound.lacks())
    }

    /// The forge tells of the service's facts again, changed.
    fn facts(&mut self, change: impl FnOnce(&mut ServiceFacts)) {
        self.wait(5);
        let service = ServiceName::from("api");
        let row = self.state.engine.board.row(&service).unwrap();
        let mut facts = row.facts.value().unwrap().clone();
        change(&mut facts);
        let asked_at = now() + SignedDuration::from_secs(self.seconds);
        let forge = ForgeName::from("github");
        let generation = self.state.engine.reads(&forge, &service, asked_at);
        self.handle(Msg::Fetched(Fetched {
            generation,
            forge,
            question: Question::Facts(Vec::new()),
            asked_at,
            answer: Answer::Facts(vec![(service, Ok(Box::new(facts)))]),
            budget: Budget::default(),
            more: false,
        }));
        self.handle(Msg::Tick);
    }

    fn states(&self) -> Vec<StatusState> {
        let state = |act: &Act| match act {
            Act::SetStatus { state, .. } => *state,
            other => panic!("{other:?}"),
        };
        self.acts.iter().map(state).collect()
    }
}

/// It is there, and a merge asks for it.
fn ours() -> Reading {
    Reading::Ours { binds: Binds::Yes }
}

fn cover(service: &str) -> Cover {
    Cover {
        service: Some(service.into()),
        environment: Some("production".into()),
        revision: None,
    }
}

use StatusState::{Failure, Success};

#[test]
fn a_hold_becomes_a_brake_that_is_read_back_and_goes_with_it() {
    let mut desk = Desk::new(&[Way::Status]);
    let id = desk.hold("api", None);
    assert_eq!(desk.states(), [Failure]);
    assert_eq!(desk.took(), Some(Took::Effective));
    assert_eq!(
        desk.kinds,
        [
            "hold.placed",
            "brake.intended",
            "brake.sending",
            "brake.accepted",
            "brake.succeeded"
        ]
    );
    desk.wait(1);
    desk.lift(id);
    desk.wait(1);
    assert_eq!(desk.states(), [Failure, Success]);
    assert_eq!(desk.took(), None);
    assert_eq!(desk.kinds.last().unwrap(), "unbrake.succeeded");
    // What is told of it names what is left there, not a revision: nothing is promoted.
    let ledger = desk.state.engine.ledger.as_ref().expect("a ledger");
    let placed = ledger.promotions.values().next().expect("a brake");
    let plan = desk.state.engine.plan_of(placed).expect("a plan");
    assert!(plan.matter().starts_with("status hold/production"));
}

#[test]
fn the_brake_stays_until_the_last_hold_goes_and_an_edit_keeps_it() {
    let mut desk = Desk::new(&[Way::Status]);
    let first = desk.hold("api", None);
    let wide = Request::Hold {
        cover: Cover {
            environment: Some("production".into()),
            ..Cover::default()
        },
        kind: crate::domain::hold::HoldKind::All,
        reason: "storm".to_owned(),
        until: None,
        then: Then::End,
        tell: Tell::Rules,
    };
    desk.wait(1);
    desk.order(wide);
    desk.wait(1);
    // The wide one covers the other services too; api has its brake already.
    let before = desk.acts.len();
    assert_eq!(desk.states(), vec![Failure; before]);
    desk.order(Request::EditHold {
        id: first.clone(),
        reason: Some("still".to_owned()),
        until: crate::app::request::Expiry::Keep,
        then: None,
    });
    desk.wait(1);
    desk.lift(first);
    desk.wait(1);
    assert_eq!(desk.acts.len(), before, "another hold is on");
    let last = desk.holds().remove(0);
    desk.lift(last);
    desk.wait(1);
    let lifted = desk.states().into_iter().filter(|state| *state == Success);
    assert_eq!(lifted.count(), before);
}

#[test]
fn an_expiry_lifts_the_brake_once() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.hold("api", Some(now() + SignedDuration::from_secs(20)));
    assert_eq!(desk.states(), [Failure]);
    for _ in 0..4 {
        desk.wait(10);
    }
    assert_eq!(desk.states(), [Failure, Success]);
    let expired = desk.kinds.iter().filter(|kind| *kind == "hold.expired");
    assert_eq!(expired.count(), 1);
}

#[test]
fn what_was_refused_is_sent_again_by_a_person_alone() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.outcome = Outcome::Rejected {
        status: 403,
        why: "Resource not accessible".to_owned(),
        hint: Some("the token lacks: statuses=write".to_owned()),
        denied: true,
    };
    let id = desk.hold("api", None);
    for _ in 0..5 {
        desk.wait(8);
    }
    assert_eq!(desk.acts.len(), 1, "the program sends nothing again");
    assert_eq!(desk.took(), Some(Took::Advisory));
    let (service, environment) = ("api".into(), "production".into());
    let bound = desk
        .state
        .engine
        .bound(&service, &environment, desk.state.now);
    let says = &bound.unwrap().proofs[0].says;
    assert!(says.contains("statuses=write"), "{says}");
    desk.outcome = Outcome::Accepted(Handle::default());
    desk.order(Request::BindHold { id: Some(id) });
    desk.wait(1);
    assert_eq!(desk.states(), [Failure, Failure]);
    assert_eq!(desk.took(), Some(Took::Effective));
}

#[test]
fn no_answer_is_looked_up_and_never_sent_again() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.outcome = Outcome::NoAnswer {
        why: "timed out".to_owned(),
    };
    let id = desk.hold("api", None);
    assert_eq!(desk.took(), Some(Took::Pending));
    desk.order(Request::BindHold { id: Some(id) });
    for _ in 0..3 {
        desk.wait(10);
    }
    assert_eq!(desk.acts.len(), 1);
    assert!(desk.kinds.contains(&"brake.reconciling".to_owned()));
}

#[test]
fn offline_a_hold_holds_and_its_brake_is_pending() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.state.engine.offline = true;
    desk.hold("api", None);
    assert_eq!(desk.kinds, ["hold.placed"]);
    assert_eq!(desk.took(), Some(Took::Pending));
    desk.state.engine.offline = false;
    desk.wait(1);
    assert!(desk.acts.is_empty(), "a person binds it");
    desk.order(Request::BindHold { id: None });
    assert_eq!(desk.states(), [Failure]);
}

#[test]
fn what_was_replaced_by_somebody_else_is_not_lifted() {
    let mut desk = Desk::new(&[Way::Status]);
    let id = desk.hold("api", None);
    desk.reading = Some(Reading::Foreign {
        says: "success: fine by me".to_owned(),
    });
    desk.wait(1);
    desk.lift(id);
    desk.wait(1);
    assert_eq!(desk.states(), [Failure]);
    assert_eq!(desk.took(), None);
}

#[test]
fn what_is_not_shown_yet_is_not_taken_for_gone() {
    let mut desk = Desk::new(&[Way::Status]);
    let id = desk.hold("api", None);
    // A replica that lags behind has not seen it.
    desk.reading = Some(Reading::Gone);
    desk.wait(1);
    desk.lift(id);
    for _ in 0..4 {
        desk.wait(5);
    }
    assert_eq!(desk.states(), [Failure], "nobody knows yet");
    desk.reading = Some(ours());
    desk.wait(6);
    assert_eq!(desk.states(), [Failure, Success]);
    assert_eq!(desk.took(), None);
}

#[test]
fn of_two_freezes_at_once_each_has_minutes_and_a_reading_of_its_own() {
    let mut desk = Desk::new(&[Way::Freeze]);
    desk.order(Request::Hold {
        cover: Cover {
            environment: None,
            ..cover("api")
        },
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        until: None,
        then: Then::End,
        tell: Tell::Rules,
    });
    let marks: Vec<_> = desk.acts.iter().filter_map(Mark::of).collect();
    assert_eq!(marks.len(), 2, "one a cell");
    assert_ne!(marks[0], marks[1], "each has minutes of its own");
    let both = |desk: &Desk| [desk.lacks("staging"), desk.lacks("production")];
    assert_eq!(both(&desk), [false, false]);
    let ledger = desk.state.engine.ledger.as_ref().unwrap();
    let production = brake::tried(ledger, &"api".into(), &"production".into());
    desk.gone.extend(production[0].freeze());
    desk.wait(130);
    assert_eq!(
        both(&desk),
        [false, true],
        "that of production is gone, not that of staging"
    );
}

#[test]
fn what_cannot_be_read_is_not_lifted_and_that_is_told() {
    let mut desk = Desk::new(&[Way::Status]);
    let id = desk.hold("api", None);
    desk.reading = None;
    desk.wait(1);
    desk.lift(id);
    desk.wait(30);
    assert_eq!(desk.states(), [Failure]);
    let now = desk.state.now;
    assert_eq!(desk.state.engine.left_behind(now).len(), 1);
    desk.reading = Some(ours());
    // The facts are fresh enough for half a minute more.
    desk.order(Request::BindHold { id: None });
    desk.wait(1);
    assert_eq!(desk.states(), [Failure, Success]);
}

#[test]
fn h5_a_brake_is_not_lifted_under_a_hold_that_came_before_its_permit() {
    let mut desk = Desk::new(&[Way::Status]);
    let id = desk.hold("api", None);
    desk.wait(1);
    desk.keeping = Some("unbrake.intended");
    desk.lift(id);
    desk.wait(1);
    let hold = Hold {
        id: "h-other".into(),
        cover: cover("api"),
        kind: HoldKind::Forward,
        reason: "storm".to_owned(),
        owner: "carol".into(),
        since: now(),
        until: None,
        then: Then::End,
        incident: false,
    };
    desk.meanwhile(Event::HoldPlaced {
        hold,
        tell: Tell::Rules,
    });
    assert_eq!(desk.states(), [Failure]);
    let abandoned = desk.kinds.contains(&"unbrake.abandoned".to_owned());
    assert!(abandoned, "{:?}", desk.kinds);
    assert_eq!(desk.took(), Some(Took::Effective));
}

#[test]
fn h5_a_brake_is_not_placed_when_its_hold_was_lifted_before_its_permit() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.keeping = Some("brake.intended");
    desk.order(Request::Hold {
        cover: cover("api"),
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        until: None,
        then: Then::End,
        tell: Tell::Rules,
    });
    let id = desk.holds().remove(0);
    desk.meanwhile(Event::HoldLifted {
        id,
        cover: cover("api"),
    });
    assert!(desk.acts.is_empty(), "{:?}", desk.acts);
    assert_eq!(desk.took(), None);
}

#[test]
fn a_brake_that_the_journal_did_not_take_is_ordered_again_because_nothing_was_sent() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.keeping = Some("brake.intended");
    desk.order(Request::Hold {
        cover: cover("api"),
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        until: None,
        then: Then::End,
        tell: Tell::Rules,
    });
    let (ticket, _) = desk.kept.take().expect("its intent");
    desk.keeping = None;
    desk.seq -= 1;
    let why = "carol voted on this cell in between".to_owned();
    let result = Err(JournalFault::Refused { why });
    desk.handle(Msg::Recorded { ticket, result });
    desk.wait(1);
    assert_eq!(desk.states(), [Failure]);
    assert_eq!(desk.took(), Some(Took::Effective));
}

#[test]
fn without_a_brake_in_the_config_nothing_is_sent() {
    let mut desk = Desk::new(&[]);
    desk.hold("api", None);
    assert_eq!(desk.kinds, ["hold.placed"]);
    assert!(desk.acts.is_empty());
    let effects = press(&mut desk.state, "H");
    assert!(
        effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Act { .. }))
    );
}

#[test]
fn freezes_of_two_services_in_one_project_begin_in_minutes_of_their_own() {
    let mut desk = Desk::new(&[]);
    let rows = &mut desk.state.engine.board.rows;
    let repo = rows[0].service.repo.clone();
    Arc::make_mut(&mut rows[1].service).repo = repo;
    let services: Vec<Arc<Service>> = rows.iter().map(|row| Arc::clone(&row.service)).collect();
    let cells = |service: &Service| -> Vec<EnvironmentName> {
        let path = service.path.iter();
        path.map(|stage| stage.environment.clone()).collect()
    };
    let places = |service: &Arc<Service>| -> Vec<(usize, usize)> {
        let places = cells(service);
        places
            .iter()
            .map(|environment| desk.state.engine.place_in_project(service, environment))
            .collect()
    };
    let both: BTreeSet<(usize, usize)> = services[..2].iter().flat_map(places).collect();
    let all = cells(&services[0]).len() + cells(&services[1]).len();
    assert_eq!(both, (0..all).map(|place| (place, all)).collect());
    let own = cells(&services[2]).len();
    assert_eq!(places(&services[2]).len(), own);
    assert!(places(&services[2]).iter().all(|(_, of)| *of == own));
}
