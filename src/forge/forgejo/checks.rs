//! The statuses of a commit: its checks, and what stands for its deployments.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Forgejo;
use super::lists::{Page, below, each};
use super::repos::{User, person, sha};
use super::words;
use crate::domain::brake;
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks};
use crate::domain::text::clean;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::modelled::statuses::{Status, is_of_model};

#[derive(Deserialize)]
struct Combined {
    sha: Option<String>,
    statuses: Option<Vec<Value>>,
    total_count: Option<u64>,
}

#[derive(Deserialize)]
struct WireStatus {
    id: u64,
    context: Option<String>,
    #[serde(alias = "state")]
    status: Option<String>,
    description: Option<String>,
    target_url: Option<String>,
    creator: Option<User>,
    created_at: Timestamp,
}

/// The newest status of each context of a commit.
#[derive(Clone, Debug)]
pub(super) struct Statuses {
    /// The commit, unless it has no status at all: then the forge does not even name it.
    pub(super) sha: Option<Sha>,
    pub(super) list: Vec<Status>,
}

impl Statuses {
    pub(super) fn none() -> Self {
        Self {
            sha: None,
            list: Vec::new(),
        }
    }
}

impl WireStatus {
    fn into_status(self, commit: &Sha, site: &str) -> Status {
        let word = self.status.as_deref().unwrap_or_default();
        let url = self.target_url.as_deref().filter(|url| !url.is_empty());
        Status {
            id: self.id.to_string(),
            sha: commit.clone(),
            context: clean(self.context.as_deref().unwrap_or_default()),
            phase: words::status(word),
            raw: clean(word).to_lowercase(),
            description: self.description.filter(|text| !text.is_empty()),
            url: url.map(|url| clean(&absolute(url, site))),
            creator: self.creator.as_ref().and_then(person),
            created_at: self.created_at,
        }
    }
}

/// Actions link to their runs without naming the host.
pub(super) fn absolute(url: &str, site: &str) -> String {
    if url.starts_with('/') && !url.starts_with("//") {
        format!("{}{url}", site.trim_end_matches('/'))
    } else {
        url.to_owned()
    }
}

/// Returns the address of the site from that of a repository on it.
pub(super) fn site_of(repo_url: &str, repo: &RepoPath) -> String {
    let site = repo_url.trim_end_matches('/').strip_suffix(repo.as_str());
    site.unwrap_or_default().to_owned()
}

/// Sums a commit's statuses up. What stands for a deployment is no check.
pub(super) fn checks(commit: &Sha, statuses: &[Status], target: &Target) -> Checks {
    let is_check =
        |status: &&Status| !is_of_model(&target.model, &target.environments, &status.context);
    let own: Vec<&Status> = statuses.iter().filter(is_check).collect();
    sum(commit, &own, target.reports)
}

pub(super) fn sum(commit: &Sha, statuses: &[&Status], reports: bool) -> Checks {
    let mut checks = Checks {
        sha: commit.clone(),
        phase: Phase::worst(statuses.iter().map(|status| &status.phase)).cloned(),
        succeeded: 0,
        failed: 0,
        pending: 0,
        total: u32::try_from(statuses.len()).unwrap_or(u32::MAX),
        contexts: Vec::new(),
    };
    for status in statuses {
        let bucket = match status.phase {
            Phase::Succeeded | Phase::Skipped => &mut checks.succeeded,
            Phase::Failed | Phase::Cancelled => &mut checks.failed,
            Phase::Queued
            | Phase::Running
            | Phase::Gated
            | Phase::Superseded
            | Phase::Unknown(_) => &mut checks.pending,
        };
        *bucket += 1;
        checks.contexts.push(Check {
            name: status.context.clone(),
            phase: status.phase.clone(),
            url: status.url.clone(),
            // While it is pending, nothing has completed.
            completed_at: (!status.phase.is_in_flight()).then_some(status.created_at),
            // What a hold says of itself is told with it.
            report: status
                .description
                .as_deref()
                .filter(|_| reports || brake::environment(&status.context).is_some())
                .map(clean),
        });
    }
    checks
}

