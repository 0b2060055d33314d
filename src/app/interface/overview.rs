//! The views over all services: runs and open pull requests (4), everything that is under way (5),
//! every hold, the journal (3). Their cursors and keys; what stands in them, in which order, is in
//! `overview/`, and drawing them in `view/overview.rs`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::choice::{travel, turn};
use super::{DetailTab, Interface, ListCursor, Overlay, Screen, aim, detail, filter};
use crate::app::command::Command;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::ids::{HoldId, IntentId, ServiceName};

pub mod columns;
mod item;
mod listing;
pub(super) mod query;
mod words;

pub use item::{Item, Key};
pub use listing::Listing;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overview {
    #[default]
    Runs,
    PullRequests,
    Tasks,
    Holds,
    /// The journal's entries.
    Timeline,
}

impl Overview {
    /// The order in which a session keeps them: what is new comes last.
    pub const ALL: [Self; 5] = [
        Self::Runs,
        Self::PullRequests,
        Self::Tasks,
        Self::Holds,
        Self::Timeline,
    ];

    /// The orders that it can have, the one that it begins with first.
    pub fn sorts(self) -> &'static [ListSort] {
        match self {
            Self::Runs | Self::PullRequests | Self::Tasks | Self::Holds => {
                &[ListSort::Need, ListSort::Newest, ListSort::Service]
            }
            Self::Timeline => &[
                ListSort::Newest,
                ListSort::Oldest,
                ListSort::Service,
                ListSort::Who,
            ],
        }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListSort {
    /// What needs somebody first.
    #[default]
    Need,
    Newest,
    Oldest,
    /// By service, as the names go.
    Service,
    /// By person, as the names go.
    Who,
}

impl ListSort {
    const ALL: [Self; 5] = [
        Self::Need,
        Self::Newest,
        Self::Oldest,
        Self::Service,
        Self::Who,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Need => "need",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Service => "service",
            Self::Who => "who",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }
}

/// A cursor that stays on its line when others come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    pub list: ListCursor,
    pub sort: ListSort,
    pub filter: String,
    /// The columns that are not shown.
    pub hidden: BTreeSet<String>,
    folds: Folds,
    /// `None` follows the first line.
    at: Option<Key>,
}

/// Which steps of orders are lines of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Folds {
    /// All of them: the list is the journal entry by entry.
    every: bool,
    /// Those of these orders.
    open: BTreeSet<IntentId>,
}

/// The cursors of the lists, and which of view 4's is shown.
#[derive(Clone, Debug)]
pub struct Overviews {
    pub requests: bool,
    runs: Picked,
    pull_requests: Picked,
    tasks: Picked,
    holds: Picked,
    timeline: Picked,
    /// The lines of the list that is shown.
    listing: Option<Listing>,
}

impl Default for Overviews {
    fn default() -> Self {
        Self {
            requests: false,
            runs: Picked::of(Overview::Runs),
            pull_requests: Picked::of(Overview::PullRequests),
            tasks: Picked::of(Overview::Tasks),
            holds: Picked::of(Overview::Holds),
            timeline: Picked::of(Overview::Timeline),
            listing: None,
        }
    }
}

impl Picked {
    /// Says whether each entry of the journal is a line.
    pub fn shows_every_entry(&self) -> bool {
        self.folds.every
    }

    /// Says whether an order's steps are shown below it.
    pub fn is_unfolded(&self, id: &IntentId) -> bool {
        self.folds.open.contains(id)
    }

    /// Says whether it stays at what comes anew.
    pub fn follows(&self) -> bool {
        self.at.is_none() && self.sort == ListSort::Newest
    }

    fn of(overview: Overview) -> Self {
        Self {
            sort: overview.sorts().first().copied().unwrap_or_default(),
            hidden: columns::unasked(overview),
            ..Self::default()
        }
    }
}

impl Overviews {
    pub fn of(&self, overview: Overview) -> &Picked {
        match overview {
            Overview::Runs => &self.runs,
            Overview::PullRequests => &self.pull_requests,
            Overview::Tasks => &self.tasks,
            Overview::Holds => &self.holds,
            Overview::Timeline => &self.timeline,
        }
    }

    /// Orders a list anew, if it can have that order.
    pub(super) fn sort(&mut self, overview: Overview, sort: ListSort) {
        if overview.sorts().contains(&sort) {
            self.of_mut(overview).sort = sort;
        }
    }

