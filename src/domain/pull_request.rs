//! Pull requests: what is open, what it lacks, and who approved it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Person, PullRequestNumber, Sha};
use super::phase::Phase;

/// What stands between a pull request and its merge; the first that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeState {
    Draft,
    /// The forge is still computing.
    Checking,
    ChecksRunning,
    ChecksFailed,
    NeedsReview,
    ChangesRequested,
    Behind,
    Conflict,
    Blocked,
    Ready,
    /// In the merge queue.
    Queued,
    Merged,
    Closed,
    Unknown(String),
}

impl ChangeState {
    pub fn word(&self) -> &str {
        match self {
            Self::Draft => "draft",
            Self::Checking => "checking",
            Self::ChecksRunning => "checks running",
            Self::ChecksFailed => "checks failed",
            Self::NeedsReview => "needs review",
            Self::ChangesRequested => "changes requested",
            Self::Behind => "behind",
            Self::Conflict => "conflict",
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Merged => "merged",
            Self::Closed => "closed",
            Self::Unknown(word) => word,
        }
    }
}

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    pub number: PullRequestNumber,
    pub title: String,
    pub author: Option<Person>,
    pub url: String,
    pub head: Sha,
    pub head_ref: String,
    pub base_ref: String,
    pub state: ChangeState,
    pub checks: Option<Phase>,
    /// The forge's own words on mergeability and review, for the details pane.
    pub raw: String,
    pub labels: Vec<String>,
    pub updated_at: Timestamp,
}

/// A person's last opinion on a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub author: Person,
    pub approved: bool,
    pub at: Option<Timestamp>,
}
