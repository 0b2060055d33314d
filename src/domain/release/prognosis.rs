//! The prognosis of a release: what will move in which order, what will not and why, when each wave
//! can start and end at the earliest, and whether that fits the window and the due time.
//!
//! It starts nothing and promises nothing: it is what `run` does on facts that stay as they are.

use jiff::{SignedDuration, Timestamp};

use super::Release;
use super::agenda::{Agenda, Move};
use crate::domain::board::{Basis, Board, Others};
use crate::domain::cell::Cell;
use crate::domain::foresight;
use crate::domain::gate::{Earliest, State, Verdict, words};
use crate::domain::ids::{Digest, EnvironmentName, ReleaseName, ServiceName};
use crate::domain::policy::GateSpec;
use crate::domain::window::{Schedule, Window};

/// How long a promotion takes, from history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Deployment and verification together, nine times out of ten; `None` with too little history.
    pub p90: Option<SignedDuration>,
    /// How many promotions it rests on.
    pub samples: usize,
    /// The environment whose promotions those were, if not the one it is about.
    pub like: Option<EnvironmentName>,
    /// Why it is not known, where the forge's records say why.
    pub unmeasured: Option<&'static str>,
}

impl Estimate {
    /// Why it is not known how long it takes.
    pub fn why(&self) -> &'static str {
        self.unmeasured.unwrap_or("too little history")
    }
}

/// What a release would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prognosis {
    pub name: ReleaseName,
    /// `Agenda::digest`: what it is a prognosis of.
    pub digest: Digest,
    /// Waves in which something moves.
    pub waves: Vec<Wave>,
    pub skipped: Vec<(ServiceName, String)>,
    pub ends: Option<Timestamp>,
    pub fits: Fit,
}

/// One wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// From 0, as in the policy.
    pub number: usize,
    pub services: Vec<Planned>,
    /// `None` when nobody can say.
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
}

/// One service of a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub moved: Move,
    pub estimate: Estimate,
    /// When its own gates open, leaving out what earlier waves of this release open.
    pub earliest: Earliest,
    /// The latest instant that any of its gates is known to wait for, whoever else is needed.
    pub not_before: Option<Timestamp>,
    /// The gates that are in the way now.
    pub blocked: Vec<Blocked>,
    /// The gates that pass now, and no more when the wave starts: the votes end with the window.
    pub lapses: Vec<Blocked>,
}

/// A gate in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub gate: String,
    pub state: State,
    pub why: String,
    /// When it opens by itself, as far as is known.
    pub opens_at: Option<Timestamp>,
    /// Who can open it, where time does not.
    pub who: Option<String>,
}

/// Whether it fits the window and the due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    Fits,
    No(String),
    /// The end is not known.
    Unknown(String),
}

