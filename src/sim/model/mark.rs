//! What a job leaves behind where a forge has no deployments: a commit status, a branch, a tag.

use serde::Deserialize;

/// The marks of a job; in each, `${{ inputs.x }}` is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mark {
    /// A commit status on what it deploys: pending while it runs, then how it ended.
    pub status: Option<String>,
    /// A branch that is moved to what it deployed.
    pub branch: Option<String>,
    /// A tag that is moved there.
    pub tag: Option<String>,
}
