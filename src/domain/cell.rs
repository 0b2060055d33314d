//! Cells: one service in one environment, as the board shows it, with the candidate for it and the
//! judgement of that promotion.

use jiff::Timestamp;

use super::deployment::{self, Deployment};
use super::facts::ServiceFacts;
use super::gate::{self, Case, Go, Judgement, Peers};
use super::hold::Hold;
use super::ids::{Digest, EnvironmentName, IntentId, OverrideId, Person, RunId, Sha};
use super::ledger::Ledger;
use super::observed::Fact;
use super::origin::{self, Origin};
use super::phase::Phase;
use super::policy::{GateSpec, Policy, Service, Stage, Via};
use super::promotion::{self, Promotion, Purpose};
use super::revision::Revision;
use super::scope::{Relation, Scope};
use super::seen::Seen;
use super::verification;

mod door;

pub use door::{run_at_the_door, run_to_repeat, superseded, waiting_run};

/// How a cell is shown, by board, status and plain mode alike. Stale facts outweigh what is happening,
/// that outweighs what is wrong with what is live, that what happened, and that what may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellState {
    Failed,
    /// What is live failed its verification.
    Unfit,
    /// Checks of what is live have turned red since it was promoted (P6).
    Red,
    Held,
    Running,
    /// It cannot be told: what was sent has no known outcome, or a gate cannot be judged.
    Unknown,
    Stale,
    /// Gates are closed, but time or a running pipeline will open them.
    Waiting,
    Gated,
    Ready,
    /// What is live is being verified, within a time limit.
    Verifying,
    /// What is live came by another way than gonogo's (P8).
    OutOfBand,
    RolledBack,
    Ok,
    None,
}

impl CellState {
    /// What needs somebody most comes first: rows are sorted and grouped in this order.
    pub const ALL: [Self; 15] = [
        Self::Failed,
        Self::Unfit,
        Self::Red,
        Self::Held,
        Self::Running,
        Self::Unknown,
        Self::Stale,
        Self::Ready,
        Self::Waiting,
        Self::Gated,
        Self::Verifying,
        Self::OutOfBand,
        Self::RolledBack,
        Self::Ok,
        Self::None,
    ];

    /// The word of `status --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unfit => "unfit",
            Self::Red => "red",
            Self::Held => "held",
            Self::Running => "running",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Waiting => "waiting",
            Self::Gated => "gated",
            Self::Ready => "ready",
            Self::Verifying => "verifying",
            Self::OutOfBand => "out-of-band",
            Self::RolledBack => "rolled-back",
            Self::Ok => "ok",
            Self::None => "none",
        }
    }
}

/// Something under way into a cell: a deployment of the forge, a promotion of ours, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    pub revision: Revision,
    pub phase: Phase,
    pub by: Option<Person>,
    pub since: Timestamp,
    pub run: Option<RunId>,
    pub intent: Option<IntentId>,
    /// Ours, and nobody knows its outcome.
    pub unsettled: bool,
}

impl InFlight {
    /// Says whether it stands at the environment's door until somebody approves it on the forge,
    /// and nobody has ordered that here.
    pub fn awaits_approval(&self) -> bool {
        self.phase == Phase::Gated && self.intent.is_none()
    }
}

/// One service in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub environment: EnvironmentName,
    pub live: Option<Revision>,
    pub deployed_at: Option<Timestamp>,
    pub deployed_by: Option<Person>,
    pub url: Option<String>,
    pub in_flight: Option<InFlight>,
    /// The newest deployment failed, and is newer than what is live.
    pub failed: Option<Revision>,
    /// What is live is older than what was live before it.
    pub rolled_back: bool,
    /// How far the verification of what is live is.
    pub verification: verification::Standing,
    /// What is live came there by another way than gonogo's (P8).
    pub out_of_band: bool,
    /// Checks of what we promoted here that have turned red since (P6), in words.
    pub red: Option<String>,
    /// What would be promoted into it; `None` when it is level with what comes before.
    pub candidate: Option<Revision>,
    /// How many commits the candidate is ahead, if the scope is known.
    pub ahead: Option<u64>,
    /// Holds that cover the promotion into it.
    pub holds: Vec<Hold>,
    /// Holds that name what is live itself: an incident's, when its verification failed. They stop
    /// nothing that would replace it.
    pub against_live: Vec<Hold>,
    pub judgement: Judgement,
    /// What the operator sees, hashed: live and wanted revision, gates, holds.
    pub digest: Digest,
    pub observed_at: Option<Timestamp>,
}