    /// The lines of a list: those that lie ready, or else found anew.
    pub fn listing(&self, engine: &Engine, overview: Overview, now: Timestamp) -> Cow<'_, Listing> {
        let picked = self.of(overview);
        match &self.listing {
            Some(listing) if listing.is_good_for(engine, picked, overview, now) => {
                Cow::Borrowed(listing)
            }
            _ => Cow::Owned(Listing::of(engine, picked, overview, now)),
        }
    }

    /// The same, taken out where it lies ready.
    fn take_listing(&mut self, engine: &Engine, overview: Overview, now: Timestamp) -> Listing {
        let last = self.listing.take();
        let picked = self.of(overview);
        match last {
            Some(mut last) if last.is_sorted_for(engine, picked, overview, now) => {
                last.sift(engine, &picked.filter, now);
                last
            }
            _ => Listing::of(engine, picked, overview, now),
        }
    }

    pub(super) fn of_mut(&mut self, overview: Overview) -> &mut Picked {
        match overview {
            Overview::Runs => &mut self.runs,
            Overview::PullRequests => &mut self.pull_requests,
            Overview::Tasks => &mut self.tasks,
            Overview::Holds => &mut self.holds,
            Overview::Timeline => &mut self.timeline,
        }
    }
}

impl Interface {
    /// The list that fills the screen, if one does.
    pub fn overview(&self) -> Option<Overview> {
        match self.screen {
            Screen::Pipelines if self.overviews.requests => Some(Overview::PullRequests),
            Screen::Pipelines => Some(Overview::Runs),
            Screen::Tasks => Some(Overview::Tasks),
            Screen::Holds => Some(Overview::Holds),
            Screen::Timeline => Some(Overview::Timeline),
            Screen::Board | Screen::Detail(_) | Screen::Release | Screen::Forge(_) => None,
        }
    }

    /// Finds the lines of the list that is shown, if they may have changed, keeps the cursor on its
    /// line, and says which services are in sight.
    pub(super) fn follow_overview(&mut self, engine: &Engine, now: Timestamp) -> Vec<ServiceName> {
        let Some(overview) = self.overview() else {
            self.overviews.listing = None;
            return Vec::new();
        };
        let height = height(self);
        // What is frozen is looked at as it was.
        let kept = self.kept.take();
        let (engine, now) = match (kept.as_deref(), self.frozen) {
            (Some(kept), Some(at)) => (kept, at),
            _ => (engine, now),
        };
        let mut listing = self.overviews.take_listing(engine, overview, now);
        if let Some(Overlay::Filter { .. }) = self.overlays.last() {
            listing.prepare(engine, now);
        }
        let picked = self.overviews.of_mut(overview);
        let at = picked.at.as_ref();
        let place = at.and_then(|at| listing.place(engine, at, picked.list.selected));
        let last = listing.len().saturating_sub(1);
        if let (Some(place), Overview::Timeline) = (place, overview) {
            // The lines above it move on with it.
            let above = picked.list.selected.saturating_sub(picked.list.offset);
            picked.list.offset = place.saturating_sub(above);
        }
        let selected = place.unwrap_or_else(|| picked.list.selected.min(last));
        picked.list.select(selected, height);
        // Its line is gone, or filtered away: from here on it stays on the nearest.
        if place.is_none() && picked.at.is_some() && !listing.is_empty() {
            let nearest = (selected > 0).then(|| listing.item(engine, selected));
            picked.at = nearest.flatten().map(|item| item.key());
        }
        let seen = match overview {
            // What happened is not what is asked for now.
            Overview::Timeline => Vec::new(),
            Overview::Runs | Overview::PullRequests | Overview::Tasks | Overview::Holds => listing
                .items(engine, picked.list.offset, height)
                .filter_map(|(_, item)| item.service().cloned())
                .collect(),
        };
        self.overviews.listing = Some(listing);
        self.kept = kept;
        seen
    }
}

/// The selected line.
pub(super) fn selected(state: &State) -> Option<Item<'_>> {
    let (overview, overviews) = (state.interface.overview()?, &state.interface.overviews);
    let (engine, now) = aim::seen(state);
    let listing = overviews.listing(engine, overview, now);
    listing.item(engine, overviews.of(overview).list.selected)
}

/// Whether an order is selected, whose steps `enter` shows.
pub fn on_an_order(state: &State) -> bool {
    matches!(selected(state), Some(Item::Sent(..)))
}

/// The selected hold, where holds are listed.
pub fn selected_hold(state: &State) -> Option<HoldId> {
    match selected(state)? {
        Item::Hold(hold) => Some(hold.id.clone()),
        Item::Run(..)
        | Item::PullRequest(..)
        | Item::Flight(..)
        | Item::Order(_)
        | Item::Release(_)
        | Item::Entry(..)
        | Item::Sent(..) => None,
    }
}

