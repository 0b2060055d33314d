//! Scenes: states of the board at a fixed instant, for the tests of the screens.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::app::engine::{Engine, ForgeState, JournalState, Start};
use crate::app::interface::{Cursor, Interface, Message, Mood};
use crate::app::msg::Budget;
use crate::app::state::State;
use crate::domain::cell::CellState;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{Digest, Person, Sha};
use crate::domain::ledger::Ledger;

pub(crate) mod batches;
pub(crate) mod dialogs;
mod facts;
mod gates;
pub(crate) mod journal;
pub(crate) mod logs;
pub(crate) mod panes;
pub(crate) mod releases;

use facts::{facts, scope};
use gates::{Gates, judgement, policy};

/// Friday, 17 July 2026, 14:17:50 in UTC.
pub(crate) fn now() -> Timestamp {
    "2026-07-17T14:17:50Z".parse().unwrap()
}

pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) fn hence(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const PATH: [&str; 3] = ["dev", "staging", "prod"];

/// One service of a scene: what is where, and how its gates stand.
struct Plan {
    name: &'static str,
    live: [&'static str; 3],
    gates: Gates,
}

fn plan(name: &'static str, live: [&'static str; 3], gates: Gates) -> Plan {
    Plan { name, live, gates }
}

/// Nine services of the sketch.
fn plans() -> Vec<Plan> {
    vec![
        plan("api-gateway", ["2.41.0", "2.41.0", "2.40.3"], Gates::Open),
        plan("notify", ["0.9.4", "0.9.4", "0.9.3"], Gates::Open),
        plan("search", ["7.1.0", "7.1.0", "7.0.8"], Gates::Open),
        plan("billing", ["5.3.0", "5.3.0", "5.2.9"], Gates::Ticket),
        plan("checkout", ["9.0.1", "9.0.1", "9.0.0"], Gates::Soak),
        plan("fraud-ml", ["1.12.0", "1.12.0", "1.11.0"], Gates::Open),
        plan("sessions", ["4.4.0", "4.4.0", "4.3.9"], Gates::Open),
        plan("ledger", ["3.8.2", "3.8.1", "3.8.1"], Gates::Open),
        plan("push-日本", ["1.9.0", "1.9.0", "1.9.0"], Gates::Level),
    ]
}

pub(crate) fn sha(of: &str) -> Sha {
    let digest = Digest::of([of]);
    Sha::new(digest.as_str().get(..40).unwrap())
}

pub(crate) fn person(name: &str) -> Person {
    Person::new(name)
}

fn interface(columns: u16, rows: u16) -> Interface {
    Interface::new(columns, rows, false, false)
}

fn engine(plans: &[Plan]) -> Engine {
    let mut engine = Engine::new(Start {
        policy: Arc::new(policy(plans)),
        pace: crate::app::engine::Pace::every(SignedDuration::from_secs(15)),
        operator: Some(person("alice")),
        instance: "one".into(),
        read_only: false,
        offline: false,
        seed: 1,
        now: now(),
    });
    engine.judge_all(now());
    engine.journal = JournalState::Ready;
    engine.ledger = Some(Ledger::default());
    engine
}

/// Brings the order up to date as the interface does: worst first, then by name.
pub(crate) fn order(state: &mut State) {
    let policy = state.engine.policy.clone();
    let mut order: Vec<_> = state
        .engine
        .board
        .rows
        .iter()
        .map(|row| {
            let standing = super::tally::standing(row, &policy, now());
            (super::tally::rank(standing), row.service.name.clone())
        })
        .collect();
    order.sort();
    state.interface.order = order.into_iter().map(|(_, name)| name).collect();
}

pub(crate) fn select(state: &mut State, service: &str, environment: &str) {
    state.interface.cursor = Some(Cursor {
        service: service.into(),
        environment: environment.into(),
    });
}

/// Nine services, three of them ready, nothing in the way.
pub(crate) fn calm(columns: u16, rows: u16) -> State {
    built(&plans(), columns, rows)
}

fn built(plans: &[Plan], columns: u16, rows: u16) -> State {
    let mut engine = engine(plans);
    for plan in plans {
        let name = plan.name.into();
        let (board, basis) = engine.judging(now());
        board.merge(&name, Ok(facts(plan)), ago(6), basis);
        let ends = (sha(plan.live[2]), sha(plan.live[1]));
        if ends.0 != ends.1 {
            board.scope(&name, ends, Ok(scope(plan)), ago(6), basis);
        }
    }
    for (row, plan) in engine.board.rows.iter_mut().zip(plans) {
        for cell in &mut row.cells {
            let level = cell.candidate.is_none();
            cell.judgement = judgement(if level { Gates::Level } else { plan.gates });
            if cell.environment.as_str() == "prod" && !level {
                cell.ahead = Some(12);
            }
        }
    }
    engine.forges.insert(
        "gh".into(),
        ForgeState {
            budget: Budget {
                remaining: Some(4_112),
                limit: Some(5_000),
                resets_at: Some(hence(40 * MINUTE)),
                sent: 888,
                hidden: 0,
            },
            answered_at: Some(ago(6)),
            ..ForgeState::default()
        },
    );
    let mut state = State {
        now: now(),
        engine,
        interface: interface(columns, rows),
        dirty: true,
    };
    order(&mut state);
    select(&mut state, "api-gateway", "prod");
    state.interface.messages.push_back(Message {
        at: ago(19),
        mood: Mood::Good,
        stays: false,
        text: "gate opened: search/soak".into(),
    });
    state
}

/// Somebody promotes, a pipeline runs, a run failed; the journal has it all.
pub(crate) fn busy(columns: u16, rows: u16) -> State {
    let mut state = calm(columns, rows);
    for (service, environment, percent) in [("fraud-ml", "prod", 25), ("checkout", "staging", 62)] {
        journal::in_flight(&mut state, service, environment, percent);
    }
    journal::failed(&mut state, "ledger", "dev");
    journal::entries(&mut state);
    state.interface.marks = BTreeSet::from(["notify".into(), "search".into()]);
    journal::problem(&mut state);
    order(&mut state);
    state
}

/// As held, and the time of that hold is up: it asks.
pub(crate) fn asking(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    journal::hold(&mut state, journal::an_asking_hold());
    order(&mut state);
    state
}

/// As busy, and a hold stops one service.
pub(crate) fn held(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    journal::hold(&mut state, journal::a_hold());
    order(&mut state);
    select(&mut state, "sessions", "prod");
    state
}

/// The forge has not answered for four minutes: nothing may go.
pub(crate) fn stale(columns: u16, rows: u16) -> State {
    let mut state = calm(columns, rows);
    for row in &mut state.engine.board.rows {
        if let Some(last) = &mut row.facts.last {
            last.at = ago(4 * MINUTE);
        }
    }
    for forge in state.engine.forges.values_mut() {
        forge.answered_at = Some(ago(4 * MINUTE));
    }
    order(&mut state);
    state
}

/// The forge answers with errors; what was known stays, and ages.
pub(crate) fn forge_down(columns: u16, rows: u16) -> State {
    let mut state = stale(columns, rows);
    let fault = fault(
        FaultKind::ForgeTrouble,
        "502 Bad Gateway",
        Some("it is tried again in 21s"),
    );
    for row in &mut state.engine.board.rows {
        row.facts.fault = Some(fault.clone());
    }
    for forge in state.engine.forges.values_mut() {
        forge.fault = Some(fault.clone());
    }
    journal::problem(&mut state);
    state.engine.journal = JournalState::Unreachable {
        why: "disk is full".into(),
        hint: Some("make room, then r".into()),
        broken: None,
    };
    order(&mut state);
    state
}

fn fault(kind: FaultKind, why: &str, hint: Option<&str>) -> Fault {
    Fault {
        kind,
        forge: "gh".into(),
        doing: "reading acme/api-gateway".into(),
        why: why.into(),
        hint: hint.map(str::to_owned),
        request: Some("E1F2:3A4B:5C6D".into()),
        at: ago(9),
        retry_at: Some(hence(21)),
    }
}

/// The forge was never read: there is no token.
pub(crate) fn no_token(columns: u16, rows: u16) -> State {
    let mut state = first_load(columns, rows);
    let fault = fault(
        FaultKind::Unauthorized,
        "there is no token for github.com",
        None,
    );
    for forge in state.engine.forges.values_mut() {
        forge.fault = Some(fault.clone());
    }
    for row in &mut state.engine.board.rows {
        row.facts.fault = Some(fault.clone());
    }
    state.engine.operator = None;
    order(&mut state);
    state
}

/// The first answer is still on its way.
pub(crate) fn first_load(columns: u16, rows: u16) -> State {
    let mut state = State {
        now: now(),
        engine: engine(&plans()),
        interface: interface(columns, rows),
        dirty: true,
    };
    order(&mut state);
    select(&mut state, "api-gateway", "prod");
    state
}

/// A board of so many services, for the cost of a picture.
pub(crate) fn many(services: usize, columns: u16, rows: u16) -> State {
    let plans: Vec<Plan> = (0..services)
        .map(|place| {
            let name: &'static str = Box::leak(format!("service-{place:05}").into_boxed_str());
            plan(name, ["2.41.0", "2.41.0", "2.40.3"], Gates::Open)
        })
        .collect();
    built(&plans, columns, rows)
}

#[test]
fn the_calm_scene_is_what_it_says() {
    let state = calm(80, 24);
    let policy = &state.engine.policy;
    let row = state.engine.board.row(&"api-gateway".into()).unwrap();
    let cell = row.cell(&"prod".into()).unwrap();
    assert_eq!(cell.next(&row.facts, policy, now()), CellState::Ready);
}