/// What a cell is made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub policy: &'a Policy,
    pub service: &'a Service,
    pub facts: &'a Fact<ServiceFacts>,
    pub ledger: Option<&'a Ledger>,
    /// The scope from live to candidate, if it has been read.
    pub scope: Option<&'a Fact<Scope>>,
    pub seen: &'a Seen,
    pub peers: &'a dyn Peers,
    /// Who would promote.
    pub actor: Option<&'a Person>,
}

impl Cell {
    /// Judges one cell at `now`.
    pub fn judge(sources: Sources<'_>, stage: &Stage, now: Timestamp) -> Self {
        Self::judge_for(sources, stage, None, now)
    }

    /// Judges one cell on behalf of an intent of ours just before it is sent: the intent itself does
    /// not count as a promotion in flight, so that the digest can be the one that the operator saw.
    pub fn judge_for(
        sources: Sources<'_>,
        stage: &Stage,
        own: Option<&IntentId>,
        now: Timestamp,
    ) -> Self {
        Self::judge_towards(sources, stage, own, None, now)
    }

    /// Judges going back to `to` in one cell (P7): `candidate` is that revision, and the gates are
    /// those that a rollback is asked.
    pub fn judge_back(sources: Sources<'_>, stage: &Stage, to: &Revision, now: Timestamp) -> Self {
        Self::judge_towards(sources, stage, None, Some(to), now)
    }

    fn judge_towards(
        sources: Sources<'_>,
        stage: &Stage,
        own: Option<&IntentId>,
        back: Option<&Revision>,
        now: Timestamp,
    ) -> Self {
        let Sources {
            policy,
            service,
            facts,
            ledger,
            scope,
            seen,
            peers,
            actor,
        } = sources;
        let environment = &stage.environment;
        let known = facts.value();
        let deployments: &[Deployment] = known.map_or(&[], |facts| facts.deployments.as_slice());
        let live_deployment = deployment::live(deployments, environment);
        let live = live_deployment.map(|deployment| named(known, &deployment.sha));
        let newest = deployment::newest(deployments, environment);
        let newer = newest.filter(|newest| live_deployment.is_none_or(|live| live.id != newest.id));
        // A newer deployment that only waits to be let in hides neither a failure nor one under way.
        let newer = deployment::under_way(deployments, environment).or(newer);
        let failed = deployment::newest_entered(deployments, environment)
            .filter(|deployment| deployment.phase == Phase::Failed)
            .map(|deployment| named(known, &deployment.sha));
        let wanted = candidate(known, service, stage);
        let forward = wanted.filter(|wanted| {
            live.as_ref() != Some(wanted) && !is_merged(stage, scope, live.as_ref(), wanted)
        });
        let candidate = back.cloned().or(forward);
        let promotion = ledger.and_then(|ledger| ledger.open_promotion(&service.name, environment));
        let in_flight = in_flight(newer, promotion, known, live.as_ref());
        let holds: Vec<Hold> = ledger
            .into_iter()
            .flat_map(|ledger| {
                let revision = candidate.as_ref().map(|revision| &revision.sha);
                ledger.holds_on(&service.name, environment, revision, now)
            })
            .cloned()
            .collect();
        let named = ledger.into_iter().zip(live.as_ref());
        let against_live: Vec<Hold> = named
            .flat_map(|(ledger, live)| {
                let known = ledger.holds_on(&service.name, environment, Some(&live.sha), now);
                known.filter(move |hold| hold.names(&live.sha))
            })
            .filter(|hold| holds.iter().all(|other| other.id != hold.id))
            .cloned()
            .collect();
        let case = Case {
            policy,
            service,
            stage,
            facts,
            scope,
            seen,
            peers,
            ledger,
            actor,
            live: live.as_ref(),
            candidate: candidate.as_ref(),
            own,
            back: back.is_some(),
        };
        let mut judgement = gate::judge::judge(&case, now);
        let verification = live_deployment.map_or(verification::Standing::NotAsked, |live| {
            verification::standing(stage, &service.name, live, ledger)
        });
        let origin = ledger.zip(live_deployment).map(|(ledger, live)| {
            let origin = origin::of(ledger, &service.name, stage, live, now);
            if origin == Origin::Undecided {
                let settled = live.changed_at.checked_add(origin::SETTLED).ok();
                let settled = settled.filter(|at| *at > now);
                judgement.due = judgement.due.into_iter().chain(settled).min();
            }
            origin
        });
        // Who let it in here: a forge names who began its run.
        let brought_by = ledger.zip(live_deployment).and_then(|(ledger, live)| {
            let ours = origin::promotion_of(ledger, &service.name, environment, live)?;
            Some(ours.actor.clone())
        });
        let digest = digest(live.as_ref(), candidate.as_ref(), &judgement, &holds, now);
        let ahead = scope.and_then(Fact::value).filter(|scope| {
            Some(&scope.head) == candidate.as_ref().map(|revision| &revision.sha)
                && Some(&scope.base) == live.as_ref().map(|revision| &revision.sha)
        });
        Self {
            environment: environment.clone(),
            deployed_at: live_deployment.and_then(Deployment::live_since),
            deployed_by: brought_by.or_else(|| live_deployment?.creator.clone()),
            url: newest.and_then(|deployment| deployment.url.clone()),
            rolled_back: is_rolled_back(deployments, live_deployment),
            verification,
            out_of_band: origin == Some(Origin::OutOfBand),
            red: red(&case, live.as_ref()),
            ahead: ahead.map(|scope| scope.total),
            observed_at: facts.at(),
            live,
            in_flight,
            failed,
            candidate,
            holds,
            against_live,
            judgement,
            digest,
        }
    }

