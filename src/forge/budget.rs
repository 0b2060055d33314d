//! Rate budgets, as a forge's headers last told them.

use jiff::Timestamp;

/// What is left to ask of a forge. `None` where the forge sets no limit or has not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Points an hour of batched queries (GitHub: GraphQL).
    pub queries: Option<Allowance>,
    /// Single requests an hour (GitHub: REST).
    pub requests: Option<Allowance>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Organizations that lists leave out: their single sign-on does not know the token.
    pub hidden: u64,
}

/// One allowance and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub limit: u64,
    pub remaining: u64,
    pub resets_at: Timestamp,
}
