//! The steps of a story: who does what, when, to what.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Offset;
use crate::sim::model::{Doom, Ill, Report};

/// What a step of a story does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A commit arrives on `branch`.
    #[default]
    Push,
    /// A reviewed pull request is merged; `tag` tags the result.
    Land,
    /// A pull request from `head` into `base` is opened.
    Open,
    /// Somebody reviews the pull request from `head`.
    Review,
    /// The pull request from `head` is merged.
    Merge,
    /// Somebody approves what the newest run waits for at `environment`.
    Approve,
    /// Somebody rejects it.
    Reject,
    /// `workflow` is dispatched with `inputs`.
    Dispatch,
    /// A deployment of `rev` to `environment` is created.
    Deploy,
    /// A release of `tag` is written; a draft if `draft`.
    Release,
    /// The draft of `tag` is published.
    Publish,
    /// `rev` gets the commit status `context`.
    Status,
    /// The newest finished run of `workflow` (on `rev`) is run again: what failed, and the jobs
    /// that `fate` names; all of it if there are none.
    Rerun,
    /// The newest run of `workflow` is cancelled.
    Cancel,
    /// An issue titled `text` is opened.
    Issue,
    /// The issue titled `text` is closed.
    Close,
    /// The issue titled `text` is opened again.
    Reopen,
    /// `branch` is moved to `rev` by force.
    Move,
    /// The service in `environment` is as `health` says, for as long as it `lasts`.
    Health,
    /// What comes next ends as `doom` says.
    Doom,
}

/// A step of a story.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// When, from the start of the simulation.
    pub at: Offset,
    /// What.
    #[serde(rename = "do")]
    pub verb: Verb,
    /// Who.
    pub by: String,
    /// Message of a commit, title of a pull request or release, comment of a review.
    pub text: String,
    /// Branch that a push goes to.
    pub branch: String,
    /// Head branch of a pull request.
    pub head: String,
    /// Base branch of a pull request.
    pub base: String,
    /// Tag to be made, or of a release.
    pub tag: String,
    /// Revision; the default branch if empty.
    pub rev: String,
    /// Environment.
    pub environment: String,
    /// Workflow file.
    pub workflow: String,
    /// Inputs of a dispatch.
    pub inputs: BTreeMap<String, String>,
    /// Name of a commit status.
    pub context: String,
    /// State of a status or review.
    pub state: String,
    /// Who approved a pull request.
    pub approved: Vec<String>,
    /// Labels of a pull request.
    pub labels: Vec<String>,
    /// Lines added and removed.
    pub lines: Option<(u32, u32)>,
    /// Decided outcomes: job name to conclusion.
    pub fate: BTreeMap<String, String>,
    /// A draft, of pull request or release.
    pub draft: bool,
    /// The pull request does not merge cleanly.
    pub conflicts: bool,
    /// The deployment fails.
    pub fails: bool,
    /// The text below the title of an issue or pull request.
    pub body: String,
    /// Titles of the issues that the pull request closes.
    pub closes: Vec<String>,
    /// Who else wrote the commit.
    pub with: Vec<String>,
    /// The files that a commit touches; one named after its text without them.
    pub files: Vec<String>,
    /// Files that a commit writes, and what they then hold.
    pub write: BTreeMap<String, String>,
    /// Files that a commit removes.
    pub remove: Vec<String>,
    /// What jobs report on the commit.
    pub reports: BTreeMap<String, Report>,
    /// The payload of a deployment.
    pub payload: Option<serde_json::Value>,
    /// Where a status leads.
    pub url: String,
    /// How a service is.
    pub health: Option<Ill>,
    /// For how long.
    pub lasts: Option<Offset>,
    /// How what comes next ends.
    pub doom: Option<Doom>,
}
