//! The lines of a list in their order: found when what they are made from has changed, and not for
//! each key and each picture. They are kept as places on the board, so that a line costs nothing
//! until it is seen.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::order::lines::Ready;
use super::item::{Item, Key};
use super::query::Query;
use super::{Folds, ListSort, Overview, Picked};
use crate::app::engine::Engine;
use crate::domain::board::Row;
use crate::domain::entry::Event;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{HoldId, IntentId, ReleaseRunId, Seq};
use crate::domain::ledger::Ledger;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::domain::promotion::{Promotion, Purpose};
use crate::domain::pull_request::ChangeState;

/// After this long, time alone may have ended a hold.
const LATER: SignedDuration = SignedDuration::from_secs(1);

/// The lines of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    source: Source,
    sort: ListSort,
    folds: Folds,
    at: Timestamp,
    spots: Vec<Spot>,
    filter: String,
    /// The places of those that the filter lets through; `None` is all of them.
    shown: Option<Vec<usize>>,
    /// What each line says, once a filter has asked.
    ready: Option<Ready>,
}

/// What lines were made from: while it is the same, so are they.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    of: Overview,
    board: u64,
    ledger: Option<Seq>,
    entries: (usize, Option<Seq>),
}

/// Where a line comes from: places on the board as it was, or ids.
#[derive(Clone, Debug)]
enum Spot {
    Run(usize, usize),
    PullRequest(usize, usize),
    Flight(usize, usize),
    Order(IntentId),
    Release(ReleaseRunId),
    Hold(HoldId),
    Entry(usize),
    /// The steps of an order, in one line.
    Sent(IntentId),
    /// One of them, where that line is unfolded.
    Step(usize, IntentId),
}

impl Listing {
    pub fn of(engine: &Engine, picked: &Picked, overview: Overview, now: Timestamp) -> Self {
        let mut spots = spots(engine, picked, overview);
        // Stable, each of them: of what is the same, what needs somebody comes first.
        spots.sort_by_cached_key(|spot| spot.item(engine).map(|item| need(&item, now)));
        let item = |spot: &Spot| spot.whole(engine);
        match picked.sort {
            // Of the journal's entries their order says what was first, and not a person's clock.
            ListSort::Newest | ListSort::Oldest if overview == Overview::Timeline => {}
            ListSort::Need => {}
            ListSort::Newest => {
                spots.sort_by_cached_key(|spot| Reverse(item(spot).map(|item| item.at())));
            }
            ListSort::Oldest => spots.sort_by_cached_key(|spot| item(spot).map(|item| item.at())),
            ListSort::Service => {
                spots.sort_by_cached_key(|spot| item(spot).and_then(|item| item.service()));
            }
            ListSort::Who => {
                spots.sort_by_cached_key(|spot| item(spot).and_then(|item| item.who()));
            }
        }
        let mut listing = Self {
            source: Source::of(overview, engine),
            sort: picked.sort,
            folds: picked.folds.clone(),
            at: now,
            spots,
            filter: String::new(),
            shown: None,
            ready: None,
        };
        listing.sift(engine, &picked.filter, now);
        listing
    }

    /// Says whether these are the lines still.
    pub fn is_good_for(
        &self,
        engine: &Engine,
        picked: &Picked,
        overview: Overview,
        now: Timestamp,
    ) -> bool {
        self.filter == picked.filter && self.is_sorted_for(engine, picked, overview, now)
    }

    /// Says whether these are the lines still, and in their order, whatever the filter.
    pub(super) fn is_sorted_for(
        &self,
        engine: &Engine,
        picked: &Picked,
        overview: Overview,
        now: Timestamp,
    ) -> bool {
        self.sort == picked.sort
            && self.folds == picked.folds
            && self.source == Source::of(overview, engine)
            && (overview != Overview::Holds || now.duration_since(self.at) < LATER)
    }

    /// Lets lines through the filter. One that goes on where the last ended can only take lines away.
    pub(super) fn sift(&mut self, engine: &Engine, filter: &str, now: Timestamp) {
        if self.filter == filter {
            return;
        }
        let overview = self.source.of;
        let mut query = Query::parse(overview, filter);
        let before = std::mem::replace(&mut self.filter, filter.to_owned());
        if query.is_open() {
            self.shown = None;
            return;
        }
        if query.has_words() {
            self.prepare(engine, now);
        }
        let goes_on =
            filter.starts_with(&before) && query.narrows(&Query::parse(overview, &before));
        let last = self.shown.take().filter(|_| goes_on);
        let mut shown = last.unwrap_or_else(|| (0..self.spots.len()).collect());
        let (spots, ready) = (&self.spots, self.ready.as_ref());
        shown.retain(|place| {
            let item = spots.get(*place).and_then(|spot| spot.item(engine));
            let words = ready.map_or("", |ready| ready.line(*place));
            item.is_some_and(|item| query.lets_through(&item, words, engine, now))
        });
        self.shown = Some(shown);
    }

