//! Releases.

use jiff::Timestamp;

/// A release, or the draft of one.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// The tag it has or, for a draft, will make.
    pub tag: String,
    /// Branch or sha that the tag is made from.
    pub target: String,
    /// Its title.
    pub name: Option<String>,
    /// Its notes.
    pub body: String,
    /// Not published.
    pub draft: bool,
    /// Not for everybody.
    pub prerelease: bool,
    /// May be the latest one.
    pub latest: bool,
    /// Who wrote it.
    pub author: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}
