//! What a line of a list says to its filter: its words, and the values of its fields. How a filter
//! is read is in `query.rs`.

use jiff::Timestamp;

use super::super::order::query::{any_part, contains, of_forge};
use super::item::Item;
use super::query::Field;
use crate::app::engine::Engine;
use crate::app::view::timeline::Said;
use crate::domain::board::Row;
use crate::domain::entry::{Entry, Event, How};
use crate::domain::hold::{Hold, HoldKind};
use crate::domain::ids::{EnvironmentName, ReleaseName};
use crate::domain::phase::Phase;
use crate::domain::promotion::{Promotion, State};

/// What is drawn of what succeeded.
const OK: &str = "ok";

impl<'a> Item<'a> {
    /// Gives every word of the line, as it is drawn and in whatever case, to `take`.
    pub(super) fn words(&self, engine: &Engine, now: Timestamp, take: &mut dyn FnMut(&str)) {
        if let Some(service) = self.service() {
            take(service.as_str());
        }
        if let Some(group) = self
            .row(engine)
            .and_then(|row| row.service.group.as_deref())
        {
            take(group);
        }
        for environment in self.environments() {
            take(environment.as_str());
        }
        if let Some(who) = self.who() {
            take(who.as_str());
        }
        self.states(now, take);
        match self {
            Self::Run(row, run) => {
                take(&format!("{} #{}", run.name, run.number));
                let facts = row.facts.value();
                take(
                    facts
                        .and_then(|facts| facts.version_of(&run.sha))
                        .unwrap_or_default(),
                );
                take(run.sha.as_str());
                take(row.title(run).unwrap_or_default());
                take(run.branch.as_deref().unwrap_or_default());
            }
            Self::PullRequest(_, request) => {
                take(&format!("#{}", request.number));
                take(&request.title);
                take(&request.head_ref);
                request.labels.iter().for_each(|label| take(label));
            }
            Self::Flight(_, _, flight) => take(&flight.revision.to_string()),
            Self::Order(promotion) | Self::Sent(promotion, _) => {
                let intent = &promotion.intent;
                take(&intent.to.to_string());
                take(intent.purpose.word());
                take(&intent.reason);
                if let Self::Sent(..) = self {
                    let said = Said::of_order(promotion);
                    take(said.what);
                    take(&said.detail);
                }
            }
            Self::Release(run) => take(run.release.as_str()),
            Self::Hold(hold) => {
                take(&engine.board.cover(&hold.cover));
                take(hold.cover.revision.as_ref().map_or("", |sha| sha.as_str()));
                take(&hold.reason);
                take(kind(hold));
                take(hold.id.as_str());
            }
            Self::Entry(entry, _) => {
                let said = Said::of(entry);
                take(said.what);
                take(&said.detail);
                take(entry.draft.reason.as_deref().unwrap_or_default());
                take(&entry.draft.event.kind());
            }
        }
    }

    /// Says whether a field has a part that is one of these.
    pub(super) fn has(
        &self,
        field: Field,
        parts: &[String],
        engine: &Engine,
        now: Timestamp,
    ) -> bool {
        let has = |text: &str| any_part(text, parts);
        let row = || self.row(engine);
        match field {
            Field::Service => self.service().is_some_and(|service| has(service.as_str())),
            Field::Group => {
                let group = row().and_then(|row| row.service.group.as_deref());
                group.is_some_and(has)
            }
            Field::Forge => row().is_some_and(|row| of_forge(&row.service, parts)),
            Field::Release => self.releases(engine).any(|release| has(release.as_str())),
            Field::Environment => {
                let mut environments = self.environments();
                environments.any(|environment| has(environment.as_str()))
            }
            Field::State => {
                let mut found = false;
                self.states(now, &mut |state| {
                    let begins = |part: &String| state.starts_with(part.as_str());
                    found = found || parts.iter().any(begins);
                });
                found
            }
            Field::By => self.who().is_some_and(|who| has(who.as_str())),
            Field::Branch => match self {
                Self::Run(_, run) => run.branch.as_deref().is_some_and(has),
                Self::PullRequest(_, request) => has(&request.head_ref) || has(&request.base_ref),
                _ => false,
            },
            Field::Run => match self {
                Self::Run(_, run) => has(&format!("{} #{}", run.name, run.number)),
                _ => false,
            },
            Field::Label => match self {
                Self::PullRequest(_, request) => request.labels.iter().any(|label| has(label)),
                _ => false,
            },
            Field::Checks => match self {
                Self::PullRequest(_, request) => match &request.checks {
                    Some(phase) => has(known(phase)) || (*phase == Phase::Succeeded && has(OK)),
                    None => has("none"),
                },
                _ => false,
            },
            Field::Kind => match self {
                Self::Hold(hold) => has(kind(hold)),
                _ => false,
            },
            Field::What => match self {
                Self::Entry(entry, _) => is_called(entry, parts),
                Self::Sent(promotion, _) => order_is_called(promotion, parts),
                _ => false,
            },
            Field::How => match self {
                Self::Entry(entry, _) => has(How::of(entry, engine.order_of(entry)).word()),
                Self::Sent(promotion, _) => has(How::of_order(&promotion.intent).word()),
                _ => false,
            },
        }
    }

