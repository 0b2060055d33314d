//! What the ledger knows of intents: those of a cell, those that have not ended. Folding the entries that
//! they come from lives in `ledger.rs`.

use super::Ledger;
use crate::domain::ids::{EnvironmentName, IntentId, ServiceName};
use crate::domain::promotion::{Promotion, Purpose};

impl Ledger {
    /// The ledger as if one intent had never been: what its operator saw before ordering it.
    #[must_use]
    pub fn without(&self, id: &IntentId) -> Self {
        let mut ledger = self.clone();
        ledger.promotions.remove(id);
        ledger.open.remove(id);
        for one in ledger.overrides.values_mut() {
            one.used.take_if(|used| used == id);
        }
        ledger
    }

    /// Returns the open promotion of a cell, if there is one.
    pub fn open_promotion(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Option<&Promotion> {
        self.open().find(|promotion| {
            promotion.intent.purpose == Purpose::Promotion
                && promotion.intent.service == *service
                && promotion.intent.environment == *environment
        })
    }

    /// Returns every intent of a cell, of any purpose, oldest first.
    pub fn promotions_of(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> impl DoubleEndedIterator<Item = &Promotion> {
        let cell = (service.clone(), environment.clone());
        let ids = self.cells.get(&cell).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.promotions.get(id))
    }

    /// Returns every run of a service that somebody ran again, whichever cell they looked at: it may
    /// deploy into another.
    pub fn reruns_of(&self, service: &ServiceName) -> impl Iterator<Item = &Promotion> {
        let first = (service.clone(), EnvironmentName::from(""));
        let cells = self.cells.range(first.clone()..);
        cells
            .take_while(move |((of, _), _)| *of == first.0)
            .flat_map(|(_, ids)| ids)
            .filter_map(|id| self.promotions.get(id))
            .filter(|promotion| promotion.intent.purpose == Purpose::Rerun)
    }

    /// Says whether an intent has not ended.
    pub fn is_open(&self, id: &IntentId) -> bool {
        self.open.contains(id)
    }

    /// Returns every intent that has not ended, of any purpose.
    pub fn open(&self) -> impl Iterator<Item = &Promotion> {
        self.open.iter().filter_map(|id| self.promotions.get(id))
    }
}
