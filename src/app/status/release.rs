//! Releases as plain values with a stable JSON form: how one stands, what it would do, how far its
//! run is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::{EarliestStatus, RevisionStatus};
use crate::app::engine::Engine;
use crate::domain::gate::Earliest;
use crate::domain::ledger::Ledger;
use crate::domain::release::Release;
use crate::domain::release::agenda::Standing;
use crate::domain::release::decision::{Decision, Said, difference};
use crate::domain::release::past;
use crate::domain::release::prognosis::{Blocked, Fit, Planned, Prognosis};
use crate::domain::release::run::{Ending, Progress, Run};

/// One of `release list --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ReleaseStatus {
    pub name: String,
    pub services: Vec<String>,
    pub waves: Vec<Vec<String>>,
    pub verdict: &'static str,
    pub votes: Vec<VoteStatus>,
    /// What was dropped from it and not taken back.
    pub dropped: Vec<DroppedStatus>,
    pub due: Option<Timestamp>,
    pub window: Option<String>,
    /// What becomes of a go when that window closes, `keep` or `withdraw`; `null` without one.
    pub at_close: Option<&'static str>,
    /// When the first go that counts ends with the window.
    pub votes_until: Option<Timestamp>,
    /// `planned`, or of the run that goes on or ended last: `running`, `shipped`, `stopped`, `cancelled`.
    /// One that has something newer to ship is `planned` again.
    pub state: &'static str,
    /// What happened: when its first promotion was sent, and when its last was live and verified.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// What would happen, while it is `planned`.
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
}

/// A service that is left behind on purpose.
#[derive(Clone, Debug, Serialize)]
pub struct DroppedStatus {
    pub service: String,
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
}

/// What one required role has said.
#[derive(Clone, Debug, Serialize)]
pub struct VoteStatus {
    pub role: String,
    /// `go`, `no-go`, `void`, `not-a-member`, `withdrawn` (with its window), `missing`.
    pub state: &'static str,
    pub person: Option<String>,
    /// Who has the role, where its go is to come.
    pub may: Vec<String>,
    pub at: Option<Timestamp>,
    pub note: Option<String>,
    /// What the voter saw, in words.
    pub saw: Option<String>,
    /// Of a void vote: what has changed since.
    pub difference: Vec<String>,
    /// Of a go: when the release's window closed after it was cast, and it counts on or is withdrawn.
    pub closed_at: Option<Timestamp>,
}

/// `release show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ReleaseDetail {
    pub schema: u32,
    #[serde(flatten)]
    pub status: ReleaseStatus,
    pub environment: String,
    pub owner: Option<String>,
    /// What votes are bound to, and that in words.
    pub digest: String,
    pub set: String,
    /// What is in the way, a sentence each.
    pub why: Vec<String>,
    pub moves: Vec<MoveStatus>,
    pub skipped: Vec<SkippedStatus>,
    /// The run that goes on, else the last one.
    pub run: Option<RunStatus>,
}

