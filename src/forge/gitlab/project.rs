//! One project: the routes below it, by path or by number, and what it says of itself.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{GitLab, REST};
use crate::domain::ids::{Person, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// A project as REST has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) path_with_namespace: String,
    pub(super) default_branch: Option<String>,
}

/// Somebody.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) username: String,
}

impl User {
    pub(super) fn person(&self) -> Person {
        Person::from(clean(&self.username))
    }
}

/// The tip of a branch.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Branch {
    pub(super) commit: Tip,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tip {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) author_name: Option<String>,
    pub(super) committed_date: Option<Timestamp>,
}

impl GitLab {
    /// Returns the route of a project with `rest` after it. A proxy that decodes the `%2F` of a path
    /// makes it unknown: then projects are asked for by number.
    pub(super) fn below(&self, repo: &RepoPath, rest: impl AsRef<str>) -> String {
        let known = self.memory.known();
        let number = known.projects.get(repo).and_then(|known| known.number);
        let project = match number.filter(|_| known.by_number) {
            Some(number) => number.to_string(),
            None => part(repo.as_str()),
        };
        format!("{REST}/projects/{project}{}", rest.as_ref())
    }

    /// Reads what stands below a project.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        rest: impl AsRef<str> + Send,
    ) -> Result<T, Error> {
        let route = self.below(repo, rest);
        self.rest.get(purpose, &route).await?.json()
    }

    /// Reads a list to its end; `rest` names the longest page that GitLab makes.
    pub(super) async fn read_all<T: DeserializeOwned + Send>(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        rest: impl AsRef<str> + Send,
    ) -> Result<Vec<T>, Error> {
        let mut all: Vec<T> = Vec::new();
        let route = self.below(repo, rest);
        self.rest
            .get_pages(purpose, &route, |answer| {
                all.extend(answer.json::<Vec<T>>()?);
                Ok(true)
            })
            .await?;
        Ok(all)
    }

    /// As `read_all`, of what may not be there.
    pub(super) async fn read_all_if_there<T: DeserializeOwned + Send>(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        rest: impl AsRef<str> + Send,
    ) -> Result<Option<Vec<T>>, Error> {
        if_there(self.read_all(purpose, repo, rest).await)
    }

    /// Reads what may not be there: `None` where it is missing or hidden. Whoever takes that for an
    /// answer has seen the project itself.
    pub(super) async fn read_if_there<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        rest: impl AsRef<str> + Send,
    ) -> Result<Option<T>, Error> {
        if_there(self.read(purpose, repo, rest).await)
    }

    /// Reads a project itself; one that was renamed answers under its new path.
    pub(super) async fn read_project(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<Project, Error> {
        let project: Project = self.read(purpose, repo, "").await?;
        self.memory.note(repo, |known| {
            known.number = Some(project.id);
            known.default_branch = project.default_branch.as_deref().map(clean);
        });
        Ok(project)
    }

    /// Finds the branch that a service is released from.
    pub(super) async fn branch_of(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        wanted: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(wanted) = wanted {
            return Ok(Some(wanted.to_owned()));
        }
        if let Some(known) = self.memory.project(repo).default_branch {
            return Ok(Some(known));
        }
        let project = self.read_project(purpose, repo).await?;
        Ok(project.default_branch.as_deref().map(clean))
    }
}

fn if_there<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(Error::Refused(refusal)) if matches!(refusal.status, 403 | 404) => Ok(None),
        Err(error) => Err(error),
    }
}