impl Fit {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::No(_) => "does not fit",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// How many times the windows of a wave's services are asked for a common opening.
const ROUNDS: usize = 50;

/// Makes a prognosis at `basis.now`. `estimate` tells how long a service takes.
pub fn of(
    release: &Release,
    board: &Board,
    basis: Basis<'_>,
    estimate: impl Fn(&ServiceName) -> Estimate,
) -> Prognosis {
    let agenda = Agenda::of(release, board, basis.ledger);
    let mut waves: Vec<Wave> = Vec::new();
    let mut free = Some(basis.now);
    for number in 0..release.waves.len() {
        let mut services: Vec<Planned> = agenda
            .moves()
            .filter(|moved| moved.wave == number)
            .map(|moved| planned(release, board, moved, estimate(&moved.service), basis))
            .collect();
        if services.is_empty() {
            continue;
        }
        let starts = free.and_then(|free| starts(release, &services, free, basis));
        if let Some(at) = starts.filter(|at| *at > basis.now) {
            for planned in &mut services {
                planned.lapses = lapses(board, &planned.moved, basis, at);
            }
        }
        // One that nobody knows makes the whole wave's end unknown.
        let known: Option<Vec<_>> = services.iter().map(|each| each.estimate.p90).collect();
        let longest = known.and_then(|known| known.into_iter().max());
        let ends = starts.and_then(|starts| starts.checked_add(longest?).ok());
        free = ends;
        waves.push(Wave {
            number,
            services,
            starts,
            ends,
        });
    }
    let ends = waves.last().and_then(|wave| wave.ends);
    Prognosis {
        name: release.name.clone(),
        digest: agenda.digest.clone(),
        fits: fits(release, &agenda, &waves, basis),
        skipped: agenda
            .skipped()
            .map(|(service, why)| (service.clone(), why))
            .collect(),
        waves,
        ends,
    }
}

fn planned(
    release: &Release,
    board: &Board,
    moved: &Move,
    estimate: Estimate,
    basis: Basis<'_>,
) -> Planned {
    let now = basis.now;
    let cell = board.cell(&moved.service, &moved.environment);
    let blocking: Vec<&Verdict> = cell
        .map(|cell| in_the_way(release, moved, cell, basis))
        .unwrap_or_default();
    let blocked = blocking
        .iter()
        .map(|verdict| blocked(verdict, now))
        .collect();
    Planned {
        moved: moved.clone(),
        estimate,
        earliest: earliest(&blocking, now),
        not_before: latest(&blocking, now).map(|(at, _)| at),
        blocked,
        lapses: Vec::new(),
    }
}

/// The gates of votes that pass now and not `at` a later instant, if everything stays as it is (W5).
fn lapses(board: &Board, moved: &Move, basis: Basis<'_>, at: Timestamp) -> Vec<Blocked> {
    let found = || {
        let row = board.row(&moved.service)?;
        let cell = row.cell(&moved.environment)?;
        let stage = row.service.stage(&moved.environment)?;
        let others = Others(board);
        let sources = row.sources(row.scope_of(cell), &others, basis);
        let then = foresight::judge(sources, stage, basis.now, at);
        let passes = |gate: &str| {
            let mut verdicts = cell.judgement.verdicts.iter();
            verdicts.any(|now| now.gate == gate && now.state_at(basis.now).passes())
        };
        let closing = then.judgement.blocking(at);
        let closing = closing.filter(|verdict| {
            ["sign-off", "risk"].contains(&verdict.gate.as_str()) && passes(&verdict.gate)
        });
        Some(closing.map(|verdict| blocked(verdict, at)).collect())
    };
    found().unwrap_or_default()
}

fn blocked(verdict: &Verdict, at: Timestamp) -> Blocked {
    let opens = opens(verdict, at);
    Blocked {
        gate: verdict.gate.clone(),
        state: verdict.state_at(at),
        why: verdict.why.clone(),
        opens_at: opens,
        who: opens.map_or_else(|| verdict.who.clone(), |_| None),
    }
}

/// The gates of a move that do not pass, but for `depends` where earlier waves see to all of it, and
/// for the votes on the release itself.
pub fn in_the_way<'a>(
    release: &Release,
    moved: &Move,
    cell: &'a Cell,
    basis: Basis<'_>,
) -> Vec<&'a Verdict> {
    let Basis {
        policy,
        ledger,
        now,
        ..
    } = basis;
    let earlier = |service: &ServiceName| {
        let wave = release.wave_of(service);
        let dropped = ledger.and_then(|ledger| ledger.dropped(&release.name, service));
        wave.is_some_and(|wave| wave < moved.wave) && dropped.is_none()
    };
    let seen_to = policy
        .service(&moved.service)
        .is_some_and(|service| service.depends.iter().all(|need| earlier(&need.service)));
    let of_releases = (policy.releases.iter())
        .filter(|other| other.still_ships(&moved.service, &moved.environment, ledger))
        .count();
    cell.judgement
        .blocking(now)
        .filter(|verdict| !(seen_to && verdict.gate == GateSpec::Depends.name()))
        // Who says no-go to this release is told of the release, not once more of each service.
        .filter(|verdict| of_releases != 1 || verdict.gate != GateSpec::Release.name())
        .collect()
}

/// When a gate opens by itself, if that is known and still to come.
fn opens(verdict: &Verdict, now: Timestamp) -> Option<Timestamp> {
    verdict.opens_at.filter(|opens| *opens > now)
}

