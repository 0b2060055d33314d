//! A release before the people who decide on it, and on its way.

use std::sync::Arc;

use super::journal::{draft, push, revision};
use super::*;
use crate::app::interface::Screen;
use crate::app::interface::harness::press;
use crate::domain::entry::{Draft, Event};
use crate::domain::release::run::Run;
use crate::domain::release::{Item, Release};
use crate::domain::signoff::{ReleaseVote, Voice};

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

/// The first wave is live, one of the second on its way, and nobody drives it.
pub(crate) fn running(columns: u16, rows: u16) -> State {
    let mut state = built(columns, rows);
    for (who, role) in [
        ("dee", "qa"),
        ("carol", "sre"),
        ("mia", "product"),
        ("ivan", "security"),
    ] {
        cast(&mut state, 30 * MINUTE, who, role, Voice::Go, None);
    }
    let release = release();
    let decision = state.engine.decision(&release, now());
    let run = Run {
        id: "r-7f3a".into(),
        release: "R26.07".into(),
        digest: decision.bound.clone(),
        moves: decision.agenda.moves().cloned().collect(),
        by: person("alice"),
        driver: "elsewhere".into(),
        started_at: ago(20 * MINUTE),
        ended: None,
    };
    let draft = Draft {
        service: None,
        ..draft(
            ago(20 * MINUTE),
            "alice",
            "x",
            Event::ReleaseStarted { run },
        )
    };
    push(&mut state, draft);
    for (service, version) in [("notify", "0.9.4"), ("search", "7.1.0")] {
        let row = state
            .engine
            .board
            .rows
            .iter_mut()
            .find(|row| row.service.name.as_str() == service);
        let cell = row.unwrap().cells.last_mut().unwrap();
        cell.live = Some(revision(version));
        cell.candidate = None;
    }
    state.engine.neighbours = Some(BTreeSet::new());
    state
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
