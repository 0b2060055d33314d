//! Commits, branches and tags.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Change;

/// One commit.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Forty hexadecimal digits, made from seed, repository and content.
    pub sha: String,
    /// The first is the branch it was made on.
    pub parents: Vec<String>,
    /// Headline, blank line, body.
    pub message: String,
    /// Login of the author.
    pub author: String,
    /// Author and commit date.
    pub at: Timestamp,
    /// Lines added.
    pub additions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// The files touched; none for a merge that only joins two lines.
    pub files: Vec<Change>,
}

impl Commit {
    /// The first line of the message.
    pub fn headline(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The seven digits that people read out.
    pub fn short(&self) -> &str {
        self.sha.get(..7).unwrap_or(&self.sha)
    }
}

/// Makes forty hexadecimal digits out of anything, always the same for the same parts.
pub fn sha_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut hex = hex(&hash.finalize());
    hex.truncate(40);
    hex
}

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A branch.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Without `refs/heads/`.
    pub name: String,
    /// The commit it points at.
    pub sha: String,
    /// What a change into it needs; `None` when the branch is not protected.
    pub protection: Option<Protection>,
}

/// What a protected branch asks of a change.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// Approving reviews.
    pub reviews: u32,
    /// Contexts or check names that must succeed.
    pub contexts: Vec<String>,
    /// GitHub: by the branch's own protection, which is shown with the branch, and not by a ruleset,
    /// which is shown among the rules.
    pub classic: bool,
}

/// A tag.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Without `refs/tags/`.
    pub name: String,
    /// The commit it points at.
    pub sha: String,
}
