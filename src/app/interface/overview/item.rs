//! One line of a list: a run, a pull request, something under way, a hold, an entry of the journal;
//! what it is about and where its page is.
//! In which order lines stand is found in `listing.rs`.

use jiff::Timestamp;

use crate::domain::board::Row;
use crate::domain::cell::{Cell, InFlight};
use crate::domain::entry::{Entry, Event};
use crate::domain::hold::Hold;
use crate::domain::ids::{
    EnvironmentName, HoldId, IntentId, Person, PullRequestNumber, ReleaseName, RunId, Seq,
    ServiceName,
};
use crate::domain::pipeline::Run;
use crate::domain::promotion::Promotion;
use crate::domain::pull_request::PullRequest;
use crate::domain::release::run;

/// One line of a list.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    Run(&'a Row, &'a Run),
    PullRequest(&'a Row, &'a PullRequest),
    /// Something under way into a cell.
    Flight(&'a Row, &'a Cell, &'a InFlight),
    /// An order of ours that deploys nothing: a rejection, a cancellation.
    Order(&'a Promotion),
    Release(&'a run::Run),
    Hold(&'a Hold),
    /// An entry of the journal, and the row that it is about, if it is about one that is there.
    Entry(&'a Entry, Option<&'a Row>),
    /// Everything that the journal has of one order, with what came of it, and its row.
    Sent(&'a Promotion, Option<&'a Row>),
}

/// What a line is about, whatever its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Run(ServiceName, RunId),
    PullRequest(ServiceName, PullRequestNumber),
    Cell(ServiceName, EnvironmentName),
    Order(IntentId),
    Release(ReleaseName),
    Hold(HoldId),
    Entry(Seq),
}

impl<'a> Item<'a> {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Run(row, run) => Key::Run(row.service.name.clone(), run.id),
            Self::PullRequest(row, request) => {
                Key::PullRequest(row.service.name.clone(), request.number)
            }
            Self::Flight(row, cell, _) => {
                Key::Cell(row.service.name.clone(), cell.environment.clone())
            }
            Self::Order(promotion) | Self::Sent(promotion, _) => {
                Key::Order(promotion.intent.id.clone())
            }
            Self::Release(run) => Key::Release(run.release.clone()),
            Self::Hold(hold) => Key::Hold(hold.id.clone()),
            Self::Entry(entry, _) => Key::Entry(entry.seq),
        }
    }

    /// The service that it is about; a release is about several.
    pub fn service(&self) -> Option<&'a ServiceName> {
        match self {
            Self::Run(row, _) | Self::PullRequest(row, _) | Self::Flight(row, ..) => {
                Some(&row.service.name)
            }
            Self::Order(promotion) | Self::Sent(promotion, _) => Some(&promotion.intent.service),
            Self::Hold(hold) => hold.cover.service.as_ref(),
            Self::Entry(entry, _) => match &entry.draft.event {
                Event::ReleaseDropped { service, .. } | Event::ReleaseRestored { service, .. } => {
                    Some(service)
                }
                _ => entry.draft.service.as_ref(),
            },
            Self::Release(_) => None,
        }
    }

    pub(in crate::app::interface) fn environment(&self) -> Option<&'a EnvironmentName> {
        match self {
            Self::Run(_, run) => run.waiting.first().map(|waiting| &waiting.environment),
            Self::PullRequest(..) | Self::Release(_) => None,
            Self::Flight(_, cell, _) => Some(&cell.environment),
            Self::Order(promotion) | Self::Sent(promotion, _) => {
                Some(&promotion.intent.environment)
            }
            Self::Hold(hold) => hold.cover.environment.as_ref(),
            Self::Entry(entry, _) => entry.draft.environment.as_ref(),
        }
    }

    /// Whose it is, as far as it is known.
    pub(super) fn who(&self) -> Option<&'a Person> {
        match self {
            Self::Run(row, run) => row.run_by(run),
            Self::PullRequest(_, request) => request.author.as_ref(),
            Self::Flight(_, _, flight) => flight.by.as_ref(),
            Self::Order(promotion) | Self::Sent(promotion, _) => Some(&promotion.actor),
            Self::Release(run) => Some(&run.by),
            Self::Hold(hold) => Some(&hold.owner),
            Self::Entry(entry, _) => Some(&entry.draft.actor),
        }
    }

    /// When it began, or was last heard of.
    pub(super) fn at(&self) -> Timestamp {
        match self {
            Self::Run(_, run) => run.updated_at,
            Self::PullRequest(_, request) => request.updated_at,
            Self::Flight(_, _, flight) => flight.since,
            Self::Order(promotion) | Self::Sent(promotion, _) => promotion.intended_at,
            Self::Release(run) => run.started_at,
            Self::Hold(hold) => hold.since,
            Self::Entry(entry, _) => entry.draft.at,
        }
    }

    /// The run that it is about, whose log can be shown.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::Run(_, run) => Some(run.id),
            // What waits at the door is a run too.
            Self::Flight(row, cell, _) => super::super::log::into(cell, row.facts.value()),
            Self::PullRequest(..)
            | Self::Order(_)
            | Self::Release(_)
            | Self::Hold(_)
            | Self::Entry(..)
            | Self::Sent(..) => None,
        }
    }

    /// Its page on the forge.
    pub fn page(&self) -> Option<&'a str> {
        match self {
            Self::Run(_, run) => Some(&run.url),
            Self::PullRequest(_, request) => Some(&request.url),
            Self::Flight(row, _, flight) => {
                let facts = row.facts.value()?;
                let run = facts.runs.iter().find(|run| Some(run.id) == flight.run);
                Some(run.map_or(&facts.url, |run| &run.url))
            }
            Self::Order(promotion) => promotion.handle.as_ref()?.url.as_deref(),
            Self::Sent(promotion, row) => {
                let handle = promotion.handle.as_ref();
                let own = handle.and_then(|handle| handle.url.as_deref());
                own.or_else(|| Some(&(*row)?.facts.value()?.url))
            }
            Self::Entry(_, row) => Some(&(*row)?.facts.value()?.url),
            Self::Release(_) | Self::Hold(_) => None,
        }
    }
}
