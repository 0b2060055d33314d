//! What people do to the forge: each act checks, changes the state and says what came of it.
//!
//! REST and GraphQL both end here. Who may act is checked by the caller's `permit`; what
//! happens later (jobs, deployments) is put on the agenda of `script`.

use std::sync::Arc;

use crate::sim::model::{Permission, Repo, State, Token};

pub mod deploy;
pub mod issue;
pub mod merge;
pub mod publish;
pub mod pull;
pub mod workflow;

/// Why an act did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// REST's status.
    pub status: u16,
    /// GitHub's message.
    pub message: String,
    /// The fields at fault, for 422.
    pub errors: Vec<FieldError>,
    /// The grants that would have helped, for `X-Accepted-GitHub-Permissions`.
    pub accepted: Option<String>,
}

/// One entry of `errors` in a 422.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// `Release`, `PullRequest`, …
    pub resource: &'static str,
    /// The field.
    pub field: String,
    /// `missing_field`, `invalid`, `already_exists`, `custom`, …
    pub code: &'static str,
    /// Words, for `custom`.
    pub message: Option<String>,
}

impl Refusal {
    /// A refusal with nothing but status and message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: Vec::new(),
            accepted: None,
        }
    }

    /// 404, also for what the token must not know of.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 422 with one field at fault.
    pub fn field(resource: &'static str, field: &str, code: &'static str) -> Self {
        Self::fields(vec![FieldError {
            resource,
            field: field.to_owned(),
            code,
            message: None,
        }])
    }

    /// 422 with words of its own.
    pub fn custom(resource: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            resource,
            field: field.to_owned(),
            code: "custom",
            message: Some(message.into()),
        }])
    }

    /// 422 with all the fields at fault.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(422, "Validation Failed")
        }
    }

    /// GraphQL's `type` for this refusal.
    pub fn kind(&self) -> &'static str {
        match self.status {
            404 => "NOT_FOUND",
            401 | 403 => "FORBIDDEN",
            _ => "UNPROCESSABLE",
        }
    }
}

/// Checks that a token may do something in a repository: the person's permission, the scope
/// of a classic token, the grant of a fine-grained one (`area`, such as `deployments`).
pub fn permit(token: &Token, repo: &Repo, area: &'static str, scope: &str) -> Result<(), Refusal> {
    let want = format!("{area}=write");
    if token.permission < Permission::Write {
        // GitHub tells a reader that the thing exists, but not that it can be written.
        return Err(Refusal {
            accepted: Some(want),
            ..Refusal::new(403, "Must have admin rights to Repository.")
        });
    }
    if token.fine.is_some() {
        if !token.grants(area, "write") {
            return Err(Refusal {
                accepted: Some(want),
                ..Refusal::new(403, "Resource not accessible by personal access token")
            });
        }
    } else if !token.has_scope(scope) {
        return Err(Refusal::not_found());
    }
    if repo.archived {
        return Err(Refusal::new(
            403,
            "Repository was archived so is read-only.",
        ));
    }
    Ok(())
}

impl State {
    /// Finds a repository for a token: what it must not see is not there.
    pub fn visible(&self, token: &Token, owner: &str, name: &str) -> Result<u64, Refusal> {
        self.repo(owner, name)
            .filter(|repo| !repo.private || token.sees(&repo.owner, &repo.name))
            .map(|repo| repo.id)
            .ok_or_else(Refusal::not_found)
    }

    /// The repository of an act, as it is before the act: held, so that the state may change.
    fn known_repo(&self, id: u64) -> Result<Arc<Repo>, Refusal> {
        self.repo_by_id(id).cloned().ok_or_else(Refusal::not_found)
    }
}
