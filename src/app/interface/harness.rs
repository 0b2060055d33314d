//! For tests: a small board with everything an interface needs, and keys pressed on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Chord, Cursor, Interface, Overlay};
use crate::app::effect::Effect;
use crate::app::engine::{Engine, JournalState, Start};
use crate::app::msg::Msg;
use crate::app::state::State;
use crate::app::update;
use crate::domain::board::Board;
use crate::domain::cell::InFlight;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Head, Permission, ServiceFacts};
use crate::domain::few::Few;
use crate::domain::gate::{self, Go, Verdict};
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{
    DeploymentId, Digest, EnvironmentName, HoldId, InstanceId, RoleName, RunId, ServiceName, Sha,
};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{Environment, GateSpec, Mode, Policy, Service, Stage, Via};
use crate::domain::release::{Item, Release};
use crate::domain::revision::Revision;
use crate::domain::signoff::AtClose;

/// The instant at which every test stands.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T14:20:00Z".parse().expect("a timestamp")
}

/// A board of `api`, `billing`, `search` and `web` over staging and production (protected). The
/// candidate of production is ready for api and search, gated for billing; web is level.
pub(crate) fn state() -> State {
    let policy = Arc::new(policy());
    let mut engine = Engine::new(Start {
        policy: Arc::clone(&policy),
        pace: crate::app::engine::Pace::every(SignedDuration::from_secs(15)),
        operator: Some("alice".into()),
        instance: InstanceId::from("here"),
        read_only: false,
        offline: false,
        seed: 7,
        now: now(),
    });
    engine.journal = JournalState::Ready;
    engine.ledger = Some(Ledger::default());
    for service in &policy.services {
        let facts = facts(service.name.as_str());
        let (board, basis) = engine.judging(now());
        board.merge(&service.name, Ok(facts), now(), basis);
    }
    for service in ["api", "search", "billing", "web"] {
        for environment in ["staging", "production"] {
            let state = match service {
                "billing" => gate::State::Closed,
                _ => gate::State::Open,
            };
            judge(&mut engine.board, service, environment, state);
        }
    }
    let mut state = State {
        now: now(),
        engine,
        interface: Interface::new(80, 24, false, false),
        dirty: false,
    };
    let reports = Vec::new();
    state
        .interface
        .refresh(&mut state.engine, &reports, state.now);
    state
}

/// Gives a cell one gate in this state, beside an open one.
pub(crate) fn judge(board: &mut Board, service: &str, environment: &str, state: gate::State) {
    with_cell(board, service, environment, |cell| {
        cell.judgement.verdicts = vec![
            Verdict::new("fresh", gate::State::Open, "read just now"),
            Verdict::new("soak", state, "6h of 24h"),
        ]
        .into();
        cell.judgement.go = if state.passes() { Go::Go } else { Go::NoGo };
    });
}

/// Changes a cell by hand.
pub(crate) fn with_cell(
    board: &mut Board,
    service: &str,
    environment: &str,
    change: impl FnOnce(&mut crate::domain::cell::Cell),
) {
    board.version += 1;
    let row = board
        .rows
        .iter_mut()
        .find(|row| row.service.name.as_str() == service)
        .expect("a service of the board");
    row.version = board.version;
    let cell = row
        .cells
        .iter_mut()
        .find(|cell| cell.environment.as_str() == environment)
        .expect("an environment of the service");
    change(cell);
}

/// A hold on a cell, in the ledger and on the cell.
pub(crate) fn hold(state: &mut State, id: &str, service: &str, environment: &str) {
    let hold = Hold {
        id: HoldId::from(id),
        cover: Cover {
            service: Some(service.into()),
            environment: Some(environment.into()),
            revision: None,
        },
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        owner: "carol".into(),
        since: now(),
        until: None,
        then: Then::End,
        incident: false,
    };
    with_cell(&mut state.engine.board, service, environment, |cell| {
        cell.holds.push(hold.clone());
    });
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.holds.insert(hold.id.clone(), hold);
}

/// Something under way into a cell.
pub(crate) fn running(state: &mut State, service: &str, environment: &str) {
    with_cell(&mut state.engine.board, service, environment, |cell| {
        cell.in_flight = Some(InFlight {
            revision: cell.candidate.clone().unwrap_or(Revision::new(sha(9))),
            phase: Phase::Running,
            by: Some("bob".into()),
            since: now(),
            run: Some(RunId(8812)),
            intent: None,
            unsettled: false,
        });
    });
}

