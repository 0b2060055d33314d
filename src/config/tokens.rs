//! Tokens.
use std::path::PathBuf;

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    Env(String),
    Command(Vec<String>),
    File(PathBuf),
    Discovered,
}
