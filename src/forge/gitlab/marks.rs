//! Reading back what brakes have left: a status, a label, a freeze period.

use serde::Deserialize;

use super::GitLab;
use crate::domain::brake::{Mark, Reading, Sought};
use crate::domain::ids::{FreezeId, PullRequestNumber, RepoPath};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::mark;

#[derive(Deserialize)]
struct MergeRequest {
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct FreezePeriod {
    id: u64,
    freeze_start: String,
    freeze_end: String,
}

#[derive(Deserialize)]
struct Rules {
    only_allow_merge_if_pipeline_succeeds: Option<bool>,
}

impl GitLab {
    pub(super) async fn read_mark(
        &self,
        repo: &RepoPath,
        sought: &Sought,
    ) -> Result<Reading, Error> {
        match &sought.mark {
            Mark::Status { sha, context } => {
                let statuses = self.statuses(Purpose::Look, repo, sha).await?;
                let mut statuses = statuses.iter();
                let Some(status) = statuses.find(|status| status.name == *context) else {
                    return Ok(Reading::Gone);
                };
                let said = status.description.as_deref();
                let stops = status.status == "failed";
                let reading = mark::reading(said, &status.status, stops, &sought.key);
                if !matches!(reading, Reading::Ours { .. }) || sought.branch.is_none() {
                    return Ok(reading);
                }
                // A failed status fails the pipeline: whether that stops a merge, the project says.
                let rules: Result<Rules, Error> = self.read(Purpose::Look, repo, "").await;
                let binds = rules
                    .ok()
                    .and_then(|it| it.only_allow_merge_if_pipeline_succeeds);
                Ok(Reading::Ours { binds })
            }
            Mark::Label { number, label } => {
                let there = self.has_label(Purpose::Look, repo, *number, label).await?;
                Ok(mark::present(there))
            }
            Mark::Freeze { start, end } => {
                // Two cells may be frozen in the same minute: then the number tells them apart.
                let there = match sought.freeze {
                    Some(known) => self.has_freeze(Purpose::Look, repo, known).await?,
                    None => {
                        let found = self.find_freeze(Purpose::Look, repo, start, end).await?;
                        found.is_some()
                    }
                };
                Ok(mark::present(there))
            }
            // What waits is among the facts.
            Mark::Rejection { .. } => Ok(Reading::Gone),
        }
    }

    pub(super) async fn has_label(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: PullRequestNumber,
        label: &str,
    ) -> Result<bool, Error> {
        let route = format!("/merge_requests/{number}");
        let request: MergeRequest = self.read(purpose, repo, route).await?;
        Ok(request.labels.iter().any(|one| one == label))
    }

    /// A freeze carries no words: it is known by its times, which are ours to the minute.
    pub(super) async fn find_freeze(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        start: &str,
        end: &str,
    ) -> Result<Option<FreezeId>, Error> {
        let route = "/freeze_periods?per_page=100";
        let periods: Vec<FreezePeriod> = self.read_all(purpose, repo, route).await?;
        let mut periods = periods.iter();
        let found = periods.find(|it| it.freeze_start == start && it.freeze_end == end);
        Ok(found.map(|it| FreezeId(it.id)))
    }

    pub(super) async fn has_freeze(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        freeze: FreezeId,
    ) -> Result<bool, Error> {
        let route = "/freeze_periods?per_page=100";
        let periods: Vec<FreezePeriod> = self.read_all(purpose, repo, route).await?;
        Ok(periods.iter().any(|it| it.id == freeze.0))
    }
}
