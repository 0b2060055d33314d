//! People, and the tokens that act for them.

use std::collections::BTreeMap;

use super::words;

words! {
    /// What a token's owner may do in a repository, weakest first.
    Permission { Read = "read", Triage = "triage", Write = "write", Maintain = "maintain", Admin = "admin" }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The number of the account.
    pub id: u64,
    /// The name people are mentioned by.
    pub login: String,
    /// The name on the badge.
    pub name: String,
    /// The address in commits.
    pub email: String,
    /// The teams of the organisation that this person is in.
    pub teams: Vec<String>,
}

impl User {
    /// GitHub's stand-in for accounts that are gone.
    pub fn ghost() -> Self {
        Self {
            id: 10_137,
            login: "ghost".to_owned(),
            name: "Deleted user".to_owned(),
            email: "ghost@users.noreply.example".to_owned(),
            teams: Vec::new(),
        }
    }
}

/// A personal access token.
#[derive(Clone)]
pub struct Token {
    /// What the world file calls it: `read`, `operate`, `admin`, or more.
    pub label: String,
    /// The secret itself: worth nothing outside of the simulation.
    pub secret: String,
    /// For whom it acts.
    pub login: String,
    /// The scopes of a classic token, shown in `X-OAuth-Scopes`.
    pub scopes: Vec<String>,
    /// The grants of a fine-grained token, such as `actions = "write"`; a classic one has none.
    pub fine: Option<BTreeMap<String, String>>,
    /// What its owner may do in the repositories it sees.
    pub permission: Permission,
    /// The repositories (`owner/name`) it sees; empty means all.
    pub repos: Vec<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("label", &self.label)
            .field("login", &self.login)
            .field("permission", &self.permission)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// Says whether this token may know that the repository exists.
    pub fn sees(&self, owner: &str, name: &str) -> bool {
        // GitHub's scopes and GitLab's; no token has those of another forge.
        let reach = ["repo", "public_repo", "api", "read_api"];
        let reach = self.fine.is_some() || reach.iter().any(|it| self.has_scope(it));
        reach
            && (self.repos.is_empty()
                || self
                    .repos
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(&format!("{owner}/{name}"))))
    }

    /// Says whether the classic scope is held, directly or inside a wider one.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| {
            held == scope
                || (held == "repo"
                    && matches!(scope, "repo_deployment" | "repo:status" | "public_repo"))
        })
    }

    /// Says whether a fine-grained token holds `want` (`read` or `write`) on `area`; a
    /// classic token is not asked.
    pub fn grants(&self, area: &str, want: &str) -> bool {
        self.fine.as_ref().is_none_or(|fine| {
            fine.get(area)
                .is_some_and(|held| held == want || held == "write" || held == "admin")
        })
    }
}