    /// Says whether anything holds it now; that needs no facts.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.holds.iter().any(|hold| hold.is_on(now))
    }

    /// What the journal knows of it, however old the facts are: a promotion of ours that has not ended,
    /// or a hold.
    pub fn by_journal(&self, now: Timestamp) -> Option<CellState> {
        let flight = self.in_flight.as_ref();
        match flight.filter(|flight| flight.intent.is_some()) {
            Some(flight) if flight.unsettled => Some(CellState::Unknown),
            Some(flight) if flight.phase != Phase::Gated => Some(CellState::Running),
            Some(_) | None => self.is_held(now).then_some(CellState::Held),
        }
    }

    /// The state of the environment itself: what is there and what is going on.
    pub fn state(&self, facts: &Fact<ServiceFacts>, policy: &Policy, now: Timestamp) -> CellState {
        if facts.is_stale(now, policy.max_age) {
            return CellState::Stale;
        }
        match &self.in_flight {
            Some(flight) if flight.unsettled => return CellState::Unknown,
            Some(flight) if flight.phase != Phase::Gated => return CellState::Running,
            Some(_) | None => {}
        }
        let wrong = self.wrong();
        match wrong {
            Some(CellState::Unfit) => return CellState::Unfit,
            // A newer deployment that failed weighs more than what else is said of what is live.
            Some(wrong) if self.is_held(now) || self.failed.is_none() => return wrong,
            Some(_) | None => {}
        }
        if self.is_held(now) {
            return CellState::Held;
        }
        if self.failed.is_some() {
            return CellState::Failed;
        }
        match (&self.live, self.rolled_back) {
            (Some(_), true) => CellState::RolledBack,
            (Some(_), false) => CellState::Ok,
            (None, _) => CellState::None,
        }
    }

    /// What is to be said of what is live, where it is more than that it is up.
    fn wrong(&self) -> Option<CellState> {
        self.live.as_ref()?;
        match &self.verification {
            verification::Standing::Failed { .. } => return Some(CellState::Unfit),
            verification::Standing::Verifying { until: Some(_), .. } => {
                return Some(CellState::Verifying);
            }
            verification::Standing::NotAsked
            | verification::Standing::Unknown
            | verification::Standing::Verifying { until: None, .. }
            | verification::Standing::Passed => {}
        }
        match &self.red {
            Some(_) => Some(CellState::Red),
            None => self.out_of_band.then_some(CellState::OutOfBand),
        }
    }

    /// The state of the promotion into the cell: what the `NEXT` column shows.
    pub fn next(&self, facts: &Fact<ServiceFacts>, policy: &Policy, now: Timestamp) -> CellState {
        let state = self.state(facts, policy, now);
        match state {
            CellState::Stale | CellState::Unknown | CellState::Running | CellState::Held => {
                return state;
            }
            _ if self.is_held(now) => return CellState::Held,
            CellState::Failed
            | CellState::Unfit
            | CellState::Red
            | CellState::Waiting
            | CellState::Gated
            | CellState::Ready
            | CellState::Verifying
            | CellState::OutOfBand
            | CellState::RolledBack
            | CellState::Ok
            | CellState::None => {}
        }
        if self.candidate.is_none() {
            return CellState::Ok;
        }
        match self.judgement.go_at(now) {
            Go::Go => CellState::Ready,
            Go::Unknown => CellState::Unknown,
            Go::NoGo if self.judgement.waits(now) => CellState::Waiting,
            Go::NoGo => CellState::Gated,
        }
    }
}