/// `release plan --json`.
#[derive(Clone, Debug, Serialize)]
pub struct PlanStatus {
    pub schema: u32,
    pub name: String,
    pub environment: String,
    pub digest: String,
    pub due: Option<Timestamp>,
    pub window: Option<String>,
    pub waves: Vec<WaveStatus>,
    pub skipped: Vec<SkippedStatus>,
    /// `null` where nobody can say.
    pub fits: Option<bool>,
    pub fits_why: Option<String>,
    /// The goes end with the window before wave `wave` (from 1) starts, at `at`: each role votes again.
    pub votes_end: Option<VotesEndStatus>,
    pub ends: Option<Timestamp>,
    pub moves: Vec<MoveStatus>,
    /// It has shipped: then `waves` and `ends` are what happened.
    pub shipped: Option<ShippedStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct VotesEndStatus {
    pub wave: usize,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
pub struct ShippedStatus {
    pub by: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
pub struct WaveStatus {
    pub services: Vec<String>,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SkippedStatus {
    pub service: String,
    pub why: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct MoveStatus {
    pub service: String,
    /// From 1.
    pub wave: usize,
    pub from: Option<RevisionStatus>,
    pub to: RevisionStatus,
    /// Of a move that needs a person, `at` is before when it cannot go whoever acts.
    pub earliest: EarliestStatus,
    /// Nine of ten promotions took no longer, in seconds; and of how many that is known.
    pub p90_seconds: Option<i64>,
    pub samples: usize,
    /// The environment in which that was seen, if not in the release's own.
    pub p90_of: Option<String>,
    /// Why that is not known.
    pub p90_why: Option<&'static str>,
    pub blocked: Vec<BlockedStatus>,
    /// Gates that pass now, and no more when the wave starts.
    pub lapses: Vec<BlockedStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct BlockedStatus {
    pub gate: String,
    pub verdict: &'static str,
    pub why: String,
    /// When it opens by itself, else who can open it, as far as either is known.
    pub opens_at: Option<Timestamp>,
    pub who: Option<String>,
}

/// A run of a release.
#[derive(Clone, Debug, Serialize)]
pub struct RunStatus {
    pub id: String,
    /// `running`, `shipped`, `stopped`, `cancelled`.
    pub state: &'static str,
    pub why: Option<String>,
    pub by: String,
    pub driver: String,
    /// Whether the gonogo that drives it is there; `null` if that cannot be told.
    pub driver_seen: Option<bool>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Why nothing more is started for now.
    pub standstill: Option<String>,
    pub moves: Vec<ProgressStatus>,
    /// After a failure: the order in which to go back.
    pub rollback: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ProgressStatus {
    pub service: String,
    pub wave: usize,
    pub from: Option<RevisionStatus>,
    pub to: RevisionStatus,
    /// `ready`, `blocked`, `in-flight`, `arrived`, `failed`; of a run that has ended `not-started`.
    pub state: &'static str,
    pub why: Option<String>,
    /// When it was sent, and when it was live and verified.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl ReleaseStatus {
    pub fn of(engine: &Engine, release: &Release, now: Timestamp) -> Self {
        let (decision, prognosis) = (
            engine.decision(release, now),
            engine.prognosis(release, now),
        );
        Self::decided(engine, release, &decision, &prognosis)
    }

    fn decided(
        engine: &Engine,
        release: &Release,
        decision: &Decision<'_>,
        prognosis: &Prognosis,
    ) -> Self {
        let run = engine.last_run(&release.name).filter(|run| {
            // What somebody stopped is planned again as long as something is left.
            let over = run.ended.is_some() && !run.has_shipped();
            decision.run.is_some()
                || decision.shipped.is_some()
                || over && prognosis.waves.is_empty()
        });
        let past = run.zip(engine.ledger.as_ref());
        let past = past.map(|(run, ledger)| past::of(run, &run.moves, ledger));
        let past = past.unwrap_or_default();
        let planned = run.is_none();
        Self {
            state: run.map_or("planned", state),
            started_at: past.started,
            ended_at: past.ended,
            starts: prognosis
                .waves
                .first()
                .and_then(|wave| wave.starts)
                .filter(|_| planned),
            ends: prognosis.ends.filter(|_| planned),
            name: release.name.to_string(),
            services: release
                .items
                .iter()
                .map(|item| item.service.to_string())
                .collect(),
            waves: release
                .waves
                .iter()
                .map(|wave| wave.iter().map(ToString::to_string).collect())
                .collect(),
            verdict: decision.go.word(),
            votes: votes(engine, decision),
            dropped: dropped(decision),
            due: release.due,
            at_close: release.window.as_ref().map(|_| release.at_close.word()),
            votes_until: decision.goes_until(),
            window: release.window.clone(),
        }
    }
}

fn dropped(decision: &Decision<'_>) -> Vec<DroppedStatus> {
    let items = decision.agenda.items.iter();
    items
        .filter_map(|(service, standing)| match standing {
            Standing::Dropped(dropped) => Some(DroppedStatus {
                service: service.to_string(),
                by: dropped.by.to_string(),
                at: dropped.at,
                reason: dropped.reason.clone(),
            }),
            Standing::Moves(_) | Standing::Level(_) | Standing::Stuck(_) => None,
        })
        .collect()
}

fn votes(engine: &Engine, decision: &Decision<'_>) -> Vec<VoteStatus> {
    decision
        .roles()
        .into_iter()
        .map(|(role, said)| {
            let ballot = said.ballot();
            let void = matches!(said, Said::Void(_));
            let members = engine.policy.roles.get(role).into_iter().flatten();
            VoteStatus {
                role: role.to_string(),
                state: match said {
                    Said::Go(_) => "go",
                    Said::NoGo(_) => "no-go",
                    Said::Void(_) => "void",
                    Said::NotAMember(_) => "not-a-member",
                    Said::Withdrawn(..) => "withdrawn",
                    Said::Nothing => "missing",
                },
                person: ballot.map(|ballot| ballot.person.to_string()),
                may: match said {
                    Said::Go(_) | Said::NoGo(_) => Vec::new(),
                    Said::Void(_) | Said::NotAMember(_) | Said::Withdrawn(..) | Said::Nothing => {
                        members.map(ToString::to_string).collect()
                    }
                },
                at: ballot.map(|ballot| ballot.at),
                note: ballot
                    .map(|ballot| ballot.note.to_owned())
                    .filter(|note| !note.is_empty()),
                saw: ballot.map(|ballot| ballot.saw.to_owned()),
                difference: ballot
                    .filter(|_| void)
                    .map(|ballot| difference(ballot.saw, &decision.words))
                    .unwrap_or_default(),
                closed_at: match said {
                    Said::Go(ballot) => decision.closed_since(&ballot),
                    Said::Withdrawn(_, at) => Some(at),
                    Said::NoGo(_) | Said::Void(_) | Said::NotAMember(_) | Said::Nothing => None,
                },
            }
        })
        .collect()
}

impl ReleaseDetail {
    pub fn of(engine: &Engine, release: &Release, now: Timestamp) -> Self {
        let decision = engine.decision(release, now);
        let prognosis = engine.prognosis(release, now);
        let run = engine.last_run(&release.name);
        Self {
            schema: super::SCHEMA,
            status: ReleaseStatus::decided(engine, release, &decision, &prognosis),
            environment: release.environment.to_string(),
            owner: release.owner.as_ref().map(ToString::to_string),
            digest: decision.bound.to_string(),
            set: decision.words.clone(),
            why: decision.why.clone(),
            moves: moves(&prognosis),
            skipped: skipped(&prognosis),
            run: run.map(|run| RunStatus::of(engine, run, now)),
        }
    }
}

/// Whom a release that fits waits for: it is taken that they act in time, and nobody knows that.
fn in_time(prognosis: &Prognosis) -> Option<String> {
    let services = prognosis.waves.iter().flat_map(|wave| &wave.services);
    let persons: Vec<String> = services
        .filter_map(|planned| match &planned.earliest {
            Earliest::NeedsPerson { gate, who } => {
                Some(format!("{who} ({gate} of {})", planned.moved.service))
            }
            _ => None,
        })
        .collect();
    (!persons.is_empty()).then(|| format!("as long as they act in time: {}", persons.join(", ")))
}

impl PlanStatus {
    pub fn of(engine: &Engine, release: &Release, now: Timestamp) -> Self {
        let prognosis = engine.prognosis(release, now);
        // Of what has shipped, and has nothing newer, the plan is what happened.
        let decision = engine.decision(release, now);
        let shipped = decision
            .shipped
            .and_then(|run| Some((run, engine.ledger.as_ref()?)));
        if let Some((run, ledger)) = shipped {
            return Self::happened(release, run, ledger, &prognosis);
        }
        let (fits, fits_why) = match &prognosis.fits {
            Fit::Fits => (Some(true), in_time(&prognosis)),
            Fit::No(why) => (Some(false), Some(why.clone())),
            Fit::Unknown(why) => (None, Some(why.clone())),
        };
        Self {
            schema: super::SCHEMA,
            name: release.name.to_string(),
            environment: release.environment.to_string(),
            digest: prognosis.digest.to_string(),
            due: release.due,
            window: release.window.clone(),
            waves: prognosis
                .waves
                .iter()
                .map(|wave| WaveStatus {
                    services: wave
                        .services
                        .iter()
                        .map(|planned| planned.moved.service.to_string())
                        .collect(),
                    starts: wave.starts,
                    ends: wave.ends,
                })
                .collect(),
            skipped: skipped(&prognosis),
            fits,
            fits_why,
            votes_end: (decision.lapses(&prognosis))
                .map(|(wave, at)| VotesEndStatus { wave: wave + 1, at }),
            ends: prognosis.ends,
            moves: moves(&prognosis),
            shipped: None,
        }
    }

    fn happened(release: &Release, run: &Run, ledger: &Ledger, prognosis: &Prognosis) -> Self {
        let numbers: BTreeSet<usize> = run.moves.iter().map(|moved| moved.wave).collect();
        let wave = |number: usize| {
            let moves = || run.moves.iter().filter(move |moved| moved.wave == number);
            let past = past::of(run, moves(), ledger);
            WaveStatus {
                services: moves().map(|moved| moved.service.to_string()).collect(),
                starts: past.started,
                ends: past.ended,
            }
        };
        let past = past::of(run, &run.moves, ledger);
        Self {
            schema: super::SCHEMA,
            name: release.name.to_string(),
            environment: release.environment.to_string(),
            digest: run.digest.to_string(),
            due: release.due,
            window: release.window.clone(),
            waves: numbers.into_iter().map(wave).collect(),
            skipped: skipped(prognosis),
            fits: None,
            fits_why: Some("it has shipped, and nothing newer is there".to_owned()),
            votes_end: None,
            ends: past.ended,
            moves: Vec::new(),
            shipped: Some(ShippedStatus {
                by: run.by.to_string(),
                started_at: past.started,
                ended_at: past.ended,
            }),
        }
    }
}

fn moves(prognosis: &Prognosis) -> Vec<MoveStatus> {
    let planned = prognosis.waves.iter().flat_map(|wave| &wave.services);
    planned.map(move_status).collect()
}

fn move_status(planned: &Planned) -> MoveStatus {
    MoveStatus {
        service: planned.moved.service.to_string(),
        wave: planned.moved.wave + 1,
        from: planned.moved.from.as_ref().map(RevisionStatus::of),
        to: RevisionStatus::of(&planned.moved.to),
        earliest: EarliestStatus {
            at: planned.not_before,
            ..EarliestStatus::of(&planned.earliest)
        },
        p90_seconds: planned.estimate.p90.map(|p90| p90.as_secs()),
        samples: planned.estimate.samples,
        p90_why: (planned.estimate.p90.is_none()).then(|| planned.estimate.why()),
        p90_of: planned.estimate.like.as_ref().map(ToString::to_string),
        blocked: planned.blocked.iter().map(BlockedStatus::of).collect(),
        lapses: planned.lapses.iter().map(BlockedStatus::of).collect(),
    }
}

impl BlockedStatus {
    fn of(blocked: &Blocked) -> Self {
        Self {
            gate: blocked.gate.clone(),
            verdict: blocked.state.word(),
            why: blocked.why.clone(),
            opens_at: blocked.opens_at,
            who: blocked.who.clone(),
        }
    }
}

fn skipped(prognosis: &Prognosis) -> Vec<SkippedStatus> {
    prognosis
        .skipped
        .iter()
        .map(|(service, why)| SkippedStatus {
            service: service.to_string(),
            why: why.clone(),
        })
        .collect()
}

fn state(run: &Run) -> &'static str {
    run.ended
        .as_ref()
        .map_or("running", |ended| ended.how.word())
}

impl RunStatus {
    pub fn of(engine: &Engine, run: &Run, now: Timestamp) -> Self {
        let progress = |moved: &_| engine.progress(run, moved, now);
        let why = run.ended.as_ref().and_then(|ended| match &ended.how {
            Ending::Shipped => None,
            Ending::Stopped { why } | Ending::Cancelled { why } => Some(why.clone()),
        });
        Self {
            id: run.id.to_string(),
            state: state(run),
            why,
            by: run.by.to_string(),
            driver: run.driver.to_string(),
            driver_seen: run
                .ended
                .is_none()
                .then(|| engine.driver_is_seen(run))
                .flatten(),
            started_at: run.started_at,
            ended_at: run.ended.as_ref().map(|ended| ended.at),
            standstill: run
                .ended
                .is_none()
                .then(|| engine.standstill(run, now))
                .flatten(),
            moves: run
                .moves
                .iter()
                .map(|moved| {
                    let (state, why) = match progress(moved) {
                        // Nobody will start it any more: what its gates say now is another matter.
                        Progress::Ready | Progress::Blocked(_) if run.ended.is_some() => {
                            ("not-started", None)
                        }
                        progress => words(progress),
                    };
                    let ledger = engine.ledger.as_ref();
                    let past = ledger.map(|ledger| past::of(run, [moved], ledger));
                    let past = past.unwrap_or_default();
                    ProgressStatus {
                        started_at: past.started,
                        ended_at: past.ended,
                        service: moved.service.to_string(),
                        wave: moved.wave + 1,
                        from: moved.from.as_ref().map(RevisionStatus::of),
                        to: RevisionStatus::of(&moved.to),
                        state,
                        why,
                    }
                })
                .collect(),
            rollback: engine.way_home(run, now),
        }
    }
}

fn words(progress: Progress) -> (&'static str, Option<String>) {
    match progress {
        Progress::Ready => ("ready", None),
        Progress::Blocked(why) => ("blocked", Some(why)),
        Progress::InFlight => ("in-flight", None),
        Progress::Arrived => ("arrived", None),
        Progress::Failed(why) => ("failed", Some(why)),
    }
}