impl Forgejo {
    /// Reads the newest status of each context of a commit, or of the head of a branch.
    pub(super) async fn statuses(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        git_ref: &str,
        site: &str,
    ) -> Result<Statuses, Error> {
        let limit = self.features().await?.page_size;
        let route = below(repo, format!("/commits/{}/status", part(git_ref)));
        let mut found = Statuses::none();
        for number in 1..=self.rest.limits().pages {
            let route = format!("{route}?limit={limit}&page={number}");
            let page: Combined = self.rest.get(purpose, &route).await?.json()?;
            let commit = sha(page.sha.as_deref());
            found.sha = found.sha.or(commit);
            let items = page.statuses.unwrap_or_default();
            let count = items.len();
            let Some(commit) = &found.sha else {
                return Ok(found);
            };
            let read = each::<WireStatus>(items).into_iter();
            let before = found.list.len();
            found
                .list
                .extend(read.map(|status| status.into_status(commit, site)));
            if found.list.len() - before < count {
                let why = "a status has no id or no time".to_owned();
                return Err(Error::Unreadable(why));
            }
            let total = page.total_count.unwrap_or_default();
            if count == 0 || found.list.len() as u64 >= total {
                return Ok(found);
            }
        }
        Err(Error::Pages(self.rest.limits().pages))
    }

    /// Reads every status that a commit ever had of contexts that `wanted` names, newest page first;
    /// one page, because who deploys again does so soon.
    pub(super) async fn history(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        commit: &Sha,
        site: &str,
    ) -> Result<Vec<Status>, Error> {
        let route = below(repo, format!("/commits/{}/statuses", part(commit.as_str())));
        let route = format!("{route}?sort=recentupdate");
        let page = self.page(purpose, &route, "statuses", 1).await?;
        let read = page.each::<WireStatus>().into_iter();
        Ok(read
            .map(|status| status.into_status(commit, site))
            .collect())
    }

    /// Looks for a status among all that a commit has.
    pub(super) async fn find_among(
        &self,
        repo: &RepoPath,
        commit: &Sha,
        mut is_it: impl FnMut(&Status) -> bool + Send,
    ) -> Result<Option<Status>, Error> {
        let route = below(
            repo,
            format!(
                "/commits/{}/statuses?sort=recentupdate",
                part(commit.as_str())
            ),
        );
        let mut found = None;
        self.pages(Purpose::Settle, &route, "statuses", |page: Page| {
            let read = page.each::<WireStatus>().into_iter();
            let mut read = read.map(|status| status.into_status(commit, ""));
            found = read.find(|status| is_it(status));
            found.is_none()
        })
        .await?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(context: &str, word: &str) -> Status {
        let wire = json!({"id": 3, "context": context, "status": word, "target_url": "/acme/web/actions/runs/4",
            "description": "3 findings", "created_at": "2026-11-01T10:00:00+01:00", "creator": null});
        let wire: WireStatus = serde_json::from_value(wire).unwrap();
        wire.into_status(&Sha::from("aa"), "https://forge.example/")
    }

    #[test]
    fn checks_are_summed_by_context_and_an_unknown_word_is_pending() {
        let statuses = [
            status("ci / unit (push)", "success"),
            status("ci / lint (push)", "warning"),
            status("ci / e2e (push)", "skipped"),
            status("sast", "levitating"),
        ];
        let all: Vec<&Status> = statuses.iter().collect();
        let checks = sum(&Sha::from("aa"), &all, true);
        let counts = (
            checks.succeeded,
            checks.failed,
            checks.pending,
            checks.total,
        );
        assert_eq!(counts, (3, 0, 1, 4));
        assert_eq!(checks.phase, Some(Phase::Unknown("levitating".into())));
        let first = &checks.contexts[0];
        assert_eq!(first.report.as_deref(), Some("3 findings"));
        let url = "https://forge.example/acme/web/actions/runs/4";
        assert_eq!(first.url.as_deref(), Some(url));
        assert_eq!(sum(&Sha::from("aa"), &[], true).phase, None);
    }

    #[test]
    fn the_site_is_what_stands_before_the_repository() {
        let repo = RepoPath::from("acme/web");
        assert_eq!(
            site_of("https://x.example/git/acme/web", &repo),
            "https://x.example/git/"
        );
        assert_eq!(site_of("", &repo), "");
    }
}
