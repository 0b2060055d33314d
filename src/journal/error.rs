//! Journal errors.

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