/// Says what is red by now of a revision that one of our promotions brought, if it was not promoted
/// past its checks in the first place (P6).
fn red(case: &Case<'_>, live: Option<&Revision>) -> Option<String> {
    let (ledger, live) = (case.ledger?, live?);
    let promotion = ledger
        .promotions_of(&case.service.name, case.environment())
        .rfind(|promotion| promotion.intent.purpose == Purpose::Promotion)
        .filter(|promotion| promotion.state == promotion::State::Succeeded)
        .filter(|promotion| origin::brings(promotion, &live.sha))?;
    let past_checks = promotion.intent.rollback
        || promotion.intent.overrides.iter().any(|id| {
            let known = ledger.overrides.get(id);
            known.is_some_and(|one| one.gate("pipeline").is_some())
        });
    if past_checks {
        return None;
    }
    let case = Case {
        candidate: Some(live),
        ..*case
    };
    let mut verdicts = case.stage.gates.iter().filter_map(|spec| match spec {
        GateSpec::Pipeline(rule) => Some(gate::pipeline::judge(&case, rule)),
        _ => None,
    });
    verdicts
        .find(|verdict| verdict.state == gate::State::Closed)
        .map(|verdict| verdict.why)
}

/// Names a commit by its release tag, if it has one.
pub fn named(facts: Option<&ServiceFacts>, sha: &Sha) -> Revision {
    let version = facts
        .and_then(|facts| facts.version_of(sha))
        .map(str::to_owned);
    Revision {
        sha: sha.clone(),
        version,
    }
}

/// Returns the revision that would be promoted into `stage`.
///
/// 1. Where a person approves a waiting run, the newest waiting run of the environment decides:
///    nothing else can be promoted. An older waiting one is superseded (P5).
/// 2. Where a draft release is published, the newest draft that has a commit.
/// 3. Otherwise what is live upstream, or the branch's head for the first environment.
fn candidate(facts: Option<&ServiceFacts>, service: &Service, stage: &Stage) -> Option<Revision> {
    let facts = facts?;
    let environment = &stage.environment;
    let waiting = match &stage.via {
        Via::Approval { workflow } => waiting_run(facts, environment, workflow.as_deref()),
        Via::Job { .. } => waiting_run(facts, environment, None),
        Via::Workflow { .. }
        | Via::Deployment
        | Via::PullRequest { .. }
        | Via::Pipeline { .. }
        | Via::Tag { .. }
        | Via::Status { .. }
        | Via::Release
        | Via::Checklist
        | Via::Forge => None,
    };
    if let Some(run) = waiting {
        return Some(named(Some(facts), &run.sha));
    }
    if stage.via == Via::Release {
        return draft(facts);
    }
    match service.upstream(environment) {
        Some(upstream) => {
            let live = deployment::live(&facts.deployments, &upstream.environment)?;
            Some(named(Some(facts), &live.sha))
        }
        None => facts
            .head
            .as_ref()
            .map(|head| named(Some(facts), &head.sha)),
    }
}

/// Says whether what is live has the candidate in it: a merge makes a commit of its own, so where
/// pull requests promote, the two are never the same.
fn is_merged(
    stage: &Stage,
    scope: Option<&Fact<Scope>>,
    live: Option<&Revision>,
    wanted: &Revision,
) -> bool {
    let scope = scope.and_then(Fact::value).filter(|scope| {
        scope.head == wanted.sha && Some(&scope.base) == live.map(|revision| &revision.sha)
    });
    matches!(stage.via, Via::PullRequest { .. })
        && scope.is_some_and(|scope| {
            scope.total == 0 && matches!(scope.relation, Relation::Behind | Relation::Identical)
        })
}

