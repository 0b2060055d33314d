//! Pull requests and their reviews.

use jiff::Timestamp;

use super::words;

words! {
    /// Whether a pull request can still be merged.
    PullState { Open = "open", Closed = "closed", Merged = "merged" }
}

words! {
    /// What a review says.
    ReviewState {
        Approved = "approved", ChangesRequested = "changes_requested", Commented = "commented",
        Dismissed = "dismissed", Pending = "pending",
    }
}

words! {
    /// How a pull request is merged.
    MergeMethod { Merge = "merge", Squash = "squash", Rebase = "rebase" }
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Its number in the whole forge.
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// The text below.
    pub body: String,
    /// Login.
    pub author: String,
    /// Head branch.
    pub head: String,
    /// Newest commit of it.
    pub head_sha: String,
    /// Base branch.
    pub base: String,
    /// The base's commit when it was opened or merged.
    pub base_sha: String,
    /// Not ready yet.
    pub draft: bool,
    /// Open, closed or merged.
    pub state: PullState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// When it was closed or merged.
    pub closed_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The commit that brought it in.
    pub merge_commit: Option<String>,
    /// Names of labels.
    pub labels: Vec<String>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Who was asked.
    pub requested: Vec<String>,
    /// Whether it merges cleanly; `None` while the forge still computes it.
    pub mergeable: Option<bool>,
    /// What `mergeable` will be once computed.
    pub conflicts: bool,
    /// Merge by itself once all is green.
    pub auto_merge: Option<AutoMerge>,
    /// Position in the merge queue.
    pub queue: Option<u32>,
    /// Lines added.
    pub additions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// Files changed.
    pub files: u32,
}

/// A standing order to merge.
#[derive(Debug, Clone)]
pub struct AutoMerge {
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How.
    pub method: MergeMethod,
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub author: String,
    /// What it says.
    pub state: ReviewState,
    /// The text.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// The commit reviewed.
    pub commit: String,
}

impl Pull {
    /// The newest opinion of each reviewer; a comment is not an opinion.
    pub fn opinions(&self) -> Vec<&Review> {
        let mut latest: Vec<&Review> = Vec::new();
        for review in &self.reviews {
            if matches!(review.state, ReviewState::Commented | ReviewState::Pending) {
                continue;
            }
            latest.retain(|it| it.author != review.author);
            latest.push(review);
        }
        latest
    }
}