/// Puts the cursor on a cell.
pub(crate) fn on(state: &mut State, service: &str, environment: &str) {
    state.interface.cursor = Some(Cursor {
        service: service.into(),
        environment: environment.into(),
    });
}

/// Presses keys, separated by spaces; `'weekly` types the letters after the mark, with `_` for a
/// space. Returns every effect.
pub(crate) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for word in keys.split_whitespace() {
        let typed = word.strip_prefix('\'').filter(|text| !text.is_empty());
        let chords: Vec<Chord> = match typed {
            Some(text) => text
                .chars()
                .map(|letter| if letter == '_' { ' ' } else { letter })
                .map(|letter| Chord::plain(super::Key::Char(letter)))
                .collect(),
            None => vec![Chord::parse(word).expect(word)],
        };
        for chord in chords {
            let now = state.now;
            effects.extend(update(state, now, Msg::Key(chord)));
        }
    }
    effects
}

/// Says whether an effect changes anything in the journal or on a forge.
pub(crate) fn changes(effect: &Effect) -> bool {
    matches!(effect, Effect::Append { .. } | Effect::Act { .. })
}

/// Adds a release of api, then search, that asks for the role qa.
pub(crate) fn add_release(state: &mut State) {
    let item = |service: &str| Item {
        service: service.into(),
        pin: None,
    };
    let policy = Arc::make_mut(&mut state.engine.policy);
    policy.releases = vec![Release {
        name: "2026.47".into(),
        environment: "production".into(),
        items: vec![item("api"), item("search")],
        waves: vec![vec!["api".into()], vec!["search".into()]],
        window: None,
        at_close: AtClose::Keep,
        due: None,
        roles: vec!["qa".into()],
        distinct: true,
        owner: None,
    }];
}

/// The name of the top overlay.
pub(crate) fn top(state: &State) -> &'static str {
    match state.interface.overlays.last() {
        None => "none",
        Some(Overlay::Help { .. }) => "help",
        Some(Overlay::Errors { .. }) => "errors",
        Some(Overlay::Messages { .. }) => "messages",
        Some(Overlay::Results { .. }) => "results",
        Some(Overlay::Changes { .. }) => "changes",
        Some(Overlay::Filter { .. }) => "filter",
        Some(Overlay::Search { .. }) => "search",
        Some(Overlay::Palette { .. }) => "palette",
        Some(Overlay::Columns { .. }) => "columns",
        Some(Overlay::Promote(_)) => "promote",
        Some(Overlay::Hold(_)) => "hold",
        Some(Overlay::Bind(_)) => "bind",
        Some(Overlay::Gates(_)) => "gates",
        Some(Overlay::Override(_)) => "override",
        Some(Overlay::Confirm(_)) => "confirm",
        Some(Overlay::Release(_)) => "release",
        Some(Overlay::Handover(_)) => "handover",
        Some(Overlay::Custom(_)) => "custom",
        Some(Overlay::Output(_)) => "output",
        Some(Overlay::Quit { .. }) => "quit",
    }
}

/// The last thing that was said.
pub(crate) fn said(state: &State) -> &str {
    state
        .interface
        .messages
        .back()
        .map_or("", |message| message.text.as_str())
}

/// The selected service.
pub(crate) fn selected(state: &State) -> &str {
    state
        .interface
        .cursor
        .as_ref()
        .map_or("", |cursor| cursor.service.as_str())
}

fn sha(number: u8) -> Sha {
    Sha::from(
        format!("{number:x}")
            .repeat(40)
            .get(..40)
            .unwrap_or("")
            .to_owned(),
    )
}

