//! What a GitLab project has that other forges do not: freezes, external statuses, notes.

use jiff::Timestamp;

/// The part of a project that is GitLab's alone.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// When nothing is to be deployed; pipelines honour it, the API does not.
    pub freezes: Vec<Freeze>,
    /// What others said about commits.
    pub statuses: Vec<External>,
    /// What people said about merge requests.
    pub notes: Vec<Note>,
    /// A merge request needs a pipeline that succeeded.
    pub must_succeed: bool,
    /// How many pipelines there have been: the newest one's `iid`.
    pub pipelines: u64,
}

/// A time in which nothing is to be deployed, again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Its number.
    pub id: u64,
    /// When it begins, as cron has it.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// Where the clock hangs.
    pub zone: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// A commit status that somebody outside set; it counts in its pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// Its number.
    pub id: u64,
    /// The pipeline it belongs to.
    pub pipeline: u64,
    /// The commit.
    pub sha: String,
    /// Branch or tag.
    pub ref_: String,
    /// Its name: the newest of a name counts.
    pub name: String,
    /// `pending`, `running`, `success`, `failed`, `canceled` or `skipped`.
    pub state: &'static str,
    /// A line for people.
    pub description: Option<String>,
    /// Where to look.
    pub target_url: Option<String>,
    /// Who set it.
    pub creator: String,
    /// When.
    pub created_at: Timestamp,
}

/// What somebody said about a merge request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// The merge request.
    pub number: u64,
    /// Who.
    pub author: String,
    /// What.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
}
