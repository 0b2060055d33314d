//! Open pull requests: which are read, how deep, and how the wire becomes one of the domain's. The forge
//! gives no decision: it is put together in `state`, from reviews (`reviews`), the rules of the branch
//! and the statuses of the head. Merging is in `act`, what is merged in `scope`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Forgejo;
use super::lists::below;
use super::repos::{Branches, Repository, User, person, sha};
use crate::domain::ids::{Person, PullRequestNumber, RepoPath, Sha};
use crate::domain::phase::Phase;
use crate::domain::pull_request::PullRequest;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::statuses::Status;

mod reviews;
mod state;

pub(super) use reviews::Opinions;
use reviews::approvals;
use state::{Around, state};

/// Pull requests into the service's own branch that are shown.
const SHOWN: usize = 10;
/// And those of them whose reviews are read.
const REVIEWED: usize = 5;
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WirePull {
    pub(super) number: u64,
    title: Option<String>,
    body: Option<String>,
    user: Option<User>,
    merged_by: Option<User>,
    html_url: Option<String>,
    #[serde(default)]
    draft: bool,
    /// False also for drafts, and while conflicts are looked for.
    mergeable: Option<bool>,
    #[serde(default)]
    pub(super) merged: bool,
    pub(super) merge_commit_sha: Option<String>,
    labels: Option<Vec<Label>>,
    pub(super) head: Option<End>,
    base: Option<End>,
    updated_at: Option<Timestamp>,
    additions: Option<u64>,
    deletions: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    name: Option<String>,
    pub(super) sha: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

/// What a read of the open pull requests came to.
pub(super) struct Open {
    pub(super) total: u64,
    list: Vec<WirePull>,
}

impl Open {
    /// The list could not be read, its length is known.
    pub(super) fn none(total: u64) -> Self {
        Self {
            total,
            list: Vec::new(),
        }
    }
}

impl WirePull {
    pub(super) fn head_sha(&self) -> Option<Sha> {
        sha(self.head.as_ref()?.sha.as_deref())
    }

    fn base_name(&self) -> String {
        let base = self.base.as_ref().and_then(|base| base.name.as_deref());
        clean(base.unwrap_or_default())
    }

    pub(super) fn title(&self) -> String {
        clean(self.title.as_deref().unwrap_or_default())
    }

    pub(super) fn body(&self) -> String {
        clean(self.body.as_deref().unwrap_or_default())
    }

    pub(super) fn branch(&self) -> Option<String> {
        self.head.as_ref()?.name.as_deref().map(clean)
    }

    pub(super) fn merged_by(&self) -> Option<Person> {
        self.merged_by.as_ref().and_then(person)
    }

    pub(super) fn author(&self) -> Option<Person> {
        self.user.as_ref().and_then(person)
    }

    pub(super) fn url(&self) -> String {
        clean(self.html_url.as_deref().unwrap_or_default())
    }

    pub(super) fn labels(&self) -> Vec<String> {
        let labels = self.labels.iter().flatten();
        labels.map(|label| clean(&label.name)).collect()
    }

    pub(super) fn size(&self) -> (Option<u64>, Option<u64>) {
        (self.additions, self.deletions)
    }

    pub(super) fn merge_commit(&self) -> Option<Sha> {
        sha(self.merge_commit_sha.as_deref())
    }

    fn into_pull_request(self, around: Around<'_>, now: Timestamp) -> Option<PullRequest> {
        let state = state(&self, around, now);
        let head_name = self.head.as_ref().and_then(|head| head.name.as_deref());
        let checks = around.statuses.map(|statuses| {
            let phases = statuses.iter().map(|status| &status.phase);
            Phase::worst(phases).cloned()
        });
        let mergeable = match self.mergeable {
            Some(true) => "mergeable",
            Some(false) => "not mergeable",
            None => "mergeable unknown",
        };
        let approvals = around.opinions.map(approvals);
        Some(PullRequest {
            number: PullRequestNumber(self.number),
            title: self.title(),
            author: self.author(),
            url: self.url(),
            head: self.head_sha()?,
            head_ref: clean(head_name.unwrap_or_default()),
            base_ref: self.base_name(),
            state,
            checks: checks.flatten(),
            raw: match approvals {
                Some(count) => format!("{mergeable}, {count} official approvals"),
                None => mergeable.to_owned(),
            },
            labels: self.labels(),
            updated_at: self.updated_at.unwrap_or(now),
        })
    }
}

impl Forgejo {
    /// Reads the open pull requests, those that changed last first.
    pub(super) async fn open_pulls(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        known: &Repository,
        may_be_open: bool,
    ) -> Result<Open, Error> {
        if known.has_pull_requests == Some(false) || !may_be_open {
            return Ok(Open {
                total: 0,
                list: Vec::new(),
            });
        }
        let route = below(repo, "/pulls?state=open&sort=recentupdate");
        let page = self.page(purpose, &route, "pulls", 1).await?;
        // An item may be empty: its repository is gone.
        let there = page.items.iter().filter(|item| !item.is_null());
        let count = there.count() as u64;
        let total = page.total.unwrap_or(count).max(count);
        Ok(Open {
            total,
            list: page.each(),
        })
    }

    /// Says of each open pull request what it lacks. `own` is the service's branch; `branches` and
    /// `statuses` are those that were read anyway.
    ///
    /// Pull requests that promote, which go into another branch, are looked at whole each time; of
    /// the others the newest few, as long as they change.
    pub(super) async fn pull_requests(
        &self,
        repo: &RepoPath,
        open: Open,
        own: Option<&str>,
        branches: &mut Branches,
        statuses: &BTreeMap<Sha, Vec<Status>>,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<PullRequest>, Error> {
        let now = self.forge_time();
        let mut read = Vec::new();
        let mut others = 0;
        for pull in open.list {
            let base = pull.base_name();
            let promotes = own.is_none_or(|name| name != base);
            others += usize::from(!promotes);
            if !promotes && others > SHOWN {
                continue;
            }
            if promotes {
                let purpose = Purpose::Look;
                let branch = self.branch_once(purpose, repo, &base, branches).await;
                branch.or_else(|error| gap(gaps, "branch rules", error))?;
            }
            let open = !pull.draft && pull.mergeable == Some(true);
            let opinions = if open && (promotes || others <= REVIEWED) {
                let opinions = self.opinions(repo, &pull, promotes).await;
                opinions
                    .map(Some)
                    .or_else(|error| gap(gaps, "reviews", error))?
            } else {
                None
            };
            let around = Around {
                base: branches.get(&base).and_then(Option::as_ref),
                statuses: pull
                    .head_sha()
                    .and_then(|head| statuses.get(&head))
                    .map(Vec::as_slice),
                opinions: opinions.as_deref(),
            };
            read.extend(pull.into_pull_request(around, now));
        }
        Ok(read)
    }
}

/// Turns an error into a gap, unless the forge as a whole is in trouble: then nothing was read.
pub(super) fn gap<T: Default>(
    gaps: &mut Vec<String>,
    what: &str,
    error: Error,
) -> Result<T, Error> {
    if error.kind().is_of_forge() || error.is_passing() {
        return Err(error);
    }
    let hint = match &error {
        Error::Refused(refusal) => refusal.hint.clone(),
        _ => None,
    };
    let said = match hint {
        Some(hint) => format!("{what}: {error} ({hint})"),
        None => format!("{what}: {error}"),
    };
    let said = clean(&said);
    if !gaps.contains(&said) {
        gaps.push(said);
    }
    Ok(T::default())
}