/// The gate that opens last of those that open by themselves, and when.
fn latest<'a>(blocking: &[&'a Verdict], now: Timestamp) -> Option<(Timestamp, &'a str)> {
    let timed = blocking.iter();
    let timed = timed.filter_map(|verdict| Some((opens(verdict, now)?, verdict.gate.as_str())));
    timed.max_by_key(|(at, _)| *at)
}

/// What nobody can foresee outweighs a person, and a person outweighs time.
fn earliest(blocking: &[&Verdict], now: Timestamp) -> Earliest {
    let untimed = || {
        let all = blocking.iter();
        all.filter(move |verdict| opens(verdict, now).is_none())
    };
    if let Some(stuck) = untimed().find(|verdict| verdict.who.is_none()) {
        return Earliest::NoKnownTime {
            gate: stuck.gate.clone(),
        };
    }
    let person = untimed().find_map(|verdict| Some((verdict, verdict.who.as_ref()?)));
    if let Some((verdict, who)) = person {
        return Earliest::NeedsPerson {
            gate: verdict.gate.clone(),
            who: who.clone(),
        };
    }
    latest(blocking, now).map_or(Earliest::Now, |(at, gate)| Earliest::At {
        at,
        gate: gate.to_owned(),
    })
}

/// The first instant from `free` on at which every service of a wave may start. Where a person is
/// needed, it is taken that the person acts in time: the prognosis names whom it waits for. What is
/// known to wait for a time waits for it all the same.
fn starts(
    release: &Release,
    services: &[Planned],
    free: Timestamp,
    basis: Basis<'_>,
) -> Option<Timestamp> {
    let mut at = free;
    for planned in services {
        if matches!(planned.earliest, Earliest::NoKnownTime { .. }) {
            return None;
        }
        at = planned.not_before.map_or(at, |opens| at.max(opens));
    }
    for _ in 0..ROUNDS {
        let mut next = at;
        for planned in services {
            let service = &planned.moved.service;
            let schedule =
                Schedule::new(&basis.policy.windows, service, &planned.moved.environment);
            next = next.max(schedule.opens_at(next)?);
        }
        if let Some(window) = own_window(release, basis) {
            next = next.max(Schedule::only(window).opens_at(next)?);
        }
        if next == at {
            return Some(at);
        }
        at = next;
    }
    None
}

fn own_window<'a>(release: &Release, basis: Basis<'a>) -> Option<&'a Window> {
    let name = release.window.as_ref()?;
    let mut windows = basis.policy.windows.iter();
    windows.find(|window| window.name == *name)
}

fn fits(release: &Release, agenda: &Agenda, waves: &[Wave], basis: Basis<'_>) -> Fit {
    // Votes or not: a release does not start with one of its services stuck.
    if let Some((service, why)) = agenda.stuck().next() {
        return Fit::No(format!(
            "it does not start while {service} is stuck: {why}; it can be left behind"
        ));
    }
    let Some(last) = waves.last() else {
        return Fit::Fits;
    };
    if let Some(wave) = waves.iter().find(|wave| wave.starts.is_none()) {
        return Fit::Unknown(format!(
            "nobody can say when wave {} starts",
            wave.number + 1
        ));
    }
    let Some(ends) = last.ends else {
        let services = waves.iter().flat_map(|wave| &wave.services);
        let unknown = services.filter(|planned| planned.estimate.p90.is_none());
        let unknown = unknown
            .map(|planned| format!("{} ({})", planned.moved.service, planned.estimate.why()));
        return Fit::Unknown(format!(
            "nobody knows how long it takes to get there: {}",
            words::list(unknown)
        ));
    };
    if let Some(due) = release.due.filter(|due| ends > *due) {
        return Fit::No(format!(
            "it ends at {}, after it is due at {}",
            words::instant(ends, basis.now),
            words::instant(due, basis.now)
        ));
    }
    if let Some(window) = own_window(release, basis) {
        let begin = waves.first().and_then(|wave| wave.starts);
        let state = begin.map(|begin| Schedule::only(window).state(begin));
        let closes = state.and_then(|state| state.changes_at);
        if let Some(closes) = closes.filter(|closes| ends > *closes) {
            return Fit::No(format!(
                "it ends at {}, after window {} closes at {}",
                words::instant(ends, basis.now),
                window.name,
                words::instant(closes, basis.now)
            ));
        }
    }
    Fit::Fits
}