    /// Makes ready what each line says, so that a key of the filter need not.
    pub(super) fn prepare(&mut self, engine: &Engine, now: Timestamp) {
        let spots = &self.spots;
        self.ready.get_or_insert_with(|| {
            let mut ready = Ready::default();
            for spot in spots {
                if let Some(item) = spot.item(engine) {
                    item.words(engine, now, &mut |word| ready.word(word));
                }
                ready.end();
            }
            ready
        });
    }

    /// How many lines the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.spots.len(), Vec::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many lines there are without the filter.
    pub fn all(&self) -> usize {
        self.spots.len()
    }

    /// Every line without the filter.
    pub(in crate::app::interface) fn every<'a>(
        &self,
        engine: &'a Engine,
    ) -> impl Iterator<Item = Item<'a>> {
        self.spots.iter().filter_map(|spot| spot.item(engine))
    }

    /// The line at a place.
    pub fn item<'a>(&self, engine: &'a Engine, place: usize) -> Option<Item<'a>> {
        self.spot(place)?.item(engine)
    }

    fn spot(&self, place: usize) -> Option<&Spot> {
        let place = match &self.shown {
            Some(shown) => *shown.get(place)?,
            None => place,
        };
        self.spots.get(place)
    }

    /// Some of the lines, with their places.
    pub fn items<'a>(
        &self,
        engine: &'a Engine,
        from: usize,
        count: usize,
    ) -> impl Iterator<Item = (usize, Item<'a>)> {
        let seen = from..self.len().min(from.saturating_add(count));
        seen.filter_map(|place| Some((place, self.item(engine, place)?)))
    }

    /// Where a line is now; it is looked for where it was last seen, and only then everywhere.
    pub(super) fn place(&self, engine: &Engine, key: &Key, near: usize) -> Option<usize> {
        let is_it = |place: &usize| {
            let item = self.item(engine, *place);
            item.is_some_and(|item| item.key() == *key)
        };
        let near = Some(near).filter(is_it);
        near.or_else(|| (0..self.len()).find(is_it))
    }
}

impl Source {
    fn of(of: Overview, engine: &Engine) -> Self {
        let newest = engine.entries.back().map(|entry| entry.seq);
        Self {
            of,
            board: engine.board.version,
            ledger: engine.ledger.as_ref().map(|ledger| ledger.head),
            entries: (engine.entries.len(), newest),
        }
    }
}

impl Spot {
    fn item<'a>(&self, engine: &'a Engine) -> Option<Item<'a>> {
        let ledger = engine.ledger.as_ref();
        let row = |place: &usize| engine.board.rows.get(*place);
        Some(match self {
            Self::Run(of, place) => {
                let row = row(of)?;
                Item::Run(row, row.facts.value()?.runs.get(*place)?)
            }
            Self::PullRequest(of, place) => {
                let row = row(of)?;
                Item::PullRequest(row, row.facts.value()?.pull_requests.get(*place)?)
            }
            Self::Flight(of, place) => {
                let row = row(of)?;
                let cell = row.cells.get(*place)?;
                Item::Flight(row, cell, cell.in_flight.as_ref()?)
            }
            Self::Order(id) => Item::Order(ledger?.promotions.get(id)?),
            Self::Release(id) => Item::Release(ledger?.release_runs.get(id)?),
            Self::Hold(id) => Item::Hold(ledger?.holds.get(id)?),
            Self::Sent(id) => {
                let promotion = ledger?.promotions.get(id)?;
                Item::Sent(promotion, engine.board.row(&promotion.intent.service))
            }
            Self::Entry(place) | Self::Step(place, _) => {
                let entry = engine.entries.get(*place)?;
                let service = entry.draft.service.as_ref();
                let row = service.and_then(|service| engine.board.row(service));
                Item::Entry(entry, row)
            }
        })
    }

    /// What it stands in order by: a step has the place of its order.
    fn whole<'a>(&self, engine: &'a Engine) -> Option<Item<'a>> {
        match self {
            Self::Step(_, id) => Self::Sent(id.clone()).item(engine),
            _ => self.item(engine),
        }
    }
}