/// Returns the commit of the newest draft release that has one, under the name it will get.
fn draft(facts: &ServiceFacts) -> Option<Revision> {
    facts
        .releases
        .iter()
        .filter(|release| release.draft)
        .filter_map(|release| Some((release, release.sha.as_ref()?)))
        .max_by_key(|(release, _)| release.created_at)
        .map(|(release, sha)| Revision {
            sha: sha.clone(),
            version: Some(release.tag.clone()),
        })
}

/// Returns the two ends of the promotion into `stage`: what is live and what would replace it.
pub fn ends(sources: Sources<'_>, stage: &Stage) -> Option<(Sha, Sha)> {
    let facts = sources.facts.value()?;
    let live = deployment::live(&facts.deployments, &stage.environment)?;
    let candidate = candidate(Some(facts), sources.service, stage)?;
    (live.sha != candidate.sha).then(|| (live.sha.clone(), candidate.sha))
}

fn in_flight(
    newer: Option<&Deployment>,
    promotion: Option<&Promotion>,
    facts: Option<&ServiceFacts>,
    live: Option<&Revision>,
) -> Option<InFlight> {
    if let Some(promotion) = promotion {
        let intent = &promotion.intent;
        let observed = newer.filter(|deployment| deployment.sha == intent.to.sha);
        let ours = InFlight {
            revision: intent.to.clone(),
            phase: observed.map_or(Phase::Queued, |deployment| deployment.phase.clone()),
            by: Some(promotion.actor.clone()),
            since: promotion.intended_at,
            run: promotion.handle.as_ref().and_then(|handle| handle.run),
            intent: Some(intent.id.clone()),
            unsettled: promotion.state.is_unsettled()
                && promotion.state != promotion::State::Sending,
        };
        let arrived = live == Some(&intent.to) && promotion.state == promotion::State::Running;
        if !arrived || ours.unsettled {
            return Some(ours);
        }
    }
    let deployment = newer.filter(|deployment| deployment.phase.is_in_flight())?;
    Some(InFlight {
        revision: named(facts, &deployment.sha),
        phase: deployment.phase.clone(),
        by: deployment.creator.clone(),
        // A deployment that waited for days and runs since a minute ago has run for a minute.
        since: deployment.changed_at.max(deployment.created_at),
        run: facts.and_then(|facts| deployment.run(&facts.runs)),
        intent: None,
        unsettled: false,
    })
}

/// Says whether what is live was live once before with something else in between: somebody went
/// back to it.
fn is_rolled_back(deployments: &[Deployment], live: Option<&Deployment>) -> bool {
    let Some(live) = live else { return false };
    let mut history: Vec<&Deployment> = deployments
        .iter()
        .filter(|deployment| deployment.environment == live.environment)
        .filter(|deployment| matches!(deployment.phase, Phase::Succeeded | Phase::Superseded))
        // What came after it and never became live is no history of it.
        .filter(|deployment| (deployment.created_at, deployment.id) <= (live.created_at, live.id))
        .collect();
    history.sort_by_key(|deployment| std::cmp::Reverse((deployment.created_at, deployment.id)));
    let mut others = history
        .iter()
        .skip_while(|deployment| deployment.sha == live.sha);
    others.any(|deployment| deployment.sha == live.sha)
}

/// Hashes what an operator sees of a cell: if it differs just before sending, nothing is sent.
///
/// Waiting and closed gates count by name and state, not by their sentence, which may carry an age.
fn digest(
    live: Option<&Revision>,
    candidate: Option<&Revision>,
    judgement: &Judgement,
    holds: &[Hold],
    now: Timestamp,
) -> Digest {
    let mut parts = vec![
        live.map_or("", |revision| revision.sha.as_str()),
        candidate.map_or("", |revision| revision.sha.as_str()),
    ];
    for verdict in &judgement.verdicts {
        parts.push(&verdict.gate);
        parts.push(verdict.state_at(now).word());
        parts.extend(verdict.overridden_by.iter().map(OverrideId::as_str));
    }
    parts.extend(holds.iter().map(|hold| hold.id.as_str()));
    Digest::of(parts)
}

#[cfg(test)]
mod tests;
