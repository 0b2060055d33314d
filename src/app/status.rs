//! Status: the engine's cells as plain values with a stable, versioned JSON form, for the command
//! line. The board draws the same cells; neither computes a verdict of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use self::brake::BrakeStatus;
use self::denied::DenialStatus;
use self::scope::RiskStatus;
use super::engine::{Engine, JournalState};
use crate::domain::board::Row;
use crate::domain::cell::{Cell, CellState, superseded};
use crate::domain::fault::FaultKind;
use crate::domain::gate::{Earliest, Verdict};
use crate::domain::hold::{Cover, Hold};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::revision::Revision;
use crate::domain::verification::Standing;

pub mod brake;
pub mod denied;
pub mod release;
pub mod scope;
pub mod trace;

/// The version of every JSON form that the command line prints.
pub const SCHEMA: u32 = 1;

/// `gonogo status --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    pub schema: u32,
    pub at: Timestamp,
    pub forges: Vec<ForgeStatus>,
    pub services: Vec<ServiceStatus>,
    /// Why the journal could not be read; null where it was.
    pub journal: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ForgeStatus {
    pub name: String,
    pub kind: String,
    /// `ok`, `unknown`, or the kind of fault.
    pub state: String,
    pub why: Option<String>,
    pub observed_at: Option<Timestamp>,
    pub budget: Option<BudgetStatus>,
    /// The server's version, where it is not the hosted one.
    pub version: Option<String>,
    /// What the forge can do with this token; null until that is known.
    pub capabilities: Option<Vec<&'static str>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct BudgetStatus {
    pub remaining: Option<u64>,
    pub limit: Option<u64>,
    pub resets_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ServiceStatus {
    pub name: String,
    pub forge: String,
    pub repo: String,
    /// Why nothing newer is known, if something is wrong.
    pub fault: Option<String>,
    /// What the forge can do with this token in this repository; null until that is known.
    pub capabilities: Option<Vec<&'static str>>,
    /// What it could, and the token may not here: why, and what to do.
    pub denied: Vec<DenialStatus>,
    pub cells: Vec<CellStatus>,
    pub pull_requests: PullRequestStatus,
    pub pipeline: PipelineStatus,
}

#[derive(Clone, Debug, Serialize)]
pub struct PullRequestStatus {
    pub open: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PipelineStatus {
    pub head: Option<String>,
    pub state: Option<String>,
    pub failed: Option<u32>,
    pub pending: Option<u32>,
    pub total: Option<u32>,
}

/// One cell: `revision` is live, `candidate` would be promoted into it, and `verdict`, `earliest`
/// and `gates` judge that promotion.
#[derive(Clone, Debug, Serialize)]
pub struct CellStatus {
    pub environment: String,
    pub revision: Option<String>,
    pub version: Option<String>,
    /// What the board calls what it shows there: what is live, or what failed to replace it.
    #[serde(skip)]
    pub label: Option<String>,
    pub state: &'static str,
    pub deployed_at: Option<Timestamp>,
    pub deployed_by: Option<String>,
    pub observed_at: Option<Timestamp>,
    pub candidate: Option<RevisionStatus>,
    pub in_flight: Option<FlightStatus>,
    pub verdict: &'static str,
    /// Whether time alone opens what is closed, which the board calls waiting.
    #[serde(skip)]
    pub waits: bool,
    pub earliest: EarliestStatus,
    pub gates: Vec<GateStatus>,
    /// Those that cover the promotion into it, and those that name what is live.
    pub holds: Vec<HoldStatus>,
    /// What is live came there by another way than gonogo's.
    pub out_of_band: bool,
    /// `verifying`, `passed`, `failed`; null where the policy asks for none.
    pub verification: Option<&'static str>,
    /// Checks of what is live that turned red after its promotion, in words.
    pub red: Option<String>,
    /// When it is promoted by itself, if that is about to happen.
    pub auto_at: Option<Timestamp>,
    /// How much the candidate puts at stake, if what would move is known.
    pub risk: Option<RiskStatus>,
    /// What still waits to enter on the forge and is superseded by the candidate, newest first.
    pub superseded: Vec<RevisionStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RevisionStatus {
    pub revision: String,
    pub version: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FlightStatus {
    pub revision: String,
    pub version: Option<String>,
    /// What the board calls it.
    #[serde(skip)]
    pub label: String,
    pub phase: String,
    pub by: Option<String>,
    pub since: Timestamp,
    pub promotion: Option<String>,
}

/// When the promotion could go at the earliest.
#[derive(Clone, Debug, Serialize)]
pub struct EarliestStatus {
    /// `now`, `at`, `needs-person`, `no-known-time`, `nothing`.
    pub kind: &'static str,
    pub at: Option<Timestamp>,
    pub gate: Option<String>,
    pub who: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct GateStatus {
    pub name: String,
    pub verdict: &'static str,
    pub why: String,
    /// Since when it is so, where anybody can tell.
    pub since: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub evidence: Vec<crate::domain::gate::Evidence>,
    pub opens_when: Option<String>,
    pub opens_at: Option<Timestamp>,
    pub who: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct HoldStatus {
    pub id: String,
    pub scope: String,
    pub kind: &'static str,
    pub reason: String,
    pub owner: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// What becomes of it then: `end` or `ask`.
    pub then: &'static str,
    /// Its time is up, and it waits for an answer.
    pub asks: bool,
    /// Whether the forges stop what it stops, and how that is known.
    pub brake: BrakeStatus,
}

impl Status {
    /// The status of `services`, or of every service if there are none.
    pub fn of(
        engine: &Engine,
        kinds: impl Fn(&str) -> String,
        services: &[ServiceName],
        now: Timestamp,
    ) -> Self {
        let forges = engine
            .forges
            .iter()
            .map(|(name, forge)| {
                let known = forge.answered_at.is_some();
                let identity = forge.identity.as_ref();
                let incomplete = forge.incomplete();
                let state = match (&forge.fault, known) {
                    (Some(fault), _) => fault.kind.word(),
                    (None, true) if incomplete.is_some() => FaultKind::SingleSignOn.word(),
                    (None, true) => "ok",
                    (None, false) => "unknown",
                };
                ForgeStatus {
                    name: name.to_string(),
                    kind: kinds(name.as_str()),
                    state: state.to_owned(),
                    why: forge.fault.as_ref().map(|it| it.why.clone()).or(incomplete),
                    observed_at: forge.answered_at,
                    budget: forge.budget.limit.map(|_| BudgetStatus {
                        remaining: forge.budget.remaining,
                        limit: forge.budget.limit,
                        resets_at: forge.budget.resets_at,
                    }),
                    version: identity.and_then(|known| known.version.clone()),
                    capabilities: identity
                        .map(|known| known.capabilities.iter().map(|it| it.key()).collect()),
                }
            })
            .collect();
        let rows = engine.board.rows.iter();
        let named: BTreeSet<&ServiceName> = services.iter().collect();
        let wanted = rows.filter(|row| named.is_empty() || named.contains(&row.service.name));
        let services = wanted
            .map(|row| ServiceStatus::of(engine, row, now))
            .collect();
        Self {
            schema: SCHEMA,
            at: now,
            journal: match &engine.journal {
                JournalState::Unreachable { why, .. } => Some(why.clone()),
                JournalState::Unread => Some("it was not read in time".to_owned()),
                JournalState::Ready => None,
            },
            forges,
            services,
        }
    }
}

impl ServiceStatus {
    fn of(engine: &Engine, row: &Row, now: Timestamp) -> Self {
        let facts = row.facts.value();
        let head = facts.and_then(|facts| facts.head.as_ref());
        let checks = head.and_then(|head| facts?.checks.get(&head.sha));
        let missing = engine.missing(&row.service);
        Self {
            name: row.service.name.to_string(),
            forge: row.service.forge.to_string(),
            repo: facts
                .map_or(&row.service.repo, |facts| &facts.repo)
                .to_string(),
            fault: row.facts.fault.as_ref().map(ToString::to_string),
            capabilities: denied::capabilities(engine, row, &missing),
            denied: missing.iter().map(DenialStatus::of).collect(),
            cells: row
                .cells
                .iter()
                .map(|cell| CellStatus::of(engine, row, cell, now))
                .collect(),
            pull_requests: PullRequestStatus {
                open: facts.map(|facts| facts.open_pull_requests),
            },
            pipeline: PipelineStatus {
                head: head.map(|head| head.sha.to_string()),
                state: checks
                    .and_then(|checks| checks.phase.as_ref())
                    .map(|phase| phase.word().to_owned()),
                failed: checks.map(|checks| checks.failed),
                pending: checks.map(|checks| checks.pending),
                total: checks.map(|checks| checks.total),
            },
        }
    }
}

impl CellStatus {
    /// One cell, as `gates --json` and `check --json` print it too.
    pub fn of(engine: &Engine, row: &Row, cell: &Cell, now: Timestamp) -> Self {
        let state = cell.state(&row.facts, &engine.policy, now);
        let failed = cell.failed.as_ref().filter(|_| state == CellState::Failed);
        let shown = failed.or(cell.live.as_ref());
        Self {
            environment: cell.environment.to_string(),
            revision: cell.live.as_ref().map(|live| live.sha.to_string()),
            version: cell.live.as_ref().and_then(|live| live.version.clone()),
            label: shown.map(|shown| row.label(shown).to_owned()),
            state: state.word(),
            deployed_at: cell.deployed_at,
            deployed_by: cell.deployed_by.as_ref().map(ToString::to_string),
            observed_at: cell.observed_at,
            candidate: cell.candidate.as_ref().map(RevisionStatus::of),
            in_flight: cell.in_flight.as_ref().map(|flight| FlightStatus {
                revision: flight.revision.sha.to_string(),
                version: flight.revision.version.clone(),
                label: row.label(&flight.revision).to_owned(),
                phase: if flight.unsettled {
                    "unknown".into()
                } else {
                    flight.phase.word().to_owned()
                },
                by: flight.by.as_ref().map(ToString::to_string),
                since: flight.since,
                promotion: flight.intent.as_ref().map(ToString::to_string),
            }),
            verdict: cell.judgement.go_at(now).word(),
            waits: cell.next(&row.facts, &engine.policy, now) == CellState::Waiting,
            earliest: EarliestStatus::of(&cell.judgement.earliest),
            gates: cell
                .judgement
                .verdicts
                .iter()
                .map(|verdict| GateStatus::of(verdict, now))
                .collect(),
            holds: cell
                .holds
                .iter()
                .chain(&cell.against_live)
                .map(|hold| HoldStatus::on(engine, hold, &row.service.name, &cell.environment, now))
                .collect(),
            out_of_band: cell.out_of_band,
            verification: match cell.verification {
                Standing::NotAsked | Standing::Unknown => None,
                Standing::Verifying { .. } => Some("verifying"),
                Standing::Passed => Some("passed"),
                Standing::Failed { .. } => Some("failed"),
            },
            red: cell.red.clone(),
            auto_at: engine
                .countdown(&row.service.name, &cell.environment)
                .map(|countdown| countdown.ends_at),
            risk: row
                .risk_of(cell)
                .map(|risk| RiskStatus::of(risk, &engine.policy.risk_rule(&cell.environment))),
            superseded: superseded(row.facts.value(), &cell.environment)
                .iter()
                .map(|(older, _)| RevisionStatus::of(older))
                .collect(),
        }
    }

    /// Finds one cell.
    pub fn find(
        engine: &Engine,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<Self> {
        let row = engine.board.row(service)?;
        Some(Self::of(engine, row, row.cell(environment)?, now))
    }
}

impl RevisionStatus {
    pub fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.sha.to_string(),
            version: revision.version.clone(),
        }
    }

    /// The version, else the short SHA.
    pub fn label(&self) -> &str {
        self.version
            .as_deref()
            .or(self.revision.get(..7))
            .unwrap_or(&self.revision)
    }
}

impl EarliestStatus {
    fn of(earliest: &Earliest) -> Self {
        let nothing = Self {
            kind: "nothing",
            at: None,
            gate: None,
            who: None,
        };
        match earliest {
            Earliest::Now => Self {
                kind: "now",
                ..nothing
            },
            Earliest::At { at, gate } => Self {
                kind: "at",
                at: Some(*at),
                gate: Some(gate.clone()),
                ..nothing
            },
            Earliest::NeedsPerson { gate, who } => Self {
                kind: "needs-person",
                gate: Some(gate.clone()),
                who: Some(who.clone()),
                ..nothing
            },
            Earliest::NoKnownTime { gate } => Self {
                kind: "no-known-time",
                gate: Some(gate.clone()),
                ..nothing
            },
            Earliest::Nothing => nothing,
        }
    }
}

impl GateStatus {
    fn of(verdict: &Verdict, now: Timestamp) -> Self {
        Self {
            name: verdict.gate.clone(),
            verdict: verdict.state_at(now).word(),
            why: verdict.why_at(now).into_owned(),
            since: verdict.since_at(now),
            valid_until: verdict.valid_until,
            evidence: verdict.evidence.clone(),
            opens_when: verdict.opens_when.clone(),
            opens_at: verdict.opens_at,
            who: verdict.who.clone(),
        }
    }
}

impl HoldStatus {
    pub fn of(engine: &Engine, hold: &Hold, now: Timestamp) -> Self {
        Self::with(
            hold,
            BrakeStatus::of(&engine.bound_by(&hold.cover, now)),
            now,
        )
    }

    /// As one cell has it: of its brakes, this cell's alone.
    fn on(
        engine: &Engine,
        hold: &Hold,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Self {
        let here = Cover {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            revision: hold.cover.revision.clone(),
        };
        Self::with(hold, BrakeStatus::of(&engine.bound_by(&here, now)), now)
    }

    fn with(hold: &Hold, brake: BrakeStatus, now: Timestamp) -> Self {
        Self {
            id: hold.id.to_string(),
            scope: hold.cover.to_string(),
            kind: match hold.kind {
                crate::domain::hold::HoldKind::Forward => "forward",
                crate::domain::hold::HoldKind::All => "all",
            },
            reason: hold.reason.clone(),
            owner: hold.owner.to_string(),
            since: hold.since,
            until: hold.until,
            then: hold.then.word(),
            asks: hold.asks(now),
            brake,
        }
    }
}