/// The journal, newest first or oldest first: of each order one line where its first entry stands, with
/// what came of it, and its steps below that where somebody asked for them.
fn timeline(engine: &Engine, picked: &Picked) -> Vec<Spot> {
    let order = |place: usize| {
        let event = &engine.entries.get(place)?.draft.event;
        let id = match event {
            Event::Intended { intent } => &intent.id,
            Event::Stepped { id, .. } => id,
            // What came to be live by it is told in its line.
            Event::DeploymentSeen { intent, .. } => intent.as_ref()?,
            _ => return None,
        };
        let ledger = engine.ledger.as_ref()?;
        ledger.promotions.contains_key(id).then_some(id)
    };
    let all = 0..engine.entries.len();
    let mut groups: Vec<Vec<Spot>> = Vec::with_capacity(all.len());
    let mut known: BTreeMap<&IntentId, usize> = BTreeMap::new();
    for place in all {
        let Some(id) = order(place).filter(|_| !picked.folds.every) else {
            groups.push(vec![Spot::Entry(place)]);
            continue;
        };
        let group = *known.entry(id).or_insert_with(|| {
            groups.push(vec![Spot::Sent(id.clone())]);
            groups.len() - 1
        });
        if picked.folds.open.contains(id)
            && let Some(group) = groups.get_mut(group)
        {
            group.push(Spot::Step(place, id.clone()));
        }
    }
    if picked.sort != ListSort::Oldest {
        groups.reverse();
    }
    groups.concat()
}

/// Every line of a list; what has no rank of its own stands in its order already.
fn spots(engine: &Engine, picked: &Picked, overview: Overview) -> Vec<Spot> {
    let rows = engine.board.rows.iter().enumerate();
    let of_facts = |count: fn(&ServiceFacts) -> usize, spot: fn(usize, usize) -> Spot| {
        let of_row = move |(of, row): (usize, &Row)| {
            let count = row.facts.value().map_or(0, count);
            (0..count).map(move |place| spot(of, place))
        };
        rows.clone().flat_map(of_row).collect()
    };
    let ledger = engine.ledger.as_ref();
    match overview {
        Overview::Runs => of_facts(|facts| facts.runs.len(), Spot::Run),
        Overview::PullRequests => of_facts(|facts| facts.pull_requests.len(), Spot::PullRequest),
        Overview::Tasks => {
            let releases = ledger.into_iter().flat_map(Ledger::open_runs);
            let flights = rows.clone().flat_map(|(of, row)| {
                let cells = row.cells.iter().enumerate();
                let moving = cells.filter(|(_, cell)| cell.in_flight.is_some());
                moving.map(move |(place, _)| Spot::Flight(of, place))
            });
            let orders = ledger.into_iter().flat_map(Ledger::open);
            releases
                .map(|run| Spot::Release(run.id.clone()))
                .chain(flights)
                .chain(
                    orders
                        .filter(|promotion| !is_of_its_cell(promotion))
                        .map(|promotion| Spot::Order(promotion.intent.id.clone())),
                )
                .collect()
        }
        Overview::Holds => {
            let holds = ledger.into_iter().flat_map(|ledger| ledger.holds.keys());
            holds.cloned().map(Spot::Hold).collect()
        }
        Overview::Timeline => timeline(engine, picked),
    }
}

/// Whether the cell that it goes into has it.
fn is_of_its_cell(promotion: &Promotion) -> bool {
    match promotion.intent.purpose {
        Purpose::Promotion | Purpose::Rerun => true,
        Purpose::Rejection
        | Purpose::Cancellation
        | Purpose::Status
        | Purpose::Brake
        | Purpose::Unbrake => false,
    }
}

/// The lower, the sooner a line needs somebody.
fn need(item: &Item<'_>, now: Timestamp) -> (u8, i128) {
    let at = item.at().as_nanosecond();
    match item {
        Item::Run(_, run) => (urgency(run), -at),
        Item::PullRequest(_, request) => (rank(&request.state), at),
        // Releases first, then what is under way: of unknown outcome, moving, waiting; the longest
        // first.
        Item::Release(_) | Item::Entry(..) | Item::Sent(..) => (0, 0),
        Item::Flight(_, _, flight) if flight.unsettled => (1, at),
        Item::Flight(_, _, flight) if !flight.awaits_approval() => (2, at),
        Item::Flight(..) => (3, at),
        Item::Order(_) => (4, 0),
        Item::Hold(hold) => (u8::from(!hold.is_on(now)), at),
    }
}

/// The lower, the sooner a run needs somebody. An old pipeline with a manual job that nobody played
/// waits for ever, and for nobody.
fn urgency(run: &Run) -> u8 {
    if run.phase == Phase::Gated && run.waiting.is_empty() {
        return Phase::Succeeded.rank();
    }
    run.phase.rank()
}

/// What can be merged now comes first, then what waits for a person, then for a machine.
fn rank(state: &ChangeState) -> u8 {
    match state {
        ChangeState::Ready => 0,
        ChangeState::ChecksFailed | ChangeState::Conflict | ChangeState::ChangesRequested => 1,
        ChangeState::NeedsReview | ChangeState::Behind | ChangeState::Blocked => 2,
        ChangeState::Queued | ChangeState::ChecksRunning | ChangeState::Checking => 3,
        ChangeState::Unknown(_) => 4,
        ChangeState::Draft => 5,
        ChangeState::Merged | ChangeState::Closed => 6,
    }
}
