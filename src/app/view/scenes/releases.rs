//! A release before the people who decide on it, and on its way.

use std::sync::Arc;

use super::journal::{draft, intent, push, revision};
use super::*;
use crate::app::interface::Screen;
use crate::app::interface::harness::press;
use crate::domain::act::Handle;
use crate::domain::entry::{Draft, Event};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::release::run::{Ending, Run};
use crate::domain::release::{Item, Release};
use crate::domain::signoff::{AtClose, ReleaseVote, Voice};

fn release() -> Release {
    let waves = [
        vec!["notify", "search"],
        vec!["api-gateway", "billing"],
        vec!["sessions", "ledger"],
    ];
    let waves: Vec<Vec<_>> = waves
        .into_iter()
        .map(|wave| wave.into_iter().map(Into::into).collect())
        .collect();
    Release {
        name: "R26.07".into(),
        environment: "prod".into(),
        items: waves
            .iter()
            .flatten()
            .map(|service: &crate::domain::ids::ServiceName| Item {
                service: service.clone(),
                pin: None,
            })
            .collect(),
        waves,
        window: None,
        at_close: AtClose::Keep,
        due: Some(hence(95 * MINUTE)),
        roles: ["qa", "sre", "product", "security"]
            .map(Into::into)
            .to_vec(),
        distinct: true,
        owner: Some(person("alice")),
    }
}

fn built(columns: u16, rows: u16) -> State {
    let mut state = calm(columns, rows);
    let policy = Arc::make_mut(&mut state.engine.policy);
    policy.releases = vec![release()];
    for (role, who) in [
        ("qa", "dee"),
        ("sre", "carol"),
        ("product", "mia"),
        ("security", "ivan"),
    ] {
        let members = [person(who), person("alice")].into();
        policy.roles.insert(role.into(), members);
    }
    state.interface.screen = Screen::Release;
    state
}

fn cast(state: &mut State, seconds: i64, who: &str, role: &str, voice: Voice, saw: Option<&str>) {
    let release = release();
    let decision = state.engine.decision(&release, now());
    let (scope, words) = (decision.bound.clone(), decision.words.clone());
    let vote = ReleaseVote {
        release: "R26.07".into(),
        role: role.into(),
        person: person(who),
        voice,
        scope: saw.map_or(scope, |saw| Digest::of([saw])),
        saw: saw.map_or(words, str::to_owned),
        note: "regression 412/412".into(),
        at: ago(seconds),
    };
    let draft = Draft {
        service: None,
        ..draft(ago(seconds), who, "x", Event::ReleaseVoteCast { vote })
    };
    push(state, draft);
}

/// Its window closes, and policy says what becomes of the goes then.
pub(crate) fn closing(columns: u16, rows: u16, at_close: AtClose) -> State {
    let mut state = built(columns, rows);
    let release = &mut Arc::make_mut(&mut state.engine.policy).releases[0];
    release.window = Some("R26.07".to_owned());
    release.at_close = at_close;
    state
}

/// One go, one no-go, one stale, one missing.
pub(crate) fn divided(columns: u16, rows: u16) -> State {
    let mut state = built(columns, rows);
    cast(&mut state, 15 * MINUTE, "dee", "qa", Voice::Go, None);
    cast(&mut state, 6 * MINUTE, "carol", "sre", Voice::NoGo, None);
    let words = state.engine.decision(&release(), now()).words;
    let before = words.replace("search 7.0.8 > 7.1.0", "search stays");
    cast(
        &mut state,
        40 * MINUTE,
        "ivan",
        "security",
        Voice::Go,
        Some(&before),
    );
    state
}

/// Everybody says go; one gate is closed.
pub(crate) fn ready(columns: u16, rows: u16) -> State {
    let mut state = built(columns, rows);
    for (who, role) in [
        ("dee", "qa"),
        ("carol", "sre"),
        ("mia", "product"),
        ("ivan", "security"),
    ] {
        cast(&mut state, 30 * MINUTE, who, role, Voice::Go, None);
    }
    state
}

/// What would ship, and when; the second service is selected.
pub(crate) fn plan(columns: u16, rows: u16) -> State {
    let mut state = divided(columns, rows);
    press(&mut state, "j p");
    state
}

const RUN: &str = "r-7f3a";

/// Started twenty minutes ago, by this gonogo or by one that is gone; the first wave is live.
fn started(columns: u16, rows: u16, driver: &str) -> State {
    let mut state = ready(columns, rows);
    let release = release();
    let decision = state.engine.decision(&release, now());
    let run = Run {
        id: RUN.into(),
        release: "R26.07".into(),
        digest: decision.bound.clone(),
        moves: decision.agenda.moves().cloned().collect(),
        dropped: Vec::new(),
        by: person("alice"),
        driver: driver.into(),
        started_at: ago(20 * MINUTE),
        ended: None,
    };
    note(&mut state, 20 * MINUTE, Event::ReleaseStarted { run });
    for (service, from, version) in [("notify", "0.9.3", "0.9.4"), ("search", "7.0.8", "7.1.0")] {
        sent(&mut state, service, from, version, 19 * MINUTE);
        step(&mut state, service, 16 * MINUTE, Step::Succeeded);
        live(&mut state, service, version);
    }
    state.engine.neighbours = Some(BTreeSet::new());
    state
}

