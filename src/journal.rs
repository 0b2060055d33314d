//! The journal: entries appended under a precondition, chained by hash, read since a place.
//!
//! What entries mean lives in `domain/entry.rs`, what they add up to in `domain/ledger.rs`. The
//! send-once rule is kept here, by transactions; nothing here sends.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::entry::{Draft, Entry, Precondition};
use crate::domain::ids::{InstanceId, Seq};

pub mod chain;
#[cfg(test)]
mod contract;
pub mod error;
#[cfg(test)]
pub(crate) mod memory;
mod rules;
pub mod sqlite;

pub use error::Error;

/// Append with precondition, read since.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends an entry if `precondition` holds, in one transaction. When it returns `Ok`, the
    /// entry is durable.
    async fn append(&self, draft: Draft, precondition: Precondition) -> Result<Entry, Error>;

    /// Returns at most `limit` entries after `seq`, in order; none of a chain that is broken there.
    async fn since(&self, seq: Seq, limit: u32) -> Result<Vec<Entry>, Error>;

    /// Returns the place of the last entry. Cheap: asked every second, it shows what others wrote.
    async fn head(&self) -> Result<Seq, Error>;

    /// Settles what gonogos that have ended left half-done: what was being sent becomes `unknown`,
    /// what was only intended is abandoned. Quick when there is nothing to settle.
    async fn settle_dead(&self, at: Timestamp) -> Result<(), Error>;

    /// Returns the other living gonogos on this journal; `None` if that cannot be told. Quick.
    fn neighbours(&self) -> Option<Vec<InstanceId>> {
        None
    }

    /// Checks the whole chain and returns how many entries it has.
    async fn verify(&self) -> Result<u64, Error>;
}
