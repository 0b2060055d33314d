//! The forges of one simulation, in the order of the world: what control and monitoring look at.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::sim::{
    common::Common,
    faults::Fault,
    model::{Repo, State},
    shared::Shared,
};

/// All forges; the first is the one whose port control and monitoring are on.
#[derive(Debug, Clone)]
pub struct Forges {
    common: Arc<Common>,
    first: Arc<Shared>,
    more: Vec<Arc<Shared>>,
}

impl Forges {
    /// Puts forges together that share a clock.
    pub fn new(common: Arc<Common>, first: Arc<Shared>, more: Vec<Arc<Shared>>) -> Self {
        Self {
            common,
            first,
            more,
        }
    }

    /// What they share.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// The one that has control and monitoring.
    pub fn first(&self) -> &Arc<Shared> {
        &self.first
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Shared>> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The forge of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<Shared>> {
        self.all().find(|it| &*it.read().name == name)
    }

    /// What each of them looks like now.
    pub fn states(&self) -> Vec<Arc<State>> {
        self.all().map(|it| it.read()).collect()
    }

    /// The forge that has a repository (`owner/name`, or the name alone), and its number there;
    /// the first that has one so named, unless `forge` names it.
    pub fn having(&self, forge: Option<&str>, repo: &str) -> Option<(&Arc<Shared>, u64)> {
        self.all().find_map(|it| {
            let state = it.read();
            let meant = forge.is_none_or(|name| name == &*state.name);
            let found = repository(&state, repo).filter(|_| meant)?;
            Some((it, found.id))
        })
    }

    /// Moves the clock forward, and every world with it.
    pub fn advance(&self, by: SignedDuration) {
        self.common.advance(by);
        for it in self.all() {
            it.read();
        }
    }

    /// Puts a fault in force and returns its number.
    pub fn inject(&self, fault: Fault) -> u64 {
        let states = self.states();
        let id = self
            .common
            .faults()
            .inject(fault, self.common.now(), states);
        self.doors();
        id
    }

    /// Takes one fault away, and says whether it was there.
    pub fn lift(&self, id: u64) -> bool {
        let lifted = self.common.faults().lift(id);
        self.doors();
        lifted
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.common.faults().clear();
        self.doors();
    }

    // The first forge's port stays open, for control is there too: its connections are reset.
    fn doors(&self) {
        for it in &self.more {
            let name = it.read().name.clone();
            let refuses = self.common.faults().refuses(&name);
            it.open(!refuses);
        }
    }
}

/// A repository by `owner/name` or by name alone.
pub fn repository<'s>(state: &'s State, name: &str) -> Option<&'s Arc<Repo>> {
    state
        .repos
        .iter()
        .find(|it| it.name == name || it.full_name() == name)
}