fn policy() -> Policy {
    let stage = |environment: &str, gates: Vec<GateSpec>| Stage {
        environment: environment.into(),
        gates: gates.into(),
        via: Via::Deployment,
        mode: Mode::Confirm,
        verification: None,
    };
    let sign_off = GateSpec::SignOff {
        roles: vec!["qa".into(), "sre".into()],
        distinct: true,
        at_close: AtClose::Keep,
    };
    let service = |name: &str| Service {
        name: name.into(),
        forge: "github".into(),
        kind: crate::domain::forge_kind::ForgeKind::GitHub,
        environments: crate::domain::policy::EnvironmentModel::Native,
        repo: format!("acme/{name}").into(),
        branch: None,
        revision: None,
        depends: Vec::new(),
        scope: crate::domain::scope::ScopeRule::usual(),
        group: Some(if name == "billing" { "money" } else { "front" }.to_owned()),
        path: vec![
            stage("staging", vec![GateSpec::Fresh]),
            stage("production", vec![GateSpec::Fresh, sign_off.clone()]),
        ],
    };
    let environment = |name: &str, protected: bool| {
        let environment = Environment {
            name: name.into(),
            tier: "standard".to_owned(),
            protected,
            mode: Mode::Confirm,
            overrides: crate::domain::override_::OverrideRule::default(),
            risk: crate::domain::risk::RiskRule::default(),
            countdown: crate::domain::policy::COUNTDOWN,
            verification: None,
            brakes: crate::domain::brake::Brakes::default(),
        };
        (EnvironmentName::from(name), environment)
    };
    Policy {
        releases: Vec::new(),
        version: Digest::of(["test"]).into(),
        max_age: SignedDuration::from_secs(60),
        environments: BTreeMap::from([
            environment("staging", false),
            environment("production", true),
        ]),
        services: ["api", "billing", "search", "web"]
            .map(|name| Arc::new(service(name)))
            .to_vec(),
        windows: Vec::new(),
        roles: BTreeMap::from([
            (RoleName::from("qa"), BTreeSet::from(["alice".into()])),
            (RoleName::from("sre"), BTreeSet::from(["carol".into()])),
        ]),
    }
}

/// Staging has revision 2 (which is also the head), production has 1; web has 2 in both.
fn facts(service: &str) -> ServiceFacts {
    let deployment = |id: u64, environment: &str, number: u8| Deployment {
        id: DeploymentId(id),
        environment: environment.into(),
        sha: sha(number),
        git_ref: None,
        phase: Phase::Succeeded,
        raw: "success".to_owned(),
        created_at: now() - SignedDuration::from_hours(24),
        changed_at: now() - SignedDuration::from_hours(24),
        creator: Some("bob".into()),
        description: None,
        url: Some(format!("https://{service}.example/{environment}")),
        key: None,
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    };
    let live = if service == "web" { 2 } else { 1 };
    ServiceFacts {
        repo: format!("acme/{service}").into(),
        url: format!("https://github.com/acme/{service}"),
        archived: false,
        permission: Permission::Write,
        default_branch: Some("main".to_owned()),
        head: Some(Head {
            sha: sha(2),
            headline: "retry".to_owned(),
            author: None,
            at: None,
        }),
        checks: Few::new(),
        environments: Vec::new(),
        deployments: vec![
            deployment(2, "production", live),
            deployment(1, "staging", 2),
        ],
        runs: Vec::new(),
        open_pull_requests: 0,
        pull_requests: Vec::new(),
        releases: Vec::new(),
        labelled: BTreeMap::new(),
        gaps: Vec::new(),
        hidden: Vec::new(),
    }
}

/// Makes what is known of a service too old to act on.
pub(crate) fn stale(state: &mut State, service: &str) {
    observed(state, service, now() - SignedDuration::from_hours(1));
}

/// Reads a service again, with the same answer.
pub(crate) fn fresh(state: &mut State, service: &str) {
    observed(state, service, now());
}

fn observed(state: &mut State, service: &str, at: Timestamp) {
    let name = ServiceName::from(service);
    state.engine.board.version += 1;
    for row in &mut state.engine.board.rows {
        if row.service.name == name {
            let value = row.facts.value().cloned().expect("facts");
            row.facts = Fact::observed(value, at);
            row.version = state.engine.board.version;
        }
    }
}

/// An entry of alice's about api in production, at a place of the journal.
pub(crate) fn entry(
    (event, seq): (crate::domain::entry::Event, i64),
) -> crate::domain::entry::Entry {
    let hash = Digest::of([seq.to_string().as_str()]);
    crate::domain::entry::Entry {
        seq: crate::domain::ids::Seq(seq),
        draft: crate::domain::entry::Draft {
            at: now(),
            actor: "alice".into(),
            service: Some("api".into()),
            environment: Some("production".into()),
            revision: Some(sha(2)),
            reason: Some("weekly".to_owned()),
            policy: Digest::of(["test"]),
            event,
        },
        previous: hash.clone(),
        hash,
    }
}