fn note(state: &mut State, seconds: i64, event: Event) {
    let draft = Draft {
        service: None,
        ..draft(ago(seconds), "alice", "x", event)
    };
    push(state, draft);
}

fn live(state: &mut State, service: &str, version: &str) {
    let mut rows = state.engine.board.rows.iter_mut();
    let row = rows.find(|row| row.service.name.as_str() == service);
    let cell = row.unwrap().cells.last_mut().unwrap();
    cell.live = Some(revision(version));
    cell.candidate = None;
}

fn sent(state: &mut State, service: &str, from: &str, to: &str, seconds: i64) {
    let intent = Intent {
        id: format!("i-{service}").into(),
        release: Some(RUN.into()),
        ..intent(service, from, to)
    };
    note(state, seconds, Event::Intended { intent });
    let owner = "one".into();
    step(state, service, seconds, Step::Sending { owner });
    let handle = Handle::default();
    step(state, service, seconds, Step::Accepted { handle });
}

fn step(state: &mut State, service: &str, seconds: i64, step: Step) {
    let event = Event::Stepped {
        id: format!("i-{service}").into(),
        purpose: Purpose::Promotion,
        step,
    };
    note(state, seconds, event);
}

/// The first wave is live, the second waits at a gate, and nobody drives it.
pub(crate) fn running(columns: u16, rows: u16) -> State {
    started(columns, rows, "elsewhere")
}

/// The second wave: one is on its way, one waits at a gate.
pub(crate) fn second_wave(columns: u16, rows: u16) -> State {
    let mut state = started(columns, rows, "one");
    sent(&mut state, "api-gateway", "2.40.3", "2.41.0", 70);
    state
}

/// One of the second wave failed: the way back is proposed.
pub(crate) fn stopped(columns: u16, rows: u16) -> State {
    let mut state = second_wave(columns, rows);
    let why = "smoke: 2 of 9 failed".to_owned();
    step(
        &mut state,
        "api-gateway",
        20,
        Step::Failed { why: why.clone() },
    );
    let how = Ending::Stopped {
        why: format!("api-gateway: {why}"),
    };
    end(&mut state, how);
    state
}

/// All of it is live.
pub(crate) fn shipped(columns: u16, rows: u16) -> State {
    let mut state = second_wave(columns, rows);
    step(&mut state, "api-gateway", 50, Step::Succeeded);
    live(&mut state, "api-gateway", "2.41.0");
    for (service, from, to, seconds) in [
        ("billing", "5.2.9", "5.3.0", 60),
        ("sessions", "4.3.9", "4.4.0", 40),
    ] {
        sent(&mut state, service, from, to, seconds);
        step(&mut state, service, seconds - 20, Step::Succeeded);
        live(&mut state, service, to);
    }
    end(&mut state, Ending::Shipped);
    state
}

/// What its plan says then.
pub(crate) fn shipped_plan(columns: u16, rows: u16) -> State {
    let mut state = shipped(columns, rows);
    press(&mut state, "p");
    state
}

fn end(state: &mut State, how: Ending) {
    let event = Event::ReleaseEnded {
        id: RUN.into(),
        release: "R26.07".into(),
        how,
    };
    note(state, 15, event);
}

pub(crate) fn vote(columns: u16, rows: u16) -> State {
    let mut state = divided(columns, rows);
    press(&mut state, "V");
    state
}

pub(crate) fn start(columns: u16, rows: u16) -> State {
    let mut state = divided(columns, rows);
    press(&mut state, "P");
    state
}

/// One of the last wave is left behind: who had voted has to vote anew.
pub(crate) fn dropped(columns: u16, rows: u16) -> State {
    let mut state = ready(columns, rows);
    let event = Event::ReleaseDropped {
        release: "R26.07".into(),
        service: "sessions".into(),
    };
    let draft = Draft {
        service: None,
        ..draft(ago(5 * MINUTE), "carol", "heap +3%/h", event)
    };
    push(&mut state, draft);
    press(&mut state, "G k");
    state
}

pub(crate) fn drop(columns: u16, rows: u16) -> State {
    let mut state = ready(columns, rows);
    let policy = Arc::make_mut(&mut state.engine.policy);
    for service in policy.each() {
        if ["ledger", "billing"].contains(&service.name.as_str()) {
            service.depends.push(crate::domain::policy::Dependency {
                service: "sessions".into(),
                at_least: None,
            });
        }
    }
    press(&mut state, "G k D");
    state
}

pub(crate) fn restore(columns: u16, rows: u16) -> State {
    let mut state = dropped(columns, rows);
    press(&mut state, "D");
    state
}
