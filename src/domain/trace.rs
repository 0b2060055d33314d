//! Traces: why a revision is where it is. What brought it there, who ordered, approved, reviewed and
//! wrote it, and for which tickets, as far as journal and forge tell.

use super::board::Row;
use super::cell::named;
use super::deployment::{self, Deployment};
use super::facts::ServiceFacts;
use super::ids::{EnvironmentName, Sha};
use super::ledger::{Ledger, Verified};
use super::observed::Fact;
use super::origin::{self, Origin};
use super::override_::Override;
use super::phase::Phase;
use super::policy::{Service, Stage};
use super::promotion::Promotion;
use super::revision::Revision;
use super::scope::{Scope, Ticket};
use super::signoff::{Closings, Voice, Vote};
use super::window::Window;
use jiff::Timestamp;

/// Why what is live in a cell is there.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    pub revision: Revision,
    /// The forge's record of it.
    pub deployment: &'a Deployment,
    pub how: How,
    /// The promotion of ours that brought it, if one did.
    pub promotion: Option<&'a Promotion>,
    /// Who said go to exactly this, and had not been withdrawn by the window when it was ordered.
    approvals: Vec<&'a Vote>,
    /// What it was promoted past.
    pub overrides: Vec<&'a Override>,
    pub verified: Option<&'a Verified>,
    /// What was live before it.
    pub before: Option<Revision>,
    /// What came with it, from what was live before; `None` while that has not been asked for.
    pub scope: Option<&'a Fact<Scope>>,
    pub tickets: Vec<Ticket>,
}

/// By which way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Promotion,
    Rollback,
    /// The forge deploys there by itself.
    Automatic,
    OutOfBand,
    /// Before this journal began.
    History,
    /// Too new to tell, or the journal has not been read.
    Undecided,
}

impl How {
    /// The word of `why --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Rollback => "rollback",
            Self::Automatic => "automatic",
            Self::OutOfBand => "out-of-band",
            Self::History => "history",
            Self::Undecided => "undecided",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Promotion => "promoted with gonogo",
            Self::Rollback => "rolled back to with gonogo",
            Self::Automatic => "deployed by the forge by itself, as the path says",
            Self::OutOfBand => "out of band: not ordered with gonogo",
            Self::History => "deployed before this journal began",
            Self::Undecided => "not known yet: it is too new, or something is under way",
        }
    }
}

impl Trace<'_> {
    /// Who said go to exactly this, with the roles they spoke for.
    pub fn approvals(&self) -> impl Iterator<Item = &Vote> {
        self.approvals.iter().copied()
    }

    /// What came with it, if it has been read.
    pub fn changes(&self) -> Option<&Scope> {
        self.scope?.value()
    }
}

/// Traces what is live in an environment of a row; `None` where nothing is. `windows` are the policy's:
/// they tell which of the votes still stood.
pub fn of<'a>(
    row: &'a Row,
    environment: &EnvironmentName,
    ledger: Option<&'a Ledger>,
    windows: &[Window],
    now: Timestamp,
) -> Option<Trace<'a>> {
    let facts = row.facts.value()?;
    let stage = row.service.stage(environment)?;
    let live = deployment::live(&facts.deployments, environment)?;
    let origin = ledger.map(|ledger| origin::of(ledger, &row.service.name, stage, live, now));
    let promotion = promotion(&row.service, stage, ledger, live);
    let how = match (origin, promotion) {
        (Some(Origin::Ours(_)), Some(promotion)) if promotion.intent.rollback => How::Rollback,
        (Some(Origin::Ours(_)), _) => How::Promotion,
        (Some(Origin::Automatic), _) => How::Automatic,
        (Some(Origin::OutOfBand), _) => How::OutOfBand,
        (Some(Origin::History), _) => How::History,
        (Some(Origin::Undecided) | None, _) => How::Undecided,
    };
    let votes = promotion.map_or_else(Vec::new, |promotion| {
        let at = promotion.intended_at;
        let name = &row.service.name;
        let closings = Closings::new(windows, name, environment, stage.at_close(), at);
        let stood = |vote: &&Vote| !closings.has_withdrawn(&vote.ballot());
        let goes = promotion.votes.iter();
        goes.filter(|vote| vote.voice == Voice::Go)
            .filter(stood)
            .collect()
    });
    let overrides = promotion.zip(ledger).map_or_else(Vec::new, |(it, ledger)| {
        let known = it.intent.overrides.iter();
        known.filter_map(|id| ledger.overrides.get(id)).collect()
    });
    let before = before(facts, promotion, live);
    let scope = before
        .as_ref()
        .and_then(|before| row.scopes.get(&(before.sha.clone(), live.sha.clone())));
    let tickets = scope
        .and_then(|scope| scope.value())
        .map_or_else(Vec::new, |scope| scope.tickets(&row.service.scope));
    Some(Trace {
        revision: named(Some(facts), &live.sha),
        deployment: live,
        how,
        promotion,
        approvals: votes,
        overrides,
        verified: ledger.and_then(|ledger| ledger.verification(&row.service.name, live.id)),
        before,
        scope,
        tickets,
    })
}

/// Returns the two ends of what came with what is live: its scope has to be read to be told.
pub fn ends(
    row: &Row,
    environment: &EnvironmentName,
    ledger: Option<&Ledger>,
) -> Option<(Sha, Sha)> {
    let facts = row.facts.value()?;
    let stage = row.service.stage(environment)?;
    let live = deployment::live(&facts.deployments, environment)?;
    let before = before(facts, promotion(&row.service, stage, ledger, live), live)?;
    Some((before.sha, live.sha.clone()))
}

fn promotion<'a>(
    service: &Service,
    stage: &Stage,
    ledger: Option<&'a Ledger>,
    live: &Deployment,
) -> Option<&'a Promotion> {
    origin::promotion_of(ledger?, &service.name, &stage.environment, live)
}

/// What was live before: as the promotion says that brought this, else the newest other revision that
/// the forge still has.
fn before(
    facts: &ServiceFacts,
    promotion: Option<&Promotion>,
    live: &Deployment,
) -> Option<Revision> {
    if let Some(promotion) = promotion {
        let from = promotion.intent.from.clone();
        return from.filter(|from| from.sha != live.sha);
    }
    let was_live = |known: &&Deployment| {
        known.environment == live.environment
            && known.sha != live.sha
            && matches!(known.phase, Phase::Succeeded | Phase::Superseded)
            && (known.created_at, known.id) < (live.created_at, live.id)
    };
    let known = facts.deployments.iter().filter(was_live);
    let newest = known.max_by_key(|known| (known.created_at, known.id))?;
    Some(named(Some(facts), &newest.sha))
}

#[cfg(test)]
mod tests;