    /// Gives what the line has of a field to `take`: of those that only a list's lines can tell.
    pub(in crate::app::interface) fn values(&self, field: Field, take: &mut dyn FnMut(&str)) {
        match (field, self) {
            (Field::By, _) => take(self.who().map_or("", |who| who.as_str())),
            (Field::Branch, Self::Run(_, run)) => take(run.branch.as_deref().unwrap_or_default()),
            (Field::Branch, Self::PullRequest(_, request)) => {
                take(&request.head_ref);
                take(&request.base_ref);
            }
            (Field::Run, Self::Run(_, run)) => take(&run.name),
            (Field::Label, Self::PullRequest(_, request)) => {
                request.labels.iter().for_each(|label| take(label));
            }
            (Field::Checks, Self::PullRequest(_, request)) => {
                take(request.checks.as_ref().map_or("none", known));
            }
            (Field::Kind, Self::Hold(hold)) => take(kind(hold)),
            (Field::What, Self::Entry(entry, _)) => {
                take(&Said::of(entry).what.to_lowercase().replace(' ', "-"));
            }
            (Field::What, Self::Sent(promotion, _)) => {
                take(
                    &Said::of_order(promotion)
                        .what
                        .to_lowercase()
                        .replace(' ', "-"),
                );
            }
            _ => {}
        }
    }

    /// The row of its service, where that is on the board.
    fn row<'b>(&self, engine: &'b Engine) -> Option<&'b Row>
    where
        'a: 'b,
    {
        match self {
            Self::Run(row, _) | Self::PullRequest(row, _) | Self::Flight(row, ..) => Some(row),
            Self::Entry(_, row) | Self::Sent(_, row) => *row,
            Self::Order(_) | Self::Hold(_) | Self::Release(_) => engine.board.row(self.service()?),
        }
    }

    fn environments(&self) -> impl Iterator<Item = &'a EnvironmentName> {
        let waiting = match self {
            Self::Run(_, run) => run.waiting.as_slice(),
            _ => &[],
        };
        let one = match self {
            Self::Run(..) => None,
            _ => self.environment(),
        };
        let waiting = waiting.iter().map(|waiting| &waiting.environment);
        waiting.chain(one)
    }

    /// The releases that it belongs to: those of its service, or the one that it is of.
    fn releases<'b>(&self, engine: &'b Engine) -> impl Iterator<Item = &'b ReleaseName>
    where
        'a: 'b,
    {
        let own = match self {
            Self::Release(run) => Some(&run.release),
            Self::Entry(entry, _) => match &entry.draft.event {
                Event::ReleaseVoteCast { vote } => Some(&vote.release),
                Event::ReleaseStarted { run } => Some(&run.release),
                Event::ReleaseResumed { release, .. }
                | Event::ReleaseEnded { release, .. }
                | Event::ReleaseDropped { release, .. }
                | Event::ReleaseRestored { release, .. } => Some(release),
                _ => None,
            },
            _ => None,
        };
        let service = self.service();
        let of_service = engine.policy.releases.iter().filter(move |release| {
            let mut items = release.items.iter();
            items.any(|item| Some(&item.service) == service)
        });
        own.into_iter()
            .chain(of_service.map(|release| &release.name))
    }

    /// Gives the words for how it stands to `take`, in lower case: ours, and what is drawn where
    /// that begins otherwise.
    fn states(&self, now: Timestamp, take: &mut dyn FnMut(&str)) {
        match self {
            Self::Run(_, run) => {
                take(known(&run.phase));
                if run.phase == Phase::Succeeded {
                    take(OK);
                }
            }
            Self::PullRequest(_, request) => take(&request.state.word().replace(' ', "-")),
            Self::Flight(_, _, flight) if flight.unsettled => take("unknown"),
            Self::Flight(_, _, flight) if flight.awaits_approval() => take("waiting"),
            Self::Flight(_, _, flight) => take(known(&flight.phase)),
            Self::Order(promotion) | Self::Sent(promotion, _) => {
                take(promotion.state.word());
                if promotion.state == State::Succeeded {
                    take(OK);
                }
            }
            Self::Release(_) => {
                take("release");
                take("running");
            }
            Self::Hold(hold) if hold.is_on(now) => {
                take("held");
                take("hold");
                take("on");
            }
            Self::Hold(_) => take("ended"),
            Self::Entry(entry, _) => take(&Said::of(entry).result.to_ascii_lowercase()),
        }
    }
}

/// Our word for a phase; a forge's own is not one that can be looked for as a state.
fn known(phase: &Phase) -> &str {
    match phase {
        Phase::Unknown(_) => "unknown",
        _ => phase.word(),
    }
}

fn kind(hold: &Hold) -> &'static str {
    match hold.kind {
        HoldKind::Forward => "forward",
        HoldKind::All => "back-too",
    }
}

/// Whether an entry is called one of these: `lift-hold` as it is drawn, `hold.lifted` as the
/// command line has it.
fn is_called(entry: &Entry, parts: &[String]) -> bool {
    let drawn = Said::of(entry).what.replace(' ', "-");
    let kind = entry.draft.event.kind();
    let mut parts = parts.iter();
    parts.any(|part| contains(&drawn, part) || contains(&kind, part))
}

/// Whether an order is called one of these: `promote` as it is drawn, `promotion.failed` as the command
/// line has the entry that tells how it stands.
fn order_is_called(promotion: &Promotion, parts: &[String]) -> bool {
    let drawn = Said::of_order(promotion).what.replace(' ', "-");
    let kind = format!("{}.{}", promotion.intent.purpose, promotion.state.word());
    let mut parts = parts.iter();
    parts.any(|part| contains(&drawn, part) || contains(&kind, part))
}
