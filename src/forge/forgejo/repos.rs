//! Repositories, branches and people, as far as we read them. All of it is optional on the wire.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Forgejo;
use super::lists::{API, Page, below};
use crate::domain::facts::{Head, Permission};
use crate::domain::ids::{Person, RepoPath, Sha};
use crate::domain::text::clean;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// How long a repository's own facts are believed: who may write, whether it is archived.
const REPOSITORY_FOR: SignedDuration = SignedDuration::from_secs(60);

/// From how many services on it pays to ask for many repositories at once.
const MANY: usize = 5;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Repository {
    pub(super) full_name: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    pub(super) archived: bool,
    pub(super) has_actions: Option<bool>,
    pub(super) has_releases: Option<bool>,
    pub(super) has_pull_requests: Option<bool>,
    pub(super) open_pr_counter: Option<u64>,
    pub(super) release_counter: Option<u64>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) permissions: Option<Rights>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Rights {
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    push: bool,
    #[serde(default)]
    pull: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    login: Option<String>,
    #[serde(alias = "username")]
    user_name: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Branch {
    pub(super) commit: Option<BranchCommit>,
    #[serde(default)]
    pub(super) required_approvals: u64,
    #[serde(default)]
    pub(super) enable_status_check: bool,
    pub(super) status_check_contexts: Option<Vec<String>>,
}

/// The branches that one look has read, by name; `None` where there is none.
pub(super) type Branches = BTreeMap<String, Option<Branch>>;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct BranchCommit {
    id: Option<String>,
    message: Option<String>,
    author: Option<GitPerson>,
    timestamp: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
struct GitPerson {
    name: Option<String>,
    username: Option<String>,
}

/// Returns the login; the ghost of a deleted account has none.
pub(super) fn person(user: &User) -> Option<Person> {
    let login = user.login.as_deref().or(user.user_name.as_deref())?;
    (!login.is_empty()).then(|| Person::from(clean(login)))
}

/// Reads an id of a commit; an empty one is none.
pub(super) fn sha(text: Option<&str>) -> Option<Sha> {
    let text = clean(text?).to_lowercase();
    (!text.is_empty()).then(|| Sha::from(text))
}

impl Repository {
    pub(super) fn permission(&self) -> Permission {
        match &self.permissions {
            Some(Rights { admin: true, .. }) => Permission::Admin,
            Some(Rights { push: true, .. }) => Permission::Write,
            Some(Rights { pull: true, .. }) => Permission::Read,
            Some(_) | None => Permission::Unknown,
        }
    }

    /// The path as the forge spells it now.
    pub(super) fn path(&self, asked: &RepoPath) -> RepoPath {
        let name = self.full_name.as_deref().filter(|name| !name.is_empty());
        name.map_or_else(|| asked.clone(), |name| RepoPath::from(clean(name)))
    }

    pub(super) fn url(&self) -> String {
        clean(self.html_url.as_deref().unwrap_or_default())
    }

    /// The branch that a service is released from.
    pub(super) fn branch(&self, target: &Target) -> Option<String> {
        let own = target.branch.clone();
        own.or_else(|| self.default_branch.clone())
            .filter(|branch| !branch.is_empty())
    }
}

impl Branch {
    pub(super) fn sha(&self) -> Option<Sha> {
        sha(self.commit.as_ref()?.id.as_deref())
    }

    pub(super) fn at(&self) -> Option<Timestamp> {
        self.commit.as_ref()?.timestamp
    }

    pub(super) fn author(&self) -> Option<Person> {
        let author = self.commit.as_ref()?.author.as_ref()?;
        let account = author.username.as_deref().filter(|name| !name.is_empty());
        let name = account.or(author.name.as_deref())?;
        Some(Person::from(clean(name)))
    }

    pub(super) fn head(&self) -> Option<Head> {
        let message = self.commit.as_ref()?.message.as_deref();
        let headline = message.and_then(|message| message.lines().next());
        Some(Head {
            sha: self.sha()?,
            headline: clean(headline.unwrap_or_default()),
            author: self.author(),
            at: self.at(),
        })
    }

    /// The contexts that must succeed before anything is merged into it.
    pub(super) fn required_contexts(&self) -> &[String] {
        match &self.status_check_contexts {
            Some(contexts) if self.enable_status_check => contexts,
            Some(_) | None => &[],
        }
    }
}

impl Forgejo {
    /// Returns a repository, read within the last minute.
    pub(super) async fn repository(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<Repository, Error> {
        Ok(self.repository_or_read(purpose, repo).await?.0)
    }

    /// As `repository`, and says whether it was read right now.
    pub(super) async fn repository_or_read(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<(Repository, bool), Error> {
        let now = (self.clock)();
        if let Some(known) = self.memory.repos.get(repo, now, REPOSITORY_FOR) {
            return Ok((known, false));
        }
        Ok((self.read_repository(purpose, repo).await?, true))
    }

    /// Reads a repository.
    pub(super) async fn read_repository(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<Repository, Error> {
        let now = (self.clock)();
        let answer = self.rest.get(purpose, &below(repo, "")).await?;
        let read: Repository = answer.json()?;
        self.memory.repos.put(repo.clone(), now, read.clone());
        Ok(read)
    }

    /// Reads many repositories at once, those that changed last first. Which of `targets` it named is
    /// known from then on; the others are asked for one by one.
    pub(super) async fn read_repositories(&self, targets: &[Target]) -> Vec<RepoPath> {
        let mut named = Vec::new();
        if targets.len() < MANY {
            return named;
        }
        let now = (self.clock)();
        let Ok(features) = self.features().await else {
            return named;
        };
        let most = targets.len().div_ceil(features.page_size) + 1;
        let route = format!("{API}/repos/search?sort=updated&order=desc");
        for number in 1..=most {
            let page = self.page(Purpose::Poll, &route, "data", number).await;
            let Ok(page) = page else {
                return named;
            };
            let count = page.items.len();
            for read in page.each::<Repository>() {
                let same = |target: &&Target| {
                    let name = read.full_name.as_deref().unwrap_or_default();
                    target.repo.as_str().eq_ignore_ascii_case(name)
                };
                for target in targets.iter().filter(same) {
                    self.memory
                        .repos
                        .put(target.repo.clone(), now, read.clone());
                    named.push(target.repo.clone());
                }
            }
            if count < features.page_size || named.len() >= targets.len() {
                return named;
            }
        }
        named
    }

    /// Reads a branch; `None` if there is none of that name.
    pub(super) async fn branch(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        name: &str,
    ) -> Result<Option<Branch>, Error> {
        let route = below(repo, format!("/branches/{}", part(name)));
        match self.rest.get(purpose, &route).await {
            Ok(answer) => answer.json().map(Some),
            Err(error) if super::lists::is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As `branch`, unless this look has read it already.
    pub(super) async fn branch_once(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        name: &str,
        read: &mut Branches,
    ) -> Result<Option<Branch>, Error> {
        if let Some(known) = read.get(name) {
            return Ok(known.clone());
        }
        let branch = self.branch(purpose, repo, name).await?;
        read.insert(name.to_owned(), branch.clone());
        Ok(branch)
    }

    /// Reads the ids of the recent commits of a branch, newest first.
    pub(super) async fn recent_commits(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        branch: &str,
    ) -> Result<Vec<Sha>, Error> {
        #[derive(Deserialize)]
        struct Listed {
            sha: Option<String>,
        }
        let query = "stat=false&verification=false&files=false";
        let route = below(repo, format!("/commits?sha={}&{query}", part(branch)));
        let page: Page = self.page(purpose, &route, "commits", 1).await?;
        let listed = page.each::<Listed>();
        Ok(listed
            .iter()
            .filter_map(|commit| sha(commit.sha.as_deref()))
            .collect())
    }
}