pub(super) fn run(state: &mut State, command: Command) {
    let Some(overview) = state.interface.overview() else {
        return;
    };
    match command {
        Command::Close if !state.interface.filter_here().is_empty() => {
            state.interface.filter_anew(String::new());
        }
        Command::Close => state.interface.show(Screen::Board),
        Command::Filter => filter::open(&mut state.interface),
        Command::Columns => {
            let overlay = Overlay::Columns { selected: 0 };
            state.interface.overlays.push(overlay);
        }
        Command::NextTab | Command::PreviousTab | Command::NextPane | Command::PreviousPane => {
            if matches!(overview, Overview::Runs | Overview::PullRequests) {
                let overviews = &mut state.interface.overviews;
                overviews.requests = !overviews.requests;
            }
        }
        Command::Open => open(state, overview),
        Command::Follow => follow(state, overview),
        Command::Entries => {
            let folds = &mut state.interface.overviews.of_mut(overview).folds;
            folds.every = !folds.every;
        }
        Command::Sort => {
            let picked = state.interface.overviews.of_mut(overview);
            let all = overview.sorts();
            let place = all.iter().position(|sort| *sort == picked.sort);
            let next = turn(place.unwrap_or(0), all.len(), true);
            picked.sort = all.get(next).copied().unwrap_or_default();
        }
        Command::NextMatch | Command::PreviousMatch => {
            let overviews = &state.interface.overviews;
            let (engine, now) = aim::seen(state);
            let listing = overviews.listing(engine, overview, now);
            let selected = overviews.of(overview).list.selected;
            let forward = command == Command::NextMatch;
            let to = turn(selected, listing.len(), forward);
            go(state, overview, to);
        }
        _ => travel_in(state, overview, command),
    }
}

pub(super) fn travel_in(state: &mut State, overview: Overview, command: Command) {
    let overviews = &state.interface.overviews;
    let (engine, now) = aim::seen(state);
    let listing = overviews.listing(engine, overview, now);
    let selected = overviews.of(overview).list.selected;
    let height = height(&state.interface);
    if let Some(to) = travel(command, selected, listing.len(), height) {
        go(state, overview, to);
    }
}

/// Moves the cursor; from then on it stays on its line.
fn go(state: &mut State, overview: Overview, to: usize) {
    let overviews = &state.interface.overviews;
    let (engine, now) = aim::seen(state);
    let listing = overviews.listing(engine, overview, now);
    let item = listing.item(engine, to).filter(|_| to > 0);
    let at = item.map(|item| item.key());
    let height = height(&state.interface);
    let picked = state.interface.overviews.of_mut(overview);
    picked.at = at;
    picked.list.select(to, height);
}

/// Stays at the newest line from now on, or on the one that is newest now.
fn follow(state: &mut State, overview: Overview) {
    if !state.interface.overviews.of(overview).follows() {
        state.interface.overviews.of_mut(overview).sort = ListSort::Newest;
        return go(state, overview, 0);
    }
    let overviews = &state.interface.overviews;
    let listing = overviews.listing(&state.engine, overview, state.now);
    let at = listing.item(&state.engine, 0).map(|item| item.key());
    state.interface.overviews.of_mut(overview).at = at;
}

/// Goes to where the selected thing is told in full.
fn open(state: &mut State, overview: Overview) {
    let Some(item) = selected(state) else {
        return;
    };
    if let Item::Sent(promotion, _) = item {
        let id = promotion.intent.id.clone();
        let picked = state.interface.overviews.of_mut(overview);
        // It stays under the cursor while its steps come and go, and others come in above it.
        picked.at = Some(Key::Order(id.clone()));
        if !picked.folds.open.remove(&id) {
            picked.folds.open.insert(id);
        }
        return;
    }
    if let Item::Release(run) = item {
        state.interface.release = Some(run.release.clone());
        state.interface.show(Screen::Release);
        return;
    }
    let usual = state.interface.usual();
    let Some(cursor) = aim::of_item(&state.engine, &item, usual) else {
        return;
    };
    let service = cursor.service.clone();
    state.interface.cursor = Some(cursor);
    state.interface.tab = match overview {
        Overview::Runs | Overview::Tasks => DetailTab::Pipeline,
        Overview::PullRequests => DetailTab::PullRequests,
        Overview::Holds => DetailTab::Gates,
        Overview::Timeline => state.interface.tab,
    };
    detail::open(state, service);
}

fn height(interface: &Interface) -> usize {
    usize::from(interface.rows.saturating_sub(8))
}

#[cfg(test)]
mod tests;
